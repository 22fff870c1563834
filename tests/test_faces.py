"""FaceModel on the embedded weights: what the page can do, without a page."""

import numpy as np
import pytest
from conftest import EMBEDDED
from small import folder_of, shaped

from gan import UserError
from gan.model import sampling, weights
from gan.model.look import Look
from gan.model.point import Place, between
from gan.serve import files
from gan.serve.faces import FaceModel


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel(EMBEDDED)


def test_faces_are_those_of_sampling(model):
    expected = sampling.faces(weights.load(EMBEDDED).generator, [1003, 0], Look(0.8))
    found = model.faces([1003, 0], Look(0.8))
    assert found.shape == expected.shape and np.abs(found.astype(int) - expected).max() <= 1 and expected.std() > 20
    assert model.id == weights.load(EMBEDDED).generator_id and model.resolution == expected.shape[1]


def test_a_face_is_the_same_bit_by_bit_whatever_is_made_beside_it(model):
    alone = model.made([1003])[0]
    assert np.array_equal(model.made([5, 6, 1003])[2], alone) and np.array_equal(
        model.made(range(1000, 1009))[3], alone
    )


def test_a_face_is_made_once_and_compressed_once(tmp_path, monkeypatch):
    model, made, compressed = FaceModel(folder_of(tmp_path)), [], []
    real, png = sampling.from_latents, files.face_file
    monkeypatch.setattr(
        sampling,
        "from_latents",
        lambda generator, vectors, *rest: made.extend(vectors) or real(generator, vectors, *rest),
    )
    monkeypatch.setattr(files, "face_file", lambda *arguments: compressed.append(1) or png(*arguments))
    first = model.faces((70, 71), Look(0.9))
    pictures = model.pngs([71, 72, 70, 71], Look(0.9))
    assert np.array_equal(model.faces([71], Look(0.9)), first[1:]) and (len(made), len(compressed)) == (3, 3)
    assert model.pngs([70, 71], Look(0.9)) == [pictures[2], pictures[0]] and (len(made), len(compressed)) == (3, 3)
    model.faces([70], Look(0.8))
    assert len(made) == 4
    with pytest.raises(ValueError):
        first[0, 0, 0, 0] = 0
    model.most_kept = 64
    model.faces(range(100, 163), Look(0.9))  # the least recently used are dropped
    model.faces([71], Look(0.9))
    assert len(made) == 68


def test_a_face_that_could_not_be_made_is_tried_again(tmp_path, monkeypatch):
    model, real = FaceModel(folder_of(tmp_path)), sampling.from_latents
    monkeypatch.setattr(sampling, "from_latents", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.faces([7, 8])
    monkeypatch.setattr(sampling, "from_latents", real)
    assert model.faces([7, 8]).shape == (2, 16, 16, 3)


@pytest.mark.parametrize("loop, count", [(True, 15), (False, 11)])
def test_a_morph_passes_through_its_faces(model, loop, count):
    frames = model.morph([4, 13, 17], Look(0.9), frames=5, loop=loop)
    assert frames.shape == (count, model.resolution, model.resolution, 3)
    faces = model.faces([4, 13, 17], Look(0.9)).astype(int)
    for place, face in zip((0, 5, 10), faces):
        assert np.abs(frames[place] - face).max() <= 1
    closed = np.concatenate([frames, frames[:1]]).astype(int)
    steps = np.abs(np.diff(closed, axis=0)).mean((1, 2, 3))
    for leg in range(3 if loop else 2):  # no jumps: every step is a part of its leg
        whole = np.abs(faces[(leg + 1) % 3] - faces[leg]).mean()
        assert 0 < steps[5 * leg : 5 * leg + 5].max() < 0.6 * whole
    assert loop or np.array_equal(frames[-1], frames[10])


def test_every_moment_of_a_morph_is_a_place(model):
    ends = (Place(4, 13, 0.4), 7)
    frames = model.morph(ends, frames=4, loop=False)
    moments = model.faces([between(*ends, step / 4) for step in range(5)]).astype(int)
    assert np.abs(frames - moments).max() <= 1
    # a t has three decimals, so some moments lie half a thousandth beside
    frames = model.morph(ends, frames=32, loop=False).astype(int)
    moments = model.faces([between(*ends, step / 32) for step in range(33)]).astype(int)
    step = np.abs(np.diff(frames, axis=0)).mean()
    assert 0 < np.abs(frames - moments).mean() < 0.05 * step


def test_a_morph_may_come_back_to_a_face_and_stay(model):
    frames = model.morph([4, 13, 4, 4], Look(1.0), frames=3, loop=False)
    assert np.array_equal(frames[0], frames[6]) and np.array_equal(frames[6], frames[-1])
    assert not np.array_equal(frames[0], frames[3])


def test_a_look_moves_faces_and_morphs_along_the_directions_it_names(tmp_path):
    plain = FaceModel(folder_of(tmp_path))
    shaped(tmp_path, "age", "smile")
    older = FaceModel(tmp_path).along().id
    shaped(tmp_path, "age", seed=1)
    model = FaceModel(tmp_path)
    assert plain.along().id == "" and model.along().id != older and list(model.along().of) == ["age"]
    look = Look(age=2)
    moved, as_generated = model.faces([7, 9], look), plain.faces([7, 9])
    assert np.array_equal(model.faces([7, 9]), as_generated) and not np.array_equal(moved, as_generated)
    assert np.array_equal(model.made([7, 9], look), moved)
    assert np.array_equal(model.faces([7, 9], Look(age=2, directions=model.along().id)), moved)
    frames = model.morph([7, 9], look, frames=3, loop=False).astype(int)
    assert np.abs(frames[[0, -1]] - moved).max() <= 1 and len(frames) == 4
    pinned = Look(age=2, smile=1, directions=older)
    assert not np.array_equal(model.faces([7, 9], pinned), moved) and list(model.along(pinned).of) == ["age", "smile"]
    assert np.array_equal(plain.faces([7, 9], look), as_generated) and plain.fitting(look) == Look()


def test_what_weights_cannot_show_is_one_sentence(tmp_path):
    plain, model = FaceModel(folder_of(tmp_path)), FaceModel(shaped(tmp_path, "age"))
    assert plain.cannot(Look(0.5)) == model.cannot(Look(age=1)) == ""
    assert plain.cannot(Look(age=1)) == "These weights cannot change age."
    look = Look(age=1, smile=-1, glasses=2)
    assert plain.cannot(look) == "These weights cannot change age, smile and glasses."
    assert model.cannot(look) == "These weights cannot change smile and glasses."
    assert model.cannot(Look(age=1, directions=model.along().id)) == ""
    assert model.cannot(Look(age=1, directions="0" * 12)) == "These weights do not have the directions 000000000000."


def test_a_folder_without_weights_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="config.json is missing"):
        FaceModel(tmp_path)
