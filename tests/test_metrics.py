import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT

from gan import UserError
from gan.model import sampling, weights
from gan.model.networks import Discriminator, Generator
from gan.model.settings import ModelSettings
from gan.train import data
from gan.train.metrics import Features, Frechet, measure

SETTINGS = ModelSettings(16, latent_dim=8, widths=(16, 8))


class Moments(torch.nn.Module):
    """A feature network whose features can be computed by hand."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        numbers = pictures.float() / 255
        return torch.cat([numbers.mean([2, 3]), numbers[:, 0].std([1, 2])[:, None]], 1)


@pytest.fixture
def features(tmp_path) -> Features:
    torch.jit.script(Moments()).save(tmp_path / "moments.pt")
    return Features(tmp_path / "moments.pt")


def store_of(tmp_path, train: np.ndarray) -> data.Store:
    info = {"name": "drawn", "resolution": train.shape[1]}
    return data.Store(tmp_path, info, train, train[:0])


def drawn(count: int, brightness: float = 100.0, seed: int = 0) -> np.ndarray:
    random = np.random.RandomState(seed)
    level = random.normal(brightness, 20, (count, 1, 1, 3))
    return (level + random.normal(0, 10, (count, 16, 16, 3))).clip(0, 255).astype(np.uint8)


def distance_by_hand(one: np.ndarray, two: np.ndarray) -> float:
    """|m1 - m2|² + Tr(C1 + C2 - 2 (C1 C2)^½), Heusel et al. 2017, equation 6."""
    a, b = (Moments()(torch.from_numpy(x).permute(0, 3, 1, 2)).double().numpy() for x in (one, two))
    c1, c2 = np.cov(a.T), np.cov(b.T)
    root = np.sqrt(np.linalg.eigvals(c1 @ c2).astype(complex)).real.sum()
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(c1) + np.trace(c2) - 2 * root


def test_the_distance_is_heusels(tmp_path, features):
    torch.manual_seed(0)
    generator, real = Generator(SETTINGS), drawn(300)
    frechet = Frechet(features, store_of(tmp_path, real), 300)
    expected = distance_by_hand(real, sampling.faces(generator, range(300)))
    assert frechet.of_generator(generator) == pytest.approx(expected, rel=1e-4)


def test_the_reference_is_the_first_rows_and_is_computed_once(tmp_path, features):
    real = drawn(300)
    frechet = Frechet(features, store_of(tmp_path, real), 100)
    expected = distance_by_hand(real[:100], real[100:200])
    assert frechet.floor() == (pytest.approx(expected, rel=1e-4, abs=1e-6), 100)
    cached = sorted(tmp_path.glob("features-*.npz"))
    assert len(cached) == 2
    frechet.features.forward = None  # whatever would be computed again now fails
    assert frechet.floor()[0] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_the_floor_of_a_small_set_is_of_its_halves(tmp_path, features):
    real = drawn(50)
    value, count = Frechet(features, store_of(tmp_path, real), 100).floor()
    assert count == 25 and value == pytest.approx(distance_by_hand(real[:25], real[25:]), rel=1e-4, abs=1e-6)


def test_a_measurement_is_written_into_config_and_card(tmp_path, features):
    folder = tmp_path / "weights"
    folder.mkdir()
    training = {"recipe": "modern", "data": "drawn", "pictures_in_data": 60, "held_out": 0, "steps": 1, "planned_steps": 1,
                "pictures": 4, "hours": 0.0, "hardware": "none", "commands": []}
    weights.save(folder, Generator(SETTINGS), Discriminator(SETTINGS), SETTINGS, {"training": training})
    before = weights.load(folder).generator_id
    result = measure(folder, Frechet(features, store_of(tmp_path, drawn(60)), 40), "the command")
    config = json.loads((folder / "config.json").read_text())
    assert config["metrics"]["frechet_distance"] == result
    assert result["samples"] == 40 and result["command"] == "the command" and result["floor_pictures"] == 30
    assert f"**{result['value']:.2f}**" in (folder / "README.md").read_text()
    assert weights.load(folder).generator_id == before
    with pytest.raises(UserError, match="makes faces of 16 px; the pictures are 32 px"):
        measure(folder, Frechet(features, store_of(tmp_path, np.zeros((4, 32, 32, 3), np.uint8)), 4), "")


def test_inception_is_asked_for_features(tmp_path):
    class Inception(torch.nn.Module):
        def forward(self, pictures: torch.Tensor, return_features: bool = False) -> torch.Tensor:
            means = pictures.float().mean([2, 3])
            return means if return_features else means[:, :1]

    torch.jit.script(Inception()).save(tmp_path / "inception.pt")
    assert Features(tmp_path / "inception.pt").num_features == 3


def test_files_that_are_no_feature_network(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        Features(tmp_path / "nothing.pt")
    (tmp_path / "text.pt").write_text("no network")
    with pytest.raises(UserError, match="no TorchScript network"):
        Features(tmp_path / "text.pt")


@pytest.mark.skipif(hasattr(torch.ops.aten, "_upsample_lanczos2d_aa"), reason="this torch knows the operator")
def test_a_file_of_a_newer_torch_loads(tmp_path):
    define = ("import torch; library = torch.library.Library('aten', 'FRAGMENT'); library.define('_upsample_lanczos2d_aa("
              "Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor')")
    (tmp_path / "make.py").write_text(define + """
class Newer(torch.nn.Module):
    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        if pictures.shape[1] == 4:
            return torch.ops.aten._upsample_lanczos2d_aa(pictures, [1, 1], False, None)
        return pictures.float().mean([2, 3])
torch.jit.script(Newer()).save("newer.pt")
""")
    subprocess.run([sys.executable, "make.py"], cwd=tmp_path, check=True)

    def loads(code):
        return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0

    path = str(tmp_path / "newer.pt")
    assert not loads(f"import torch; torch.jit.load({path!r})")
    assert loads(f"from pathlib import Path; from gan.train.metrics import Features; Features(Path({path!r}))")
