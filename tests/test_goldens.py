"""The promise that a seed is a face for good, held against what the released weights made on the day of their release."""

import numpy as np
import pytest
from goldens import GOLDEN, SEEDS, released, rows
from PIL import Image

from gan.model import images
from gan.serve.faces import FaceModel


@pytest.mark.parametrize("folder", released(), ids=lambda folder: folder.name)
def test_released_weights_make_the_same_faces_for_good(folder):
    model = FaceModel(folder)
    path = GOLDEN / f"{model.id}.png"
    assert path.is_file(), "new weights: run `python -m tests.goldens`, look at the picture it makes, and commit it"
    with Image.open(path) as picture:
        kept = images.unsheet(picture, model.resolution)
    assert len(kept) == 2 * len(SEEDS) and np.abs(kept.astype(int) - rows(model)).max() <= 1


def test_older_weights_have_their_ids_for_names_and_their_licence():
    for folder in released():
        assert (folder / "LICENSE").is_file()
        assert folder.parent.name != "older" or folder.name == FaceModel(folder).id
