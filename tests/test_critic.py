import numpy as np
import pytest

from gan.model import critic
from gan.model.networks import Discriminator
from gan.model.settings import ModelSettings


def test_each_picture_is_judged_on_its_own():
    discriminator = Discriminator(ModelSettings(16, widths=(16, 8))).eval()
    pictures = np.random.RandomState(0).randint(0, 256, (70, 16, 16, 3)).astype(np.uint8)  # more than one batch
    together = critic.logits(discriminator, pictures)
    assert together.shape == (70,) and together.dtype == np.float32
    assert together[69] == pytest.approx(critic.logits(discriminator, pictures[69:])[0], abs=1e-4)
    assert together.std() > 1e-4


@pytest.mark.parametrize("logit, slope, intercept, probability", [
    (0, 1, 0, 0.5), (2, 1, 0, 0.8808), (2, 0.5, -1, 0.5), (1, -1, 0, 0.2689), (1e6, 5, 0, 1.0), (-1e6, 5, 0, 0.0)])
def test_platts_scaling(logit, slope, intercept, probability):
    assert critic.probability_real(logit, {"slope": slope, "intercept": intercept}) == pytest.approx(probability, abs=1e-4)
