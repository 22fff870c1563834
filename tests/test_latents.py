import numpy as np
import pytest

from gan.model import latents


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
