"""One network for many visitors: what waits goes through it together, and a face does not depend on the others."""

import copy
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from small import SMALL

from gan.model import latents, sampling
from gan.model.folded import SubPixels, folded
from gan.model.look import Look
from gan.model.networks import Generator
from gan.model.settings import ModelSettings
from gan.serve import network
from gan.serve.network import BATCH, Network


def trained(settings: ModelSettings, published: bool = True) -> Generator:
    """A generator whose statistics and scales are not those of a new one, with enough contrast."""
    torch.manual_seed(0)
    generator = Generator(settings)
    with torch.no_grad():
        generator.to_rgb.weight *= 500
        for module in generator.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 2), module.bias.uniform_(-0.5, 0.5)
        generator(torch.randn(64, settings.latent_dim))
        if published:
            generator.mean_features = sampling.mean_features(generator)
    return generator.eval()


@pytest.mark.parametrize("published", [True, False])
@pytest.mark.parametrize(
    "settings", [SMALL, ModelSettings(32, 8, (16, 8, 8), skips=True), ModelSettings(33, 8, (8, 8, 8, 8), skips=True)]
)
def test_a_folded_generator_makes_the_same_faces(settings, published):
    generator = trained(settings, published)
    before, fast = copy.deepcopy(generator.state_dict()), folded(generator)
    vectors = latents.from_seeds(range(6), 8)
    for look in (Look(), Look(0.5)):
        expected = sampling.from_latents(generator, vectors, look).astype(int)
        assert expected.std() > 20
        assert np.abs(sampling.from_latents(fast, vectors, look) - expected).max() <= 1
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in fast.modules())
    assert isinstance(fast.to_rgb, SubPixels) == (settings.resolution % 2 == 0)


def test_a_face_is_the_same_with_one_thread_and_with_two():
    """Bit by bit: PyTorch takes another kernel for small batches of 1x1 convolutions when it has one thread."""
    fast = folded(trained(ModelSettings(32, 8, (16, 8, 8), skips=True)))
    inputs, threads = torch.from_numpy(latents.from_seeds(range(BATCH), 8)), torch.get_num_threads()
    made = []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            with torch.inference_mode():
                made.append(fast(inputs, torch.full((BATCH, 1, 1, 1), 0.7)))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*made)


def test_what_waits_goes_through_the_network_together(monkeypatch):
    """Five visitors ask for faces of their own while the network is busy: two batches are made instead of five."""
    sizes, busy, free = [], threading.Event(), threading.Event()
    real = sampling.from_latents

    def slow(generator, vectors, *rest):
        sizes.append(len(vectors))
        busy.set()
        assert free.wait(20)
        return real(generator, vectors, *rest)

    generator, vectors = folded(trained(SMALL)), latents.from_seeds(range(6), 8)
    alone = [real(generator, vectors[place : place + 1], Look(1 - place / 10), BATCH)[0] for place in range(6)]
    monkeypatch.setattr(sampling, "from_latents", slow)
    workers = ThreadPoolExecutor(1)
    monkeypatch.setattr(network, "_workers", lambda: workers)
    asked = Network(generator)
    first = asked.ask(vectors[:1], Look())
    assert busy.wait(20)
    others = [asked.ask(vectors[place : place + 1], Look(1 - place / 10)) for place in range(1, 6)]
    free.set()
    made = [face.result(20) for (face,) in (first, *others)]
    assert sizes == [1, BATCH, 1]
    assert all(map(np.array_equal, made, alone)) and not np.array_equal(made[0], made[1])


def test_whoever_waits_hears_that_it_failed(monkeypatch):
    monkeypatch.setattr(sampling, "from_latents", lambda *arguments: 1 / 0)
    faces = Network(trained(SMALL)).ask(latents.from_seeds(range(6), 8), Look())
    assert {type(face.exception(20)) for face in faces} == {ZeroDivisionError}
