import json

import pytest
from conftest import ROOT

from gan import UserError
from gan.model.settings import ModelSettings, ladder, to_dict
from gan.train.settings import RECIPES, TrainSettings
from train_accelerate import parse


@pytest.mark.parametrize(
    "resolution, sizes",
    [
        (16, [4, 8, 16]),
        (28, [4, 7, 14, 28]),
        (32, [4, 8, 16, 32]),
        (48, [3, 6, 12, 24, 48]),
        (64, [4, 8, 16, 32, 64]),
        (100, [4, 7, 13, 25, 50, 100]),
        (128, [4, 8, 16, 32, 64, 128]),
        (150, [3, 5, 10, 19, 38, 75, 150]),
    ],
)
def test_ladder_halves_rounding_up_until_at_most_four(resolution, sizes):
    assert ladder(resolution) == sizes


def test_default_widths():
    assert ModelSettings(64).channels == (512, 256, 128, 64)
    assert ModelSettings(128).channels == (512, 512, 256, 128, 64)
    assert ModelSettings(28).channels == (256, 128, 64)
    assert ModelSettings(16, widths=(8, 4)).channels == (8, 4)


def test_explicit_widths_are_saved_and_come_back():
    saved = json.loads(json.dumps(to_dict(ModelSettings(28).explicit())))
    assert ModelSettings(**{**saved, "widths": tuple(saved["widths"])}) == ModelSettings(28).explicit()


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"resolution": 8}, "from 16 to 1024"),
        ({"resolution": 2000}, "from 16 to 1024"),
        ({"latent_dim": 0}, "latent_dim"),
        ({"widths": (8,)}, "64 px takes 4 widths"),
        ({"widths": (8, 8, 0, 8)}, "4 widths"),
    ],
)
def test_impossible_models_are_refused(arguments, words):
    with pytest.raises(UserError, match=words):
        ModelSettings(**arguments)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--train_batch_size", "1"], "BatchNorm"),
        (["--num_epochs", "0"], "num_epochs"),
        (["--learning_rate", "-1"], "learning_rate"),
        (["--adam_beta2", "1"], "adam_beta2"),
        (["--seed", "-1"], "seed"),
        (["--augment_probability", "2"], "augment_probability"),
        (["--eval_every", "5"], "eval_features"),
        (["--recipe", "dcgan", "--penalty_weight", "1"], "BatchNorm in the discriminator"),
        (["--recipe", "dcgan", "--loss", "relativistic"], "use --loss bce or --discriminator_norm none"),
        (["--loss", "bce"], "add --penalty_weight 0"),
        (["--learning_rate", "1e-4"], "learning_rate_end 0.0002 is above --learning_rate 0.0001: give both"),
        (["--penalty_weight", "0.05"], "penalty_weight_end 0.1 is above --penalty_weight 0.05: give both"),
    ],
)
def test_impossible_trainings_are_refused(arguments, words):
    with pytest.raises(UserError, match=words):
        parse(arguments)


def test_the_recipe_decides_the_defaults_and_arguments_win():
    assert parse([]) == RECIPES["modern"]
    assert parse(["--recipe", "dcgan"]) == RECIPES["dcgan"]
    chosen = parse(["--recipe", "dcgan", "--learning_rate", "0.001", "--resolution", "128", "--train_data_dir", "x"])
    assert (chosen.learning_rate, chosen.model.resolution, chosen.loss) == (0.001, 128, "bce")
    assert chosen.model.channels == (512, 512, 256, 128, 64)


def test_skips_belong_to_the_modern_recipe():
    assert [RECIPES[name].model.skips for name in ("modern", "dcgan", "rmsprop")] == [True, False, False]
    assert not parse(["--no_skips"]).model.skips and parse(["--recipe", "dcgan", "--skips"]).model.skips


def test_the_paper_recipe_is_the_paper():
    dcgan = RECIPES["dcgan"]
    assert (dcgan.loss, dcgan.learning_rate, dcgan.learning_rate_end) == ("bce", 2e-4, 2e-4)
    assert (dcgan.adam_beta1, dcgan.adam_beta2, dcgan.train_batch_size) == (0.5, 0.999, 128)
    assert dcgan.model.discriminator_norm == "batch" and dcgan.penalty_weight == dcgan.augment_probability == 0


def test_how_long_a_run_is():
    assert parse(["--max_train_steps", "7"]).total_steps(1000, 64) == 7
    assert parse(["--num_epochs", "2.5"]).total_steps(100, 64) == 4  # 250 pictures
    assert parse([]).total_steps(200_000, 64) == 78_125  # 25 epochs
    assert parse([]).total_steps(100, 64) == 7_813  # 500,000 pictures
    with pytest.raises(UserError, match="not both"):
        parse(["--num_epochs", "2", "--max_train_steps", "7"])


def test_every_setting_is_explained_in_the_help(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    text = capsys.readouterr().out
    for name in {*TrainSettings.__dataclass_fields__, *ModelSettings.__dataclass_fields__} - {"model"}:
        assert f"--{name}" in text
    assert "R1 = R2 gradient penalty weight" in text


@pytest.mark.parametrize(
    "words",
    [
        ["train_accelerate.py", "--output_dir=~/run", "--train_data_dir=~/pictures"],
        ["train_accelerate.py", "--output_dir=~/run", "--train_data_dir", ".", "--init_from=~/pictures"],
        ["-m", "gan.train.measure", "~/pictures", "--features=~/none", "--train_data_dir=."],
        ["-m", "gan.train.detector", "--train_data_dir=~/pictures", "--generators=~/pictures"],
        ["-m", "gan.hub", "push", "~/pictures", "user/name"],
        ["-m", "gan.generate", "--seeds", "1", "--model=~/pictures", "--out=~/out"],
        ["app.py"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_every_program_finds_the_home_folder(run, tmp_path, words):
    """Shells leave `~` alone behind `=` and within quotes."""
    (tmp_path / "pictures").mkdir()
    done = run(*words, HOME=str(tmp_path), SEEDFACES_MODEL="~/pictures")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert f"{tmp_path}/pictures" in done.stderr and "~" not in done.stderr and not (ROOT / "~").exists()
