"""`--crop face`: faces of the embedded generator in photos become training pictures, upright; the rest is named."""

import numpy as np
import pytest
from conftest import EMBEDDED, picture
from PIL import Image

from gan import UserError
from gan.model import images
from gan.model.look import Look
from gan.serve.faces import FaceModel
from gan.train.pictures import sources, store
from gan.train.pictures.store import Store
from gan.train.pictures.unfinished import Unfinished
from gan.train.settings import DataSettings

SIZE = 32


@pytest.fixture(scope="module")
def faces() -> list[Image.Image]:
    return [Image.fromarray(face) for face in FaceModel(EMBEDDED).faces(range(8), Look(0.8))]


@pytest.fixture
def folder(tmp_path, faces):
    """Eight photos with a face each, every other one tilted; one with two, one with a small one; two without."""
    folder = tmp_path / "holidays"
    folder.mkdir()
    for number, face in enumerate(faces):
        angle = 25 * (number % 2)
        photo(400, 300, (face, 120, 70, 160)).rotate(angle, Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    photo(600, 300, (faces[0], 40, 50, 200), (faces[1], 380, 90, 140)).save(folder / "two.png")
    photo(200, 200, (faces[0], 90, 90, 26)).save(folder / "far away.png")
    for number in (1, 2):
        Image.fromarray(picture(number, 90, 60)).save(folder / f"beach {number}.png")
    return folder


def photo(width: int, height: int, *places: tuple[Image.Image, int, int, int]) -> Image.Image:
    image = Image.new("RGB", (width, height), (96, 128, 80))
    for face, left, top, side in places:
        image.paste(face.resize((side, side), Image.Resampling.BICUBIC), (left, top))
    return image


def opened(folder, **wanted) -> Store:
    source = sources.find(DataSettings(train_data_dir=folder, **wanted))
    return store.open_store(source, SIZE, folder.parent / "store")


def pixels(made: Store) -> np.ndarray:
    return np.concatenate([made.train, made.held_out]).astype(int)


def nearest(crop: np.ndarray, faces: list[Image.Image]) -> tuple[int, float]:
    """The face that a crop is most like, and the mean difference in grey levels."""
    off = [np.abs(crop - images.training_crop(face, SIZE)).mean() for face in faces]
    return int(np.argmin(off)), min(off)


def test_faces_are_framed_as_the_data_of_their_generator_and_the_rest_is_named(folder, faces, capfd):
    made = opened(folder, crop="face")
    found = [nearest(crop, faces) for crop in pixels(made)]
    assert len(found) == 9 and {number for number, _ in found} == set(range(8))
    assert np.median([off for _, off in found]) < 20  # two different faces differ by 54
    left_out = {"beach 1.png (no face)", "beach 2.png (no face)", f"far away.png (1 face under {SIZE} px)"}
    assert set(made.info["left_out"]) == left_out and made.info["pictures"] == 12 and not made.info["unreadable"]
    said = "".join(capfd.readouterr())
    assert "9 faces were found in 12 pictures. 3 pictures have none" in said and all(name in said for name in left_out)


def test_all_faces_of_a_picture_are_learned_if_asked_for(folder, faces):
    largest, every = opened(folder, crop="face"), opened(folder, crop="face", faces="all")
    assert len(pixels(every)) == len(pixels(largest)) + 1
    second = [crop for crop in pixels(every) if nearest(crop, faces)[0] == 1]
    assert len(second) == 2


def test_a_crop_has_a_store_of_its_own_and_the_middle_is_as_it_was(folder):
    middle = opened(folder)
    others = [opened(folder, crop="face"), opened(folder, crop="face", faces="all")]
    assert len({made.folder for made in (middle, *others)}) == 3
    source = sources.find(DataSettings(train_data_dir=folder))
    assert source.crop == "middle" and len(pixels(middle)) == 12 and middle.info["left_out"] == []
    first = images.training_crop(Image.open(folder / "0.png").convert("RGB"), SIZE)
    assert any(np.array_equal(first, crop) for crop in pixels(middle))


def test_where_no_face_is_large_enough_it_says_what_to_do(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(3):
        Image.fromarray(picture(number, 90, 60)).save(tmp_path / f"in/{number}.png")
    with pytest.raises(
        UserError, match=r"No face of 32 pixels or more was found in the 3 pictures in in: .*--crop mid"
    ):
        opened(tmp_path / "in", crop="face")


def test_faces_all_needs_crop_face(folder):
    with pytest.raises(UserError, match="--faces all goes with --crop face"):
        sources.find(DataSettings(train_data_dir=folder, faces="all"))


def test_a_command_line_names_the_crop_only_where_one_was_asked_for():
    assert DataSettings(dataset_name="me/faces").data_arguments() == ["--dataset_name", "me/faces"]
    words = DataSettings(dataset_name="me/faces", crop="face", faces="all").data_arguments()
    assert words == ["--dataset_name", "me/faces", "--crop", "face", "--faces", "all"]


def test_a_store_that_broke_off_goes_on_after_pictures_not_after_crops(tmp_path):
    made = Unfinished(tmp_path, 3)
    for crop in (b"abc", b"def"):
        made.add("train", crop)
    made.read, made.left_out = 2, ["beach.png (no face)"]
    made.position = {"row": 2}
    made.note(now=True)
    digest = made.digest.hexdigest()
    made.close(finished=False)
    again = Unfinished(tmp_path, 3)
    assert (again.read, again.counts, again.position) == (2, {"train": 2, "held_out": 0}, {"row": 2})
    assert again.left_out == ["beach.png (no face)"] and again.digest.hexdigest() == digest
    again.close(finished=True)
