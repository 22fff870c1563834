"""Find: the nearest seeds, what between them is nearer, and the seed of its own face."""

import io

import numpy as np
import pytest
from conftest import EMBEDDED, WEIGHTS
from PIL import Image

from gan.link import View, decode
from gan.model import face_finder, same_face, seed_index
from gan.model.look import Look
from gan.model.point import Place
from gan.serve import DEFAULT
from gan.serve.faces import FaceModel
from gan.serve.finder import SHOWN, Finder, named
from gan.serve.models import Models
from gan.serve.page.find import FindTab, as_json


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(FaceModel(EMBEDDED))


def face(finder: Finder, seed: int, **look) -> Image.Image:
    return Image.fromarray(finder.model.faces([seed], Look(**look))[0])


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def screenshot(picture: Image.Image) -> Image.Image:
    page = Image.new("RGB", (420, 330), (240, 240, 235))
    page.paste(picture.resize((230, 230), Image.Resampling.BICUBIC), (90, 60))
    return jpeg(page, 85)


CHANGES = {
    "PNG": lambda picture: picture,
    "JPEG 70": lambda picture: jpeg(picture, 70),
    "halved": lambda picture: picture.resize((64, 64), Image.Resampling.LANCZOS),
    "screenshot": screenshot,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("seed", [2, 1003, 249_998])
def test_a_picture_of_a_seed_is_recognised(finder, seed, change):
    picture = CHANGES[change](face(finder, seed))
    made = named([finder], picture, face_finder.find(picture))
    assert made.seed == seed and made.weights == finder.model.id and 0.975 < made.likeness <= 1.001


@pytest.mark.parametrize("seed", [2, 1003])
def test_what_is_not_the_picture_of_a_seed_of_the_index_is_not_called_so(finder, seed):
    mirrored = Image.fromarray(np.ascontiguousarray(np.asarray(face(finder, seed))[:, ::-1]))
    beyond = face(finder, len(finder.index.rows) + seed)
    for picture in (mirrored, beyond, face(finder, seed, variation=0.6), Image.new("RGB", (90, 60), "navy")):
        assert named([finder], picture, face_finder.find(picture)) is None


def test_of_two_generators_that_make_similar_faces_the_right_one_is_named(finder):
    finders = Finder.of(Models(WEIGHTS, DEFAULT))
    assert [each.model.id for each in finders][0] == finder.model.id and len(finders) == 2
    for each in finders:
        picture = Image.fromarray(each.model.faces([1003])[0])
        made = named(finders, picture, face_finder.find(picture))
        assert (made.seed, made.weights) == (1003, each.model.id)


def test_a_face_is_like_itself_shifted_and_unlike_others(finder):
    pictures = seed_index.sized(finder.model.faces([2, 5, 9]))
    for place, picture in enumerate(pictures):
        alike = [same_face.likeness(np.roll(picture, 2, axis=1), other) for other in pictures]
        assert int(np.argmax(alike)) == place and alike[place] > 0.97 and sorted(alike)[1] < 0.9
    assert same_face.likeness(pictures[0], np.full_like(pictures[0], 90)) == -1


def test_places_between_seeds_are_nearer_than_the_seeds(finder):
    stranger = Image.fromarray(FaceModel(WEIGHTS / "faces-64").faces([300_077])[0])
    (found,) = finder.find(stranger, face_finder.find(stranger))
    assert found.alike == tuple(sorted(found.alike, reverse=True)) and len(set(found.points)) == SHOWN
    points, alike = finder.nearer(found.description, found.points)
    assert len(points) == SHOWN and any(isinstance(point, Place) for point in points)
    assert alike[0] > found.alike[0] and alike == tuple(sorted(alike, reverse=True))
    # as it was measured, each face alone
    seen = seed_index.sized(finder.model.faces(points[:1]))
    (described,) = seed_index.described(finder.index.descriptor, seen, finder.index.descriptor.generated)
    assert float(described @ found.description) == pytest.approx(alike[0], abs=1e-3)


@pytest.fixture(scope="module")
def tab() -> FindTab:
    return FindTab(Models(WEIGHTS, DEFAULT))


def test_the_answer_names_seeds_a_link_and_the_face(finder, tab):
    photo = Image.new("RGB", (700, 400), (96, 128, 80))
    for seed, left, side in ((9, 30, 300), (4, 400, 200)):
        photo.paste(face(finder, seed).resize((side, side)), (left, 60))
    squares = face_finder.find(photo)
    made = named([finder], photo, squares)
    answer = as_json(finder.find(photo, squares), finder.model.id, photo, made)
    one, other = answer["faces"]
    assert answer["others"] and answer["chosen"] == one and [mark["face"] for mark in answer["marks"]] == [0, 1]
    assert one["headline"] == "This is seed 9" and one["made_by"] == {"seed": 9, "weights": finder.model.id}
    assert other["headline"] == f"Seed {other['seeds'][0]} looks most like this face" and other["made_by"] is None
    assert one["sentences"][0] == "Face 1 of 2, on the left." and len(one["seeds"]) == SHOWN
    view, notes = decode(one["link"])
    assert view == View("find", tuple(map(int, one["seeds"])), weights=finder.model.id) and not notes
    assert np.allclose(np.linalg.norm(np.array(one["description"]) / 127), 1, atol=0.02)
    assert one["box"][2] == pytest.approx(300, abs=30)
    faces, button = tab.render(view)
    assert [each["seed"] for each in faces] == one["seeds"] and button["visible"]
    assert tab.render(View("find", ())) == [[], {**button, "visible": False}]


@pytest.mark.parametrize("sent", [None, "x", [], [0] * seed_index.NUMBERS, [1] * 31, {"a": 1}, ["x"] * 32])
def test_a_description_that_is_none_is_asked_for_again(tab, sent):
    view = View("find", (1, 2, 3), weights=tab.models.current.id)
    again = "Choose the photo again: the page no longer has the description of its face."
    if sent == ["x"] * 32:  # bytes, of nobody
        assert tab.nearer(view, sent)[0].tab == "find"
    else:
        assert tab.nearer(view, sent) == (view, [again])
    assert tab.nearer(View("find", ()), [5] * 32) == (View("find", ()), [again])


def test_found_faces_become_a_gallery(tab):
    view = View("find", (5, 2, 3), Look(0.8), tab.models.current.id)
    assert tab.as_gallery(view)[0] == View("gallery", (5, 2, 3), Look(0.8), tab.models.current.id)
    assert tab.as_gallery(View("find", ()))[0] == View("find", ())
    assert tab.of(View("gallery", tuple(range(20)))).seeds == tuple(range(12))
