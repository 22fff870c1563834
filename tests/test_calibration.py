"""The calibration: right on critics whose worth is known, and part of every weights folder that a run saves."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import TINY, picture
from PIL import Image
from small import SMALL, folder_of

from gan.model import weights
from gan.model.networks import Generator
from gan.train.measure import calibration

GENERATOR = Generator(SMALL).eval()


class Critic(torch.nn.Module):
    """Real pictures get logits around `gap`, samples around 0, both with standard deviation 1."""

    def __init__(self, gap: float):
        super().__init__()
        self.gap, self.random = gap, torch.Generator().manual_seed(0)

    def forward(self, pictures):
        noise = torch.randn(len(pictures), generator=self.random)
        return noise + self.gap * (pictures[:, 0, 0, 0] > 0.99)  # real pictures are white here


def calibrated(gap: float, count: int = 1000) -> dict:
    with torch.no_grad():
        GENERATOR.to_rgb.weight.zero_()  # samples are grey
    loaded = SimpleNamespace(generator=GENERATOR, discriminator=Critic(gap), generator_id="0" * 12)
    return calibration.calibrate(loaded, np.full((count, 16, 16, 3), 255, np.uint8), "white pictures")


@pytest.mark.parametrize("gap, auroc", [(0.0, 0.5), (1.0, 0.760), (2.0, 0.921), (-1.0, 0.760)])
def test_auroc_is_that_of_two_normal_distributions(gap, auroc):
    # AUROC = Phi(gap / sqrt(2)); a critic that errs systematically is turned round by a negative slope
    result = calibrated(gap)
    assert result["auroc"] == pytest.approx(auroc, abs=0.035)
    assert result["fitted_on"] == result["n"] == 1000
    assert np.sign(result["slope"]) == np.sign(gap) or gap == 0


def test_probabilities_are_those_of_bayes():
    # for N(2, 1) against N(0, 1) the log odds are 2 * logit - 2
    result = calibrated(2.0)
    assert result["slope"] == pytest.approx(2, abs=0.35) and result["intercept"] == pytest.approx(-2, abs=0.45)
    assert 0.08 < result["brier"] < 0.14
    assert len(result["reliability"]) == 10
    assert all(abs(mean - share) < 0.15 for mean, share in result["reliability"])
    assert 1 / (1 + np.exp(-result["slope"] - result["intercept"])) == pytest.approx(
        0.5, abs=0.06
    )  # at logit 1, half-way


def test_too_few_held_out_pictures_calibrate_nothing():
    assert calibrated(2.0, calibration.FEWEST - 1) is None
    assert calibrated(2.0, calibration.FEWEST)["n"] == calibration.FEWEST


@pytest.fixture
def many_held_out(tmp_path):
    for part, numbers in (("train", range(8)), ("test", range(8, 58))):
        (tmp_path / "pictures" / part).mkdir(parents=True)
        for number in numbers:
            Image.fromarray(picture(number)).save(tmp_path / "pictures" / part / f"{number:03d}.png")
    return tmp_path / "pictures"


def test_a_run_calibrates_what_it_saves_and_the_command_does_it_again(run, many_held_out, tmp_path):
    done = run(
        "train_accelerate.py",
        *TINY,
        "--train_data_dir",
        many_held_out,
        "--output_dir",
        tmp_path / "out",
        "--max_train_steps",
        "2",
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out" / "weights"
    first = weights.load(folder).config["calibration"]
    assert first["n"] == 50 and first["generator"] == weights.load(folder).generator_id
    assert 0 <= first["auroc"] <= 1 and f"{first['auroc']:.3f}" in (folder / "README.md").read_text()

    config = json.loads((folder / "config.json").read_text())
    del config["calibration"]
    (folder / "config.json").write_text(json.dumps(config))
    store = ["--store_dir", tmp_path / "store"]
    again = run("-m", "gan.train.measure.calibration", folder, "--train_data_dir", many_held_out, *store)
    assert again.returncode == 0, again.stderr
    second = weights.load(folder).config["calibration"]
    assert second.pop("command").startswith("python -m gan.train.calibration ") and second == first
    assert f"AUROC {first['auroc']:.3f}" in again.stdout


def test_without_held_out_pictures_the_command_says_so(run, pictures, tmp_path):
    done = run(
        "-m",
        "gan.train.measure.calibration",
        folder_of(tmp_path / "weights"),
        "--train_data_dir",
        pictures,
        "--store_dir",
        tmp_path / "store",
    )
    assert done.returncode == 1
    assert (
        done.stderr.strip().splitlines()[-1] == "Error: Only 6 pictures are held out; a calibration takes at least 40."
    )
