"""Random degradations: they work on any picture, are repeatable, and have the right frequencies."""

import numpy as np
import pytest
from conftest import EMBEDDED, picture
from PIL import Image

from gan.serve.faces import FaceModel
from gan.train.detector import degrade


def degraded(seed: int, probability: float = 1.0, size: int = 64, roughness: float = 1.0) -> np.ndarray:
    return degrade.degraded(picture(3, size, size), 32, probability, np.random.default_rng(seed), roughness)


def test_with_probability_0_pictures_are_only_mirrored():
    made = {degraded(seed, 0.0, 32).tobytes() for seed in range(20)}
    assert made == {picture(3, 32, 32).tobytes(), picture(3, 32, 32)[:, ::-1].tobytes()}


@pytest.mark.parametrize("size", [16, 64, 200])
def test_degraded_pictures_have_the_asked_size_and_are_not_flat(size):
    for seed in range(30):
        made = degraded(seed, size=size)
        assert made.shape == (32, 32, 3) and made.dtype == np.uint8 and made.std() > 2


def test_degradations_follow_from_the_random_numbers():
    assert np.array_equal(degraded(5), degraded(5)) and not np.array_equal(degraded(5), degraded(6))


def test_degradations_are_as_frequent_as_their_probabilities(monkeypatch):
    untouched = {picture(3, 32, 32).tobytes(), picture(3, 32, 32)[:, ::-1].tobytes()}

    def share(probability: float, roughness: float = 1.0) -> float:
        return np.mean([degraded(seed, probability, 32, roughness).tobytes() in untouched for seed in range(1000)])

    # of the pictures chosen for degradation, 0.1 * 0.4^2 * 0.7^2 * 0.6 = 0.5 % stay unchanged
    assert share(0.4) == pytest.approx(0.6 + 0.4 * 0.005, abs=0.05)
    # with roughness 0 there is only compression
    assert share(1, 0) == pytest.approx(0.1, abs=0.03)
    # half the roughness halves the probability of each of the five others
    monkeypatch.setattr(degrade, "_COMPRESSED", 0)
    assert share(1, 0.5) == pytest.approx(0.7 * 0.7 * 0.85 * 0.8 * 0.85, abs=0.04) and share(1, 0) == 1


def test_a_square_is_cut_out_about_as_a_face_finder_would():
    image, shares, beyond = Image.fromarray(picture(3, 64, 64)), [], []
    for seed in range(400):
        around, (left, top, side, _) = degrade._surrounded(image, np.random.default_rng(seed))
        assert around.crop((8, 8, 72, 72)).tobytes() == image.tobytes()  # the picture itself, in the middle of a margin
        assert 0 <= left and 0 <= top and left + side <= around.width and top + side <= around.height
        shares.append(side / 64)
        beyond.append(max(8 - left, 8 - top, left + side - 72, top + side - 72) / 64)
    assert min(shares) == pytest.approx(0.5, abs=0.02) and max(shares) == pytest.approx(1.1, abs=0.02)
    assert 0.05 < max(beyond) <= 0.1 + 1e-9 and np.mean(np.array(beyond) < 0) > 0.4


def test_a_photo_holds_the_picture_somewhere():
    white = Image.fromarray(np.full((64, 64, 3), 255, np.uint8))
    photos = [degrade.in_a_photo(white, np.random.default_rng(seed)) for seed in range(60)]
    sides = [photo.width for photo in photos]
    assert 160 <= min(sides) < 220 and 580 < max(sides) <= 640 and len({photo.tobytes() for photo in photos}) == 60
    shares = [(np.asarray(photo).min(2) > 240).mean() for photo in photos]
    assert np.median(shares) == pytest.approx(0.25, abs=0.01)


def test_corruptions_cost_what_their_names_say():
    image = Image.fromarray(FaceModel(EMBEDDED).faces([7])[0])

    def loss(name: str) -> float:
        changed = degrade.CORRUPTIONS[name](image)
        assert changed.mode == "RGB"
        return float(np.abs(np.asarray(changed.resize(image.size)).astype(int) - np.asarray(image)).mean())

    assert loss("as it is") == 0
    assert 0 < loss("JPEG 90") < loss("JPEG 70") < loss("JPEG 50") < loss("JPEG 30") < 8
    assert 0 < loss("blur σ 1") < loss("blur σ 2")
    assert degrade.CORRUPTIONS["halved"](image).size == (image.width // 2, image.height // 2)
