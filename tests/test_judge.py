"""The judge with the embedded detector: faces found in photos, their squares, and the verdicts."""

import numpy as np
import pytest
from conftest import EMBEDDED, WEIGHTS
from PIL import Image
from small import SMALL

from gan import UserError
from gan.model import critic, face_finder, weights
from gan.model.detector import FEW_TRACES, GENERATED, OURS, REAL, SOME_TRACES, UNLIKE, UNTRAINED, Detector
from gan.model.face_finder import Square
from gan.serve.faces import FaceModel
from gan.serve.judge import MOST_FACES, NO_FACE, TOO_SMALL, Judge

MEADOW = Image.new("RGB", (900, 700), (96, 128, 80))


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(WEIGHTS / "detector")


@pytest.fixture(scope="module")
def faces() -> list[Image.Image]:
    return [Image.fromarray(face) for face in FaceModel(EMBEDDED).faces(range(16))]


def photo(*places: tuple[Image.Image, int, int, int]) -> Image.Image:
    image = MEADOW.copy()
    for face, left, top, side in places:
        image.paste(face.resize((side, side), Image.Resampling.BICUBIC), (left, top))
    return image


def test_the_largest_face_of_a_photo_is_judged(judge, faces):
    verdict = judge.verdict(photo((faces[8], 500, 200, 300), (faces[4], 50, 80, 200)))
    assert verdict.faces == 2 and verdict.verdict == verdict.opinion.verdict == "likely generated"
    assert verdict.middle is None
    assert verdict.face.left == pytest.approx(500, abs=60) and verdict.face.side == pytest.approx(300, abs=60)
    size = judge.settings.resolution
    assert verdict.opinion.crop.shape == (size, size, 3)
    expected = np.asarray(faces[8].resize((size, size))).astype(int)
    assert np.abs(verdict.opinion.crop - expected).mean() < 30


def test_every_face_of_a_photo_is_judged(judge, faces):
    group = photo((faces[4], 50, 80, 200), (faces[2], 500, 200, 300), (faces[5], 90, 400, 220))
    verdict = judge.verdict(group)
    assert verdict.faces == 3 and verdict.face.side > verdict.others[0].face.side > verdict.others[1].face.side
    for other, (left, top, side) in zip(verdict.others, ((90, 400, 220), (50, 80, 200))):
        assert other.face[:3] == pytest.approx((left, top, side), abs=0.2 * side)
        expected = judge.opinion(group, other.face)
        assert other.verdict == other.opinion.verdict == expected.verdict
        assert other.opinion.probability_generated == expected.probability_generated
        assert np.array_equal(other.opinion.crop, expected.crop)


def test_of_a_crowd_the_largest_faces_are_judged(judge, monkeypatch):
    crowd = [Square(10 * number, 20, 100 - number) for number in range(20)]
    monkeypatch.setattr(face_finder, "find", lambda picture: crowd)
    verdict = judge.verdict(MEADOW)
    assert verdict.faces == 20 and len(verdict.others) == MOST_FACES - 1 == 11
    assert [other.face for other in verdict.others] == [face_finder.framed(face, MEADOW) for face in crowd[1:12]]


def test_the_probability_is_the_sum_of_the_places_and_calibrated(judge, faces):
    opinion = judge.verdict(faces[4]).opinion
    calibration = judge.config["calibration"]
    looks = np.stack([opinion.crop, opinion.crop[:, ::-1]])  # the square is the whole picture: no larger crops
    logit = critic.judged(judge.detector, looks).sum() / 2
    scaled = calibration["slope"] * logit + calibration["intercept"]
    assert opinion.places.sum() == pytest.approx(scaled, abs=1e-3)
    assert opinion.probability_generated == pytest.approx(1 / (1 + np.exp(-scaled)), abs=1e-4)


def test_what_decides_is_what_is_shown(judge, faces, monkeypatch):
    """Our own generators, on the square as the detector saw it; else the traces, on the picture's own pixels."""
    large = faces[4].resize((300, 300), Image.Resampling.BICUBIC)
    limits = judge.config["unseen"]["calibration"]
    opinion = judge.verdict(faces[4]).opinion
    assert opinion.decided_by == OURS and opinion.ours == opinion.probability_generated
    monkeypatch.setitem(judge.config, "calibration", {**judge.config["calibration"], "real_up_to": 1.1})
    for change, expected in (
        ({"generated_from": 1.1, "real_up_to": 1.05, "unlike_from": 1e3}, (REAL, FEW_TRACES)),
        ({"generated_from": 1.1, "real_up_to": -1, "unlike_from": 1e3}, ("can't tell", SOME_TRACES)),
        ({"unlike_from": 0.0}, ("can't tell", UNLIKE)),
    ):
        monkeypatch.setitem(judge.config["unseen"], "calibration", {**limits, "ours_from": 1.1, **change})
        opinion = judge.verdict(large).opinion
        assert (opinion.verdict, opinion.decided_by) == expected
        assert np.array_equal(opinion.crop, np.asarray(large)) and opinion.places.shape == (17, 17)


def test_a_detector_that_knows_no_other_generators_calls_no_face_real(judge, faces, tmp_path):
    config = {name: judge.config[name] for name in ("training", "calibration", "report")}
    weights.save_detector(tmp_path, judge.detector, judge.settings, config)
    alone = Judge(tmp_path)
    assert alone.verdict(faces[4]).opinion.decided_by == OURS
    alone.config["calibration"] = {**config["calibration"], "generated_from": 1.1, "real_up_to": 1.05}
    assert alone.verdict(faces[4]).opinion.decided_by == UNTRAINED
    assert "calls no face real" in alone.trust


def test_a_small_face_is_too_small_to_tell(judge, faces):
    small = Image.new("RGB", (200, 200), (96, 128, 80))
    small.paste(faces[4].resize((34, 34), Image.Resampling.LANCZOS), (80, 70))
    verdict = judge.verdict(small)
    assert (verdict.verdict, verdict.faces, verdict.opinion) == (TOO_SMALL, 1, None)


def test_without_a_face_there_is_an_opinion_on_the_middle_square(judge):
    meadow = Image.new("RGB", (900, 700), (200, 40, 40))
    meadow.paste(MEADOW.crop((0, 0, 700, 700)), (100, 0))
    verdict = judge.verdict(meadow)
    assert (verdict.verdict, verdict.faces, verdict.face, verdict.opinion) == (NO_FACE, 0, None, None)
    assert np.all(verdict.middle.crop[:, 2:-2] == (96, 128, 80))  # the filter reaches slightly beyond the edge


def test_most_of_our_own_faces_are_not_called_real(judge, faces):
    verdicts = [judge.verdict(face).verdict for face in faces]
    assert verdicts.count(REAL) <= 2 and verdicts.count(GENERATED) >= 8


def test_a_folder_without_a_detector_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="config.json is missing"):
        Judge(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"slope": None},
        {"slope": "1.7"},
        {"slope": True},
        {"slope": 1e300},  # infinite in float32, and later NaN
        {"intercept": float("nan")},
        {"intercept": -(10**400)},
        {"generated_from": 1.5},
        {"real_up_to": -0.1},
        {"real_up_to": 0.9},  # a picture would get both verdicts
    ],
    ids=str,
)
def test_a_calibration_that_no_training_gives_is_refused(judge, tmp_path, change):
    said = {name: judge.config[name] for name in ("training", "calibration", "report")}
    weights.save_detector(tmp_path, Detector(SMALL), SMALL, said)
    assert Judge(tmp_path).settings == SMALL
    weights.write_config(tmp_path, {**weights.load_config(tmp_path), "calibration": {**said["calibration"], **change}})
    with pytest.raises(UserError, match="config.json lacks an entry or has one of the wrong kind"):
        Judge(tmp_path)


def test_a_detector_without_a_calibration_is_refused(judge, tmp_path):
    weights.save_detector(tmp_path, Detector(SMALL), SMALL, {"report": judge.config["report"]})
    with pytest.raises(UserError, match="config.json lacks an entry .*calibration"):
        Judge(tmp_path)
