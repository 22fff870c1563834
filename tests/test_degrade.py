"""What happens to pictures on their way: always possible, never the same twice, and nothing that tells files apart."""

import numpy as np
import pytest
from conftest import EMBEDDED, picture
from PIL import Image

from gan.serve.faces import FaceModel
from gan.train import degrade


def way(seed: int, probability: float = 1.0, size: int = 64) -> np.ndarray:
    return degrade.degraded(picture(3, size, size), 32, probability, np.random.default_rng(seed))


def test_nothing_happens_with_probability_0_but_the_mirror():
    made = {way(seed, 0.0, 32).tobytes() for seed in range(20)}
    assert made == {picture(3, 32, 32).tobytes(), picture(3, 32, 32)[:, ::-1].tobytes()}


@pytest.mark.parametrize("size", [16, 64, 200])
def test_every_way_ends_at_the_asked_size_and_leaves_a_picture(size):
    for seed in range(30):
        made = way(seed, size=size)
        assert made.shape == (32, 32, 3) and made.dtype == np.uint8 and made.std() > 2


def test_a_way_is_its_random_numbers():
    assert np.array_equal(way(5), way(5)) and not np.array_equal(way(5), way(6))


def test_it_happens_as_often_as_it_says():
    # with p = 0.4 all of the six things pass a picture by in 0.6^6 = 4.7 % of all ways
    untouched = {picture(3, 32, 32).tobytes(), picture(3, 32, 32)[:, ::-1].tobytes()}
    share = np.mean([way(seed, 0.4, 32).tobytes() in untouched for seed in range(1000)])
    assert share == pytest.approx(0.047, abs=0.025)


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
