import resource

import numpy as np
import pytest
import torch
from measuring import Moments, drawn, features_by_hand, moments, store_of
from small import SMALL

from gan import UserError
from gan.model import sampling
from gan.model.networks import Generator
from gan.train.measure import quality
from gan.train.measure.features import Features, Reference


@pytest.fixture
def features(tmp_path) -> Features:
    return features_by_hand(tmp_path)


class Halves(torch.nn.Module):
    """A feature network that distinguishes left from right."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        numbers = pictures.float() / 255
        return torch.cat([numbers[..., :8].mean([2, 3]), numbers[..., 8:].mean([2, 3])], 1)


@pytest.fixture
def halves(tmp_path) -> Features:
    torch.jit.script(Halves()).save(tmp_path / "halves.pt")
    return Features(tmp_path / "halves.pt")


def as_tensor(pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pictures.copy()).permute(0, 3, 1, 2)


def test_training_features_are_of_every_picture_in_order_and_computed_once(tmp_path, features):
    train = drawn(600)
    store = store_of(tmp_path, train)
    for _ in range(2):
        reference = Reference(features, store, 100)
        assert reference.train_features == pytest.approx(moments(train), abs=1e-6)
        features.forward = None  # computing anything again would fail now
    assert reference.pictures.features == pytest.approx(moments(train[:100]), abs=1e-6)
    assert reference.pictures.spectrum == pytest.approx(quality.power_spectrum(train[:100]), rel=1e-5)


def test_held_out_pictures_are_compared_with_mirrored_training_pictures_too(tmp_path, halves):
    """The first of them is a training picture, the second a mirrored one."""
    train, held_out = drawn(60), drawn(50, seed=1)
    held_out[0], held_out[1] = train[7], train[8, :, ::-1]
    distances = Reference(halves, store_of(tmp_path, train, held_out), 60).held_out[1]
    assert distances[:2] == pytest.approx([0, 0], abs=1e-4) and distances[2:].min() > 1e-3 and len(distances) == 50
    assert Reference(halves, store_of(tmp_path, train, held_out[:39]), 60).held_out is None
    assert Reference(halves, store_of(tmp_path, train, held_out), 45).held_out[1].shape == (45,)


def test_samples_in_batches_are_seen_like_all_at_once(tmp_path, halves, monkeypatch):
    """600 samples are two batches and a part of one, which must not count for more than its pictures."""
    generator = Generator(SMALL)
    monkeypatch.setattr("gan.train.measure.features.MOST_HELD_OUT", 300)
    seen, mirrored = Reference(halves, store_of(tmp_path, drawn(20)), 600).of_generator(generator)
    faces = sampling.faces(generator, range(600))
    assert seen.features == pytest.approx(Halves()(as_tensor(faces)).numpy(), abs=1e-6)
    assert mirrored == pytest.approx(Halves()(as_tensor(faces[:300, :, ::-1])).numpy(), abs=1e-6)
    assert not np.allclose(mirrored, seen.features[:300], atol=1e-5)
    assert seen.spectrum == pytest.approx(quality.power_spectrum(faces), rel=1e-5)
    assert seen.colours == pytest.approx(quality.colour_histograms(faces), abs=1e-12)


def test_inception_is_asked_for_features(tmp_path):
    class Inception(torch.nn.Module):
        def forward(self, pictures: torch.Tensor, return_features: bool = False) -> torch.Tensor:
            means = pictures.float().mean([2, 3])
            return means if return_features else means[:, :1]

    torch.jit.script(Inception()).save(tmp_path / "inception.pt")
    assert Features(tmp_path / "inception.pt").num_features == 3


def test_only_the_distance_over_inception_is_called_fid(tmp_path):
    names = {}
    for name in ("inception-2015-12-05.pt", "face_features.pt"):
        torch.jit.script(Moments()).save(tmp_path / name)
        names[name] = Features(tmp_path / name).distance
    assert list(names.values()) == ["FID", "Fréchet distance"]


def test_files_that_are_no_feature_network(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        Features(tmp_path / "nothing.pt")
    (tmp_path / "text.pt").write_text("no network")
    with pytest.raises(UserError, match="not a TorchScript network"):
        Features(tmp_path / "text.pt")


def test_a_disk_that_is_full_is_one_sentence_and_costs_nothing(tmp_path, features):
    """A limit on the size of files stands in for the disk. In a memory map a full disk is the signal SIGBUS."""
    reference = Reference(features, store_of(tmp_path, drawn(600)), 8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        with pytest.raises(UserError, match=r"cannot be kept in .* \(File too large\): free some space there, or"):
            reference.train_features  # noqa: B018
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.glob("*.npy"))
    assert np.allclose(reference.train_features, moments(drawn(600)), atol=1e-6)


def test_a_file_of_features_that_was_cut_short_is_made_again(tmp_path, features):
    store = store_of(tmp_path, drawn(40))
    expected = np.array(Reference(features, store, 8).train_features)
    (cache,) = tmp_path.glob("*.npy")
    for content in (b"", cache.read_bytes()[:-9], b"junk"):
        cache.write_bytes(content)
        assert np.array_equal(Reference(features, store, 8).train_features, expected)
