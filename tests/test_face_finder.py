"""The face finder on faces of the embedded generator: alone, in photos, several at once, none."""

import numpy as np
import pytest
from conftest import EMBEDDED, picture
from PIL import Image

from gan.model import face_finder
from gan.model.face_finder import Square
from gan.model.look import Look
from gan.serve.faces import FaceModel


@pytest.fixture(scope="module")
def faces() -> list[Image.Image]:
    return [Image.fromarray(face) for face in FaceModel(EMBEDDED).faces(range(24), Look(0.8))]


def photo(width: int, height: int, *places: tuple[Image.Image, int, int, int]) -> Image.Image:
    """A wide meadow with faces on it: (face, left, top, side) each."""
    image = Image.new("RGB", (width, height), (96, 128, 80))
    for face, left, top, side in places:
        image.paste(face.resize((side, side), Image.Resampling.BICUBIC), (left, top))
    return image


def test_a_training_crop_is_found_to_be_one(faces):
    squares = [face_finder.framed(found[0], face) for face in faces if (found := face_finder.find(face))]
    assert len(squares) >= 0.9 * len(faces)
    size = faces[0].width
    for left, top, side, roll in squares:
        assert roll == 0  # turning would resample what must stay as it is
        assert 0 <= left <= size - side + 1e-6 and 0 <= top <= size - side + 1e-6
    assert np.median([square.side for square in squares]) > 0.9 * size


@pytest.mark.parametrize(
    "width, height, left, top, side",
    [(1200, 900, 100, 500, 300), (4000, 3000, 2600, 300, 700), (400, 1000, 60, 30, 300), (300, 300, 40, 60, 200)],
)
def test_a_face_in_a_photo_is_framed_like_a_training_picture(faces, width, height, left, top, side):
    good = 0
    for face in faces[:8]:
        image = photo(width, height, (face, left, top, side))
        for found in face_finder.find(image)[:1]:
            square = face_finder.framed(found, image)
            good += (
                abs(square.left - left) < 0.15 * side
                and abs(square.top - top) < 0.15 * side
                and 0.8 < square.side / side < 1.25
            )
    assert good >= 7


def test_the_largest_comes_first(faces):
    image = photo(1500, 800, (faces[1], 100, 200, 240), (faces[2], 500, 100, 480), (faces[4], 1150, 250, 300))
    found = face_finder.find(image)
    assert len(found) == 3 and found[0].side > found[1].side > found[2].side
    assert found[0].left == pytest.approx(500, abs=80)


@pytest.mark.parametrize("angle", [30, 90, 135, 180])
def test_a_turned_face_is_found_and_its_crop_is_upright(faces, angle):
    level, off = 0, []
    for face in faces[:6]:
        image = photo(600, 600, (face, 180, 200, 220))
        turned = image.rotate(-angle, Image.Resampling.BICUBIC)
        before, after = face_finder.find(image)[0], face_finder.find(turned)[0]
        level += abs((after.roll - before.roll - angle + 180) % 360 - 180) < 15
        crops = [face_finder.cut(each, square, 32).astype(int) for each, square in ((image, before), (turned, after))]
        off.append(np.abs(crops[0] - crops[1]).mean())
    assert level >= 5
    assert np.median(off) < 25  # two different faces differ by 54


def test_a_photo_that_was_turned_as_a_whole_shows_all_its_faces(faces):
    image = photo(900, 600, (faces[1], 100, 150, 260), (faces[4], 550, 200, 200))
    for quarters in (1, 2, 3):
        found = face_finder.find(image.rotate(-90 * quarters, expand=True))
        assert len(found) == 2 and found[0].side > found[1].side
        assert all(abs((face.roll - 90 * quarters + 180) % 360 - 180) < 20 for face in found)


def test_a_face_at_the_edge_or_as_large_as_the_picture_is_found(faces):
    cut_off = sum(len(face_finder.find(photo(600, 500, (face, 340, 200, 300)))) == 1 for face in faces[:5])
    large = sum(len(face_finder.find(photo(600, 600, (face, 0, 0, 600)))) == 1 for face in faces[:5])
    assert cut_off >= 4 and large >= 4


def test_a_small_picture_is_searched_as_well(faces):
    """Faces of 40 pixels in pictures of 64 and in photos of 1,000."""
    near = sum(len(face_finder.find(photo(64, 64, (face, 12, 12, 40)))) == 1 for face in faces[:5])
    far = sum(len(face_finder.find(photo(1000, 700, (face, 600, 300, 60)))) == 1 for face in faces[:5])
    assert near >= 4 and far >= 4


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (640, 480), "white"),
        Image.fromarray(picture(2, 300, 200)),
        Image.new("RGB", (16, 16)),
        Image.new("RGB", (5000, 16), "red"),
        Image.fromarray(np.random.RandomState(0).randint(0, 256, (128, 128, 3)).astype(np.uint8)),
    ],
)
def test_there_are_pictures_without_faces(image):
    assert face_finder.find(image) == []


def test_a_square_is_looked_at_with_what_is_around_it():
    # black except for a white square at (40, 40) of side 100: the larger a crop, the darker it is
    image = Image.new("RGB", (300, 200))
    image.paste("white", (40, 40, 140, 140))
    itself, *larger = face_finder.looks(image, Square(40, 40, 100), 50)
    assert itself.mean() > 250 and len(larger) == 3
    for look, rows in zip(larger, ((4, 0), (2, 2), (0, 4))):  # of 50 rows, those above and below are black
        assert look.mean() / 255 == pytest.approx(1 / 1.08**2, abs=0.01)
        assert ((look[:, 25, 0] < 128)[:6].sum(), (look[:, 25, 0] < 128)[-6:].sum()) == pytest.approx(rows, abs=1)
    # no larger crop of the whole picture exists
    assert face_finder.looks(image, face_finder.middle(image), 50).shape == (1, 50, 50, 3)
    corner = face_finder.looks(image, Square(200, 100, 100), 50)
    assert corner.shape == (4, 50, 50, 3) and corner.max() == 0


def test_a_square_is_moved_into_the_picture_as_far_as_it_fits():
    image = Image.new("RGB", (200, 100))
    assert face_finder.framed(Square(-20, 10, 50), image).left == 0
    assert face_finder.framed(Square(150, 80, 60), image) == pytest.approx(
        (200 - 0.9 * 60, 100 - 0.9 * 60, 0.9 * 60, 0)
    )
    assert face_finder.framed(Square(50, -50, 180), image).side == 100
    assert face_finder.middle(image) == Square(50, 0, 100)
    # a slight tilt is left as it is, a stronger one is turned upright
    assert [face_finder.framed(Square(50, 20, 50, roll), image).roll for roll in (-11, 11, 13, -90)] == [0, 0, 13, -90]


def test_a_turned_square_is_cut_out_upright():
    image = Image.fromarray(picture(5, 90, 120))
    for quarters in (1, 2, 3):
        turned = np.rot90(np.asarray(image), -quarters)
        middle = Square(10, 10, 40)
        x, y = middle.middle
        for _ in range(quarters):  # clockwise
            x, y = 90 - y if _ % 2 == 0 else 120 - y, x
        there = Square(x - 20, y - 20, 40, 90 * quarters)
        crop = face_finder.cut(Image.fromarray(np.ascontiguousarray(turned)), there, 40)
        assert np.abs(crop.astype(int) - face_finder.cut(image, middle, 40)).max() <= 1


def test_beyond_the_edges_pixels_are_repeated():
    image = Image.new("RGB", (100, 100), "red")
    image.paste("blue", (80, 0, 100, 100))
    crop = face_finder.cut(image, Square(60, 20, 80), 80)
    assert (crop[:, :18] == (255, 0, 0)).all() and (crop[:, 22:] == (0, 0, 255)).all()
