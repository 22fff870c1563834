import numpy as np
import pytest

from gan.model import latents
from gan.model.point import Place, parse


def test_a_seed_is_always_the_same_latent():
    # fixed values: if this fails, every existing link shows other faces
    golden = {
        0: [1.7640524, 0.40015721, 0.97873801],
        123: [-1.08563066, 0.99734545, 0.2829785],
        2**32 - 1: [0.64840865, 0.66932350, -1.08054376],
    }
    assert np.allclose(latents.from_seeds(golden, 3), list(golden.values()), atol=1e-6, rtol=0)
    two = latents.from_seeds([7, 0], 100)
    assert two.dtype == np.float32 and two.shape == (2, 100)
    assert np.array_equal(two[1], latents.from_seeds([0], 100)[0])


def test_no_seeds_no_latents():
    assert latents.from_seeds([], 5).shape == (0, 5)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_out_of_range_are_refused(seed):
    with pytest.raises(ValueError):
        latents.from_seeds([seed], 5)


def test_slerp_stays_on_the_shell_and_keeps_its_ends():
    start, end = latents.from_seeds([1, 2], 100)
    assert np.allclose(latents.slerp(start, end, 0), start, atol=1e-6)
    assert np.allclose(latents.slerp(start, end, 1), end, atol=1e-6)
    middle = np.linalg.norm(latents.slerp(start, end, 0.5))
    assert 0.95 * np.linalg.norm(start) < middle < 1.05 * np.linalg.norm(end)
    assert np.allclose(latents.slerp(start, start, 0.3), start, atol=1e-6)
    assert np.isfinite(latents.slerp(start, -start, 0.5)).all()


def test_slerp_goes_at_even_speed():
    start, end = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    third = latents.slerp(start, end, 1 / 3)
    assert np.allclose(third, [np.cos(np.pi / 6), np.sin(np.pi / 6)], atol=1e-6)


def test_a_point_is_a_seed_or_lies_between_its_ends():
    place = Place(Place(4, 13, 0.4), Place(7, 4, 0.2), 0.5)
    four, thirteen, seven = latents.from_seeds([4, 13, 7], 100)
    left, right = latents.slerp(four, thirteen, 0.4), latents.slerp(seven, four, 0.2)
    many = latents.from_points([4, place, Place(4, 13, 0.4), np.int64(7), 4], 100)
    assert many.dtype == np.float32 and many.shape == (5, 100)
    assert np.array_equal(many, [four, latents.slerp(left, right, 0.5), left, seven, four])
    # bit for bit, whatever is made with it
    assert np.array_equal(latents.from_points([place], 100)[0], many[1])
    assert np.array_equal(latents.from_points(range(3), 100), latents.from_seeds(range(3), 100))
    assert latents.from_points([], 5).shape == (0, 5)
    with pytest.raises(ValueError):
        latents.from_points([2**32], 5)


def test_a_place_is_always_the_same_latent():
    # fixed values: if this fails, every existing link with a place shows other faces
    golden = {
        "4~13@0.4": [-0.3211911, 0.7351441, -0.7336429],
        "4~13@0.4~(7~9@0.2)@0.5": [1.1233218, 0.1868023, -0.9199799],
    }
    points = [parse(text)[0] for text in golden]
    assert np.allclose(latents.from_points(points, 3), list(golden.values()), atol=1e-6, rtol=0)
