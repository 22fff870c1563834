"""Traces of other generators: learned from sources, calibrated on those that were left out, and the command for it."""

import json
import shutil

import numpy as np
import pytest
import torch
from conftest import EMBEDDED, WEIGHTS
from PIL import Image
from small import SMALL

from gan import UserError
from gan.model import detector, traces, weights
from gan.model.traces import NUMBERS
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge
from gan.train.detector import left_out
from gan.train.detector.__main__ import main
from gan.train.detector.foreign import FEWEST_FACES, Sources, fit
from gan.train.detector.left_out import Scores, calibrate
from gan.train.detector.training import DetectorSettings

GRID = ((np.indices((128, 128)).sum(0) % 2) * 36 - 18)[..., None]  # what a transposed convolution may leave


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Three sources of either kind: faces in several sizes and qualities, the generated ones with a checkerboard."""
    faces = FaceModel(EMBEDDED).faces(range(FEWEST_FACES + 2))
    root = tmp_path_factory.mktemp("sources")
    for number in range(3):
        for kind, grid in (("real", 0), ("fake", GRID)):
            folder = root / f"{kind}{number}"
            folder.mkdir()
            for place, face in enumerate(faces):
                large = np.asarray(Image.fromarray(face).resize((128, 128), Image.Resampling.BICUBIC))
                marked = Image.fromarray((large + grid).clip(0, 255).astype(np.uint8))
                marked.save(folder / f"{place}.jpg", quality=(85, 90, 95)[number])
    return root


def settings_for(folders, tmp_path, **others) -> DetectorSettings:
    return DetectorSettings(
        **{
            "init_from": WEIGHTS / "detector",
            "output_dir": tmp_path / "detector",
            "real": tuple(sorted(folders.glob("real*"))),
            "fake": tuple(sorted(folders.glob("fake*"))),
            **others,
        }
    )


def test_the_command_learns_what_left_out_sources_have_in_common(folders, tmp_path, capsys):
    main(settings_for(folders, tmp_path))
    said = capsys.readouterr().out
    config = weights.load_config(tmp_path / "detector")
    unseen = config["unseen"]
    report = unseen["report"]
    assert set(report["sources"]) == {f"{kind}{number}" for kind in ("real", "fake") for number in range(3)}
    assert 0.95 < report["as_they_are"]["auroc"] <= 1 and 0.95 < report["as_they_are"]["median"] <= 1
    assert report["sources"]["real1"] == {
        **report["sources"]["real1"], "generated": False, "pictures": FEWEST_FACES + 2, "without_face": 0,
    }  # fmt: skip
    for kind in ("real", "generated"):
        assert sum(report[kind][verdict] for verdict in left_out.VERDICTS) == pytest.approx(1, abs=1e-3)
    assert "Other generators" in said and str(tmp_path) not in json.dumps(config)
    card = (tmp_path / "detector" / "README.md").read_text()
    assert "| fake2 | generated | 22 |" in card and "| real0 | real | 22 | – |" in card and "{" not in card
    assert config["report"] == weights.load_config(WEIGHTS / "detector")["report"]

    # the page: the checkerboard decides, in blocks all over the face, unless the detector's own generators do
    judge = Judge(tmp_path / "detector")
    judge.config["unseen"]["calibration"]["ours_from"] = 1.1
    judge.config["unseen"]["calibration"]["unlike_from"] = 1e3
    opinion = judge.verdict(Image.open(folders / "fake0" / "3.jpg")).opinion
    assert (opinion.verdict, opinion.decided_by) == (detector.GENERATED, detector.TRACES)
    blocks = traces.spectra(opinion.crop)
    limits = judge.config["unseen"]["calibration"]
    scaled = limits["slope"] * float(judge.traces(blocks).sum()) + limits["intercept"]
    assert opinion.places.sum() == pytest.approx(scaled, abs=1e-2) and opinion.places.shape == blocks.shape[:2]
    # no surer than it was right on left-out sources
    made, real = (report[kind]["likely_generated"] for kind in ("generated", "real"))
    assert opinion.probability_generated <= made / (made + real) + 1e-6
    clean = judge.verdict(Image.open(folders / "real0" / "3.jpg")).opinion
    assert clean.probability_generated < opinion.probability_generated


def scores(gap: float, seed: int = 0) -> Scores:
    """Five sources of either kind, 400 faces each; logits of generated ones are higher by `gap`."""
    random = np.random.default_rng(seed)
    generated = np.repeat([False, True], 2000)
    return Scores(
        np.repeat([f"source{number}" for number in range(10)], 400),
        generated,
        random.normal(size=4000) + gap * generated,
        random.uniform(size=4000),
        np.where(random.uniform(size=4000) < 0.2 * generated, 0.97, 0.02),
    )


@pytest.mark.parametrize("gap", [0.0, 1.0, 5.0])
def test_few_verdicts_on_left_out_sources_are_wrong(gap):
    own = {"generated_from": 0.8, "real_up_to": 0.2}
    limits, fresh = calibrate(scores(gap), own["generated_from"]), scores(gap, 1)
    assert limits["real_up_to"] < limits["generated_from"] <= 1
    probability = 1 / (1 + np.exp(-(limits["slope"] * fresh.logits + limits["intercept"])))
    said = np.array(
        [
            detector.decide(ours, own, unseen, unlike, limits)[0]
            for ours, unseen, unlike in zip(fresh.ours, probability, fresh.unlikeness)
        ]
    )
    assert np.mean(said[~fresh.generated] == detector.GENERATED) < left_out.REAL_WRONG + 0.01
    assert np.mean(said[fresh.generated] == detector.REAL) < left_out.GENERATED_WRONG + 0.02
    assert np.mean(said[fresh.generated] == detector.GENERATED) >= 0.18  # those that the detector recognises
    assert np.mean(fresh.unlikeness >= limits["unlike_from"]) == pytest.approx(left_out.UNFAMILIAR, abs=0.01)
    if gap == 5:
        assert np.mean(said == detector.UNCLEAR) < 0.15


def test_every_source_counts_alike():
    """A single large source does not move the threshold of the others."""
    few, random = scores(1.0), np.random.default_rng(2)
    many = Scores(
        np.append(few.names, np.repeat("large", 20_000)),
        np.append(few.generated, np.repeat(False, 20_000)),
        np.append(few.logits, random.normal(size=20_000)),
        np.append(few.unlikeness, random.uniform(size=20_000)),
        np.append(few.ours, np.repeat(0.02, 20_000)),
    )
    one, other = calibrate(few, 0.8), calibrate(many, 0.8)
    assert one["generated_from"] == pytest.approx(other["generated_from"], abs=0.02)
    assert one["slope"] == pytest.approx(other["slope"], rel=0.05)


def test_a_source_that_was_left_out_is_not_learned_from():
    random = np.random.default_rng(0)
    names = np.repeat(["a", "b", "c", "d"], 50)
    generated = np.isin(names, ["c", "d"])
    spectra = random.normal(size=(2, 200, NUMBERS)).astype(np.float32)
    spectra[:, names == "d", 0] += 50.0  # only source d has this trace
    features = random.normal(size=(200, 2 * SMALL.widths[0])).astype(np.float32)
    found = Sources(names, generated, np.repeat(True, 200), spectra, features, np.zeros(200), {})
    assert 0.3 < fit(found, SMALL).weight[0] * 50 < 3  # about half of the logit
    before = fit(found, SMALL, "d")
    spectra[:, names == "d"], features[names == "d"] = 7, 7
    assert all(map(torch.equal, before.state_dict().values(), fit(found, SMALL, "d").state_dict().values()))


def test_options_that_do_not_go_together_are_refused(folders, tmp_path):
    for others, sentence in (
        ({"real": ()}, "--real and --fake go together"),
        ({"real": (), "fake": ()}, "Say what to learn from"),
        ({"generators": (EMBEDDED,)}, "--train_data_dir and --generators go together"),
        ({"fake": (folders / "fake0", folders / "fake1")}, "--fake takes at least 3 sources .* 2 given"),
        ({"fake": (*sorted(folders.glob("fake*")), folders / "none")}, "--fake .*none is not a folder"),
        ({"init_from": EMBEDDED}, "detector.safetensors is missing"),
    ):
        with pytest.raises(UserError, match=sentence):
            main(settings_for(folders, tmp_path, **others))
        assert not (tmp_path / "detector").exists()


def test_a_source_without_faces_and_two_of_one_name_are_named(folders, tmp_path):
    empty, twin = tmp_path / "meadows", tmp_path / "other" / "real0"
    for folder in (empty, twin):
        folder.mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", (128, 128), (96, 128, 80)).save(empty / f"{number}.png")
    shutil.copytree(folders / "real1", twin, dirs_exist_ok=True)
    for added, sentence in ((empty, "Only 0 faces were found in .*meadows"), (twin, "Two sources are called real0")):
        settings = settings_for(folders, tmp_path, real=(added, *sorted(folders.glob("real*"))))
        with pytest.raises(UserError, match=sentence):
            main(settings)
        assert not (tmp_path / "detector.new").exists()
