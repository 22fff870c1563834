import json

import numpy as np
import pytest
import torch
from measuring import TRAINING, Moments, drawn, features_by_hand, store_of
from PIL import Image
from small import SMALL

from gan import UserError
from gan.cards import fact, facts
from gan.model import sampling, weights
from gan.model.images import unsheet
from gan.model.networks import Discriminator, Generator
from gan.train.measure import metrics
from gan.train.measure.__main__ import main
from gan.train.measure.comparison import MeasureSettings
from gan.train.measure.features import Features, Reference, Seen


@pytest.fixture
def features(tmp_path) -> Features:
    return features_by_hand(tmp_path)


def distance_by_hand(one: np.ndarray, two: np.ndarray) -> float:
    """|m1 - m2|² + Tr(C1 + C2 - 2 (C1 C2)^½), Heusel et al. 2017, equation 6."""
    a, b = (Moments()(torch.from_numpy(x).permute(0, 3, 1, 2)).double().numpy() for x in (one, two))
    c1, c2 = np.cov(a.T), np.cov(b.T)
    root = np.sqrt(np.linalg.eigvals(c1 @ c2).astype(complex)).real.sum()
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(c1) + np.trace(c2) - 2 * root


def measured(tmp_path, features, generator, train, samples, held_out=None) -> dict:
    """`measure` on a folder of this generator."""
    folder = tmp_path / "weights"
    folder.mkdir(exist_ok=True)
    weights.save(folder, generator, Discriminator(SMALL), SMALL, {"training": TRAINING})
    reference = Reference(features, store_of(tmp_path, train, held_out), samples)
    return metrics.measure(folder, reference, "the command", tmp_path / "runs" / "pairs.png")


def test_the_distance_follows_its_published_formula(tmp_path, features):
    torch.manual_seed(0)
    real = drawn(300)
    result = measured(tmp_path, features, Generator(SMALL), real, 300)["frechet_distance"]
    published = weights.load(tmp_path / "weights").generator
    assert result["value"] == pytest.approx(distance_by_hand(real, sampling.faces(published, range(300))), abs=6e-4)


def test_real_against_real_takes_the_next_pictures(tmp_path, features):
    real = drawn(300)
    floor = metrics.real_against_real(Reference(features, store_of(tmp_path, real), 100))
    assert floor["frechet_distance"] == pytest.approx(distance_by_hand(real[:100], real[100:200]), abs=6e-4)
    assert 0.7 < floor["precision"] < 1 and 0.7 < floor["recall"] < 1


def test_real_against_real_of_a_small_set_is_of_its_halves(tmp_path, features):
    real = drawn(50)
    reference = Reference(features, store_of(tmp_path, real), 100)
    expected = distance_by_hand(real[:25], real[25:])
    assert reference.count == 50 and reference.floor_count == 25
    assert metrics.real_against_real(reference)["frechet_distance"] == pytest.approx(expected, abs=6e-4)


def test_a_measurement_is_written_into_config_card_and_picture(tmp_path, features):
    result = measured(tmp_path, features, Generator(SMALL), drawn(60), 45, drawn(50, seed=1))
    folder = tmp_path / "weights"
    loaded = weights.load(folder)
    assert json.loads((folder / "config.json").read_text())["metrics"] == result
    distance, quality = result["frechet_distance"], result["quality"]
    assert distance["samples"] == 45 and distance["command"] == "the command" and distance["floor_pictures"] == 30
    assert distance["generator"] == quality["generator"] == loaded.generator_id
    card = (folder / "README.md").read_text()
    assert f"distance {distance['value']:.2f} over" in card and f"(precision {quality['precision']:.3f})" in card
    assert "(quality.png)" in card and Image.open(folder / "quality.png").width > 800
    assert quality["memorisation"]["pictures"] == 45 and quality["memorisation"]["training_pictures"] == 60
    assert result["critic"]["n"] == 50 and result["critic"]["generator"] == loaded.generator_id
    said = facts.of_metrics(result, loaded.generator_id)
    assert len(said) == 7 and metrics.describe(result).splitlines() == [f"{f.name}: {fact.plain(f)}" for f in said]
    assert all(fact.as_markdown(each) in card for each in said)
    with pytest.raises(UserError, match="makes faces of 16 px; the pictures are 32 px"):
        metrics.measure(folder, Reference(features, store_of(tmp_path, np.zeros((8, 32, 32, 3), np.uint8)), 4), "")


def test_a_new_metric_is_one_function_and_one_line(tmp_path, features, monkeypatch):
    """It gets into config, card and printed summary, each with the figure of real against real pictures."""

    def brightness(samples: Seen, reference: Seen) -> dict:
        levels = np.arange(256)
        return {"brightness": float(((samples.colours - reference.colours) @ levels).mean())}

    monkeypatch.setitem(metrics.METRICS, "brightness", brightness)
    torch.manual_seed(0)
    real = drawn(60)
    result = measured(tmp_path, features, Generator(SMALL), real, 45)
    faces = sampling.faces(weights.load(tmp_path / "weights").generator, range(45))
    figures, floor = result["quality"], result["quality"]["floor"]
    assert figures["brightness"] == pytest.approx(faces.mean() - real[:45].mean(), abs=1e-3)
    assert floor["brightness"] == pytest.approx(real[30:60].mean() - real[:30].mean(), abs=1e-3)
    assert weights.load(tmp_path / "weights").config["metrics"]["quality"] == figures
    sentence = f"{figures['brightness']} (real against real {floor['brightness']})."
    assert f"**Brightness:** {sentence}" in (tmp_path / "weights" / "README.md").read_text()
    assert f"Brightness: {sentence}" in metrics.describe(result).splitlines()


def test_a_metric_is_found_by_its_name(tmp_path, features):
    reference = Reference(features, store_of(tmp_path, drawn(60)), 30)
    pictures = reference.pictures, reference.real(30, 60)
    assert list(metrics.compare(*pictures)) == ["frechet_distance", "precision", "recall", "spectrum", "colour"]
    assert metrics.compare(*pictures, ["colour"]) == {"colour": metrics.compare(*pictures)["colour"]}


def test_a_generator_that_copies_is_detected(tmp_path, features):
    """The training pictures are samples of the generator: the same figures as if it had memorised them."""
    torch.manual_seed(0)
    generator = Generator(SMALL)
    weights_folder = measured(tmp_path, features, generator, drawn(60), 4) and tmp_path / "weights"
    train = sampling.faces(weights.load(weights_folder).generator, range(60))
    other = tmp_path / "other"
    other.mkdir()
    result = measured(other, features, generator, train, 50, drawn(50))["quality"]
    assert result["memorisation"]["share_nearer"] == 1
    assert result["memorisation"]["median_samples"] == pytest.approx(0, abs=1e-3)
    assert result["precision"] == 1 and result["recall"] == 1
    against, unlike = result["held_out"], pytest.approx(distance_by_hand(train[:50], drawn(50)), abs=1e-3)  # 0.05
    assert against["held_out"]["frechet_distance"] == against["real"]["frechet_distance"] == unlike
    assert all(of["frechet_distance"] < 1e-3 for of in against["training"])
    assert result["colour"]["levels"] == 0 and result["spectrum"]["decibels"] == 0
    pairs = unsheet(Image.open(other / "runs" / "pairs.png"), 16).reshape(32, 2, 16, 16, 3)
    assert np.array_equal(pairs[:, 0], pairs[:, 1])  # each beside the picture of which it is a copy
    assert len(np.unique(pairs[:, 0].reshape(32, -1), axis=0)) == 32


def test_held_out_pictures_are_compared_beside_as_many_training_pictures(tmp_path, features):
    """Four of the held-out pictures are copies of training pictures and are left out."""
    train = drawn(300, 60)
    held_out = np.concatenate([train[:4], drawn(56, 200, seed=1)])
    result = measured(tmp_path, features, Generator(SMALL), train, 200, held_out)
    against = result["quality"]["held_out"]
    faces = sampling.faces(weights.load(tmp_path / "weights").generator, range(200))
    assert against["pictures"] == 56
    assert against["held_out"]["frechet_distance"] == pytest.approx(distance_by_hand(faces, held_out[4:]), abs=1e-3)
    picked = train[:200][np.random.RandomState(0).permutation(200)[:56]]
    assert against["training"][0]["frechet_distance"] == pytest.approx(distance_by_hand(faces, picked), abs=1e-3)
    assert len({of["frechet_distance"] for of in against["training"]}) == 5  # no picture in two sets
    assert against["real"]["frechet_distance"] == pytest.approx(distance_by_hand(train[:200], held_out[4:]), abs=1e-3)
    distance = f"distance {against['held_out']['frechet_distance']:.2f}"
    assert f"samples against 56 held-out pictures: {distance}" in metrics.describe(result)


def test_few_held_out_pictures_are_no_measure_of_memorisation(tmp_path, features):
    result = measured(tmp_path, features, Generator(SMALL), drawn(60), 50, drawn(39))
    assert result["quality"]["memorisation"] is None and "Memorisation: Not measured" in metrics.describe(result)
    assert result["quality"]["held_out"] is None and "Held-out pictures" not in metrics.describe(result)
    assert "critic" not in result and "Critic" not in metrics.describe(result)
    assert "too few pictures were held out" in (tmp_path / "weights" / "README.md").read_text()
    assert (tmp_path / "weights" / "quality.png").exists()


def test_real_people_stay_out_of_a_folder_that_is_published(tmp_path):
    settings = MeasureSettings(weights=tmp_path, features=tmp_path / "f.pt", pairs=tmp_path / "sheets" / "pairs.png")
    with pytest.raises(UserError, match="real people"):
        main(settings)


def test_too_few_to_measure_is_said(tmp_path, features):
    for samples, pictures in ((3, 60), (60, 7)):
        with pytest.raises(UserError, match=f"there are {samples} and {pictures}"):
            Reference(features, store_of(tmp_path, drawn(pictures)), samples)
    assert Reference(features, store_of(tmp_path, drawn(8)), 4).floor_count == 4


@pytest.mark.parametrize("name, other", [("measure", "measure"), ("metrics", "measure"), ("detector", "detector")])
def test_help_says_what_to_type(run, name, other):
    shown = run("-m", f"gan.train.{name}", "--help").stdout
    assert shown.startswith(f"usage: python -m gan.train.{other} ") and "--train_data_dir" in shown
    assert f"    python -m gan.train.{other} " in shown.split("Example:")[1]
