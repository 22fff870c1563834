"""A seed always means the same face: the released weights still make the faces that they made when released."""

import re

import numpy as np
import pytest
from goldens import released, wanted
from PIL import Image

from gan import UserError
from gan.model import additions, images, weights
from gan.serve.faces import FaceModel
from gan.train.generator import transfer

OLDER = [folder for folder in released() if folder.parent.name == "older"]


@pytest.mark.parametrize("folder", released(), ids=lambda folder: folder.name)
def test_released_weights_still_make_the_same_faces(folder):
    for path, faces in wanted(folder).items():
        assert path.is_file(), "new weights: run `python -m tests.goldens`, look at the picture it makes, and commit it"
        made = faces()
        with Image.open(path) as picture:
            kept = images.unsheet(picture, made.shape[1])
        assert kept.shape == made.shape and np.abs(kept.astype(int) - made).max() <= 1


@pytest.mark.parametrize("folder", OLDER, ids=lambda folder: folder.name)
def test_older_weights_are_a_generator_named_by_its_id_with_card_and_licence(folder):
    assert folder.name == FaceModel(folder).id
    assert {path.name for path in folder.iterdir()} - {additions.DIRECTIONS} == {
        weights.GENERATOR,
        weights.CONFIG,
        "README.md",
        "LICENSE",
    }
    assert set(weights.load_config(folder)["sha256"]) - {additions.DIRECTIONS} == {weights.GENERATOR}


@pytest.mark.parametrize("folder", OLDER, ids=lambda folder: folder.name)
def test_training_from_older_weights_is_refused(folder):
    with pytest.raises(UserError, match=r"discriminator.safetensors is missing: .* holds only a generator"):
        transfer.open_source(str(folder))


def test_every_released_folder_has_its_licence_and_all_that_its_card_links_to():
    for folder in released():
        assert (folder / "LICENSE").is_file()
        for name in re.findall(r"\]\(([^):]+)\)", (folder / "README.md").read_text()):
            assert (folder / name).is_file(), f"{folder}: {name}"
