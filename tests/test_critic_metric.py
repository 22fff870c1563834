"""How well the discriminator tells faces from held-out pictures, on critics whose figures are known."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small import SMALL

from gan.model.networks import Generator
from gan.train.measure import critic
from gan.train.measure.features import FEWEST_HELD_OUT, MOST_HELD_OUT

GENERATOR = Generator(SMALL).eval()


class Critic(torch.nn.Module):
    """Real pictures get logits around `gap`, samples around 0, both with standard deviation 1."""

    def __init__(self, gap: float):
        super().__init__()
        self.gap, self.random = gap, torch.Generator().manual_seed(0)

    def forward(self, pictures):
        noise = torch.randn(len(pictures), generator=self.random)
        return noise + self.gap * (pictures[:, 0, 0, 0] > 0.99)  # real pictures are white here


def measured(gap: float, count: int = 1000) -> dict | None:
    with torch.no_grad():
        GENERATOR.to_rgb.weight.zero_()  # samples are grey
    loaded = SimpleNamespace(generator=GENERATOR, discriminator=Critic(gap), generator_id="0123456789ab")
    return critic.measure(loaded, np.full((count, 16, 16, 3), 255, np.uint8))


@pytest.mark.parametrize("gap, auroc", [(0.0, 0.5), (1.0, 0.760), (2.0, 0.921), (-1.0, 0.760)])
def test_auroc_is_that_of_two_normal_distributions(gap, auroc):
    # AUROC = Phi(gap / sqrt(2)); for a critic that is systematically wrong, scaling turns the sign
    result = measured(gap)
    assert set(result) == {"generator", "n", "auroc", "brier"}
    assert result["auroc"] == pytest.approx(auroc, abs=0.035)
    assert result["n"] == 1000 and result["generator"] == "0123456789ab"


def test_the_brier_score_is_that_of_the_best_probabilities():
    # for N(2, 1) against N(0, 1), P(real) = sigmoid(2 x - 2); its mean square error by numerical integration
    x = np.linspace(-8, 10, 20_001)
    density = [np.exp(-((x - centre) ** 2) / 2) / np.sqrt(2 * np.pi) for centre in (0, 2)]
    probability = 1 / (1 + np.exp(2 - 2 * x))
    expected = ((density[0] * probability**2 + density[1] * (1 - probability) ** 2) / 2).sum() * (x[1] - x[0])
    assert measured(2.0)["brier"] == pytest.approx(expected, abs=0.015)
    assert measured(0.0)["brier"] == pytest.approx(0.25, abs=0.005)


def test_it_takes_some_held_out_pictures_and_not_all_of_many():
    assert measured(2.0, FEWEST_HELD_OUT - 1) is None
    assert measured(2.0, FEWEST_HELD_OUT)["n"] == FEWEST_HELD_OUT == 40
    assert measured(2.0, MOST_HELD_OUT + 500)["n"] == MOST_HELD_OUT
