import numpy as np
import pytest

from gan.model import critic
from gan.model.networks import Discriminator
from gan.model.settings import ModelSettings


def test_each_picture_is_judged_on_its_own():
    discriminator = Discriminator(ModelSettings(16, widths=(16, 8))).eval()
    pictures = np.random.RandomState(0).randint(0, 256, (70, 16, 16, 3)).astype(np.uint8)  # more than one batch
    together = critic.judged(discriminator, pictures)
    assert together.shape == (70,) and together.dtype == np.float32
    assert together[69] == pytest.approx(critic.judged(discriminator, pictures[69:])[0], abs=1e-4)
    assert together.std() > 1e-4
