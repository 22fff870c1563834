import copy

import numpy as np
import pytest
import torch
from small import SMALL

from gan.model import latents, sampling
from gan.model.look import Look
from gan.model.networks import Generator
from gan.model.point import Place


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    generator = Generator(SMALL)
    with torch.no_grad():
        generator.to_rgb.weight *= 500  # enough contrast for a difference to show
        generator(torch.randn(64, 8))  # running statistics that differ from the initial ones
    return generator


def test_a_face_does_not_depend_on_its_neighbours(generator):
    many = sampling.faces(generator, range(40))
    assert many.shape == (40, 16, 16, 3) and many.dtype == np.uint8 and many.std() > 20
    assert np.array_equal(sampling.faces(generator, [33])[0], many[33])
    assert np.array_equal(sampling.faces(generator, [5, 39, 0]), many[[5, 39, 0]])


def test_a_place_is_a_face_of_its_own_latent(generator):
    place = Place(33, 5, 0.3)
    start, end = latents.from_seeds([33, 5], 8)
    (expected,) = sampling.from_latents(generator, latents.slerp(start, end, 0.3)[None])
    many = sampling.faces(generator, [33, place, 5])
    assert np.array_equal(many[1], expected) and np.array_equal(sampling.faces(generator, [place])[0], expected)
    assert np.array_equal(many[[0, 2]], sampling.faces(generator, [33, 5])) and not np.array_equal(many[0], many[1])


def test_it_samples_in_eval_mode_and_leaves_the_mode_alone(generator):
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    for mode in (True, False):
        generator.train(mode)
        sampling.faces(generator, [1, 2, 3])
        assert generator.training is mode
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_threads_change_at_most_one_grey_level(generator):
    threads = torch.get_num_threads()
    expected = sampling.faces(generator, range(16)).astype(int)
    torch.set_num_threads(1)
    try:
        assert np.abs(sampling.faces(generator, range(16)) - expected).max() <= 1
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("published", [True, False])
def test_variation_leads_towards_one_face(generator, published):
    if published:
        generator = copy.deepcopy(generator)
        generator.mean_features = sampling.mean_features(generator)
    full, half, none = (
        sampling.faces(generator, range(16), Look(variation)).astype(float) for variation in (1, 0.5, 0)
    )
    assert (none == none[0]).all()
    assert 0 < half.std(0).mean() < full.std(0).mean()


def test_the_mean_features_are_those_of_many_faces(generator):
    points = torch.from_numpy(latents.from_seeds(range(4096), 8))
    generator.train()
    mean = sampling.mean_features(generator)
    assert generator.training
    expected = generator.eval().first_features(points).mean(0)
    assert mean.shape == (16, 4, 4) and torch.allclose(mean, expected, atol=1e-5) and mean.std() > 0.1 * mean.mean() > 0
