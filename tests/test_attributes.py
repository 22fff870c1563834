"""Attributes: learned from labels, found in a generator's latents, and moved one by one."""

import io
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import torch
from conftest import ROOT
from PIL import Image
from small import folder_of

from gan import UserError
from gan.model import additions, directions, latents, weights
from gan.model.directions import Directions, LocalDirections, along, fitting
from gan.model.look import ATTRIBUTES, Look
from gan.serve.faces import FaceModel
from gan.train.attributes.fit import effects, fit, local
from gan.train.attributes.labels import parse
from gan.train.attributes.network import AttributeNetwork, explained, guesses, train
from gan.train.attributes.scores import Scores
from gan.train.pictures import labelled


def striped(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise with a dark bar where the label is 1: `(N, 16, 16, 3)` uint8, `(N,)`."""
    random = np.random.default_rng(seed)
    pictures = random.integers(60, 200, (count, 16, 16, 3)).astype(np.uint8)
    has = random.integers(0, 2, count)
    pictures[has == 1, 4:8] //= 4
    return pictures, has


def png(picture: np.ndarray) -> bytes:

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of parquet files: pictures, `Eyeglasses` (yes or no), `years` (a number, sometimes missing)."""
    folder = tmp_path_factory.mktemp("data") / "set"
    folder.mkdir()
    for split, count, seed in (("train", 200, 0), ("test", 60, 1)):
        pictures, has = striped(count, seed)
        table = {
            "image": [{"bytes": png(picture), "path": None} for picture in pictures],
            "Eyeglasses": [bool(value) for value in has],
            "years": [None if row % 5 == 0 else int(20 + 30 * value) for row, value in enumerate(has)],
            "name": ["somebody"] * count,
        }
        parquet.write_table(pa.table(table), folder / f"{split}-00000.parquet")
    return folder


def test_labels_are_read_with_their_signs_and_gaps(data):
    faces, held_out = labelled.read([data], parse(["glasses=-Eyeglasses", "age=years"]), 16, "middle")
    assert faces.names == ("glasses", "age") and len(faces.pictures) == 200 and len(held_out.pictures) == 60
    pictures, has = striped(200, 0)
    assert np.array_equal(faces.pictures, pictures) and np.array_equal(faces.values[:, 0], -has)
    assert np.array_equal(np.isnan(faces.values[:, 1]), np.arange(200) % 5 == 0)
    assert np.array_equal(faces.values[1::5, 1], 20 + 30 * has[1::5])


def test_several_columns_of_one_attribute_are_their_mean(data):
    faces, _ = labelled.read([data], parse(["age=years", "age=Eyeglasses"]), 16, "middle")
    has = striped(200, 0)[1]
    assert np.array_equal(faces.values[1::5, 0], (20 + 30 * has[1::5] + has[1::5]) / 2)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (["smile"], "--labels smile: write ATTRIBUTE=COLUMN"),
        (["joy=Smiling"], "the attributes are age, "),
        (["turn=years"], "the attributes are age, .*, bangs.$"),
        (["smile=Smiling"], "has none of the columns of --labels; it has Eyeglasses, name, years"),
        (["smile=name"], "column name holds no numbers, and no yes or no"),
    ],
)
def test_labels_that_are_not_there(data, labels, says):
    with pytest.raises(UserError, match=says):
        labelled.read([data], parse(labels), 16, "middle")


def test_pictures_without_a_face_are_left_out(tmp_path):
    pictures, has = striped(4, 0)
    cells = [{"bytes": png(picture), "path": None} for picture in pictures]
    parquet.write_table(pa.table({"image": cells, "Eyeglasses": has}), tmp_path / "train.parquet")
    with pytest.raises(UserError, match="Only 0 faces have a label for glasses; it takes at least 100"):
        labelled.read([tmp_path], parse(["glasses=Eyeglasses"]), 16, "face")


def test_the_network_learns_a_label(data, tmp_path):
    faces, held_out = labelled.read([data], parse(["glasses=Eyeglasses", "age=years"]), 16, "middle")
    folder_of(tmp_path / "tiny")
    network = AttributeNetwork(weights.load(tmp_path / "tiny").discriminator, 2)
    assert explained(network.eval(), held_out, faces.values)["glasses"] < 0.3
    train(network, faces, 60, 32, 3e-3, 0)
    found = explained(network, held_out, faces.values)
    assert 0.6 < found["glasses"] < 1 and 0.6 < found["age"] < 1
    assert guesses(network, held_out.pictures[:3]).shape == (3, 2) and not network.training


def test_each_move_changes_its_own_attribute_most(tmp_path):
    torch.manual_seed(0)
    folder_of(tmp_path / "tiny")
    loaded = weights.load(tmp_path / "tiny")
    scores = Scores(AttributeNetwork(loaded.discriminator, 1).eval(), ("glasses",), loaded.generator, 16)
    found, told = fit(scores, 2048)
    assert set(told) == {"glasses", "turn"} and set(found) == {*scores.names, "hidden", "lengths"}
    assert scores.names == ("glasses", "turn", "skin", "light")
    measured = np.stack(list(effects(scores, local(found), latents.from_seeds(range(300), 8)).values()))
    assert 0.5 < np.diag(measured).min() and np.diag(measured).max() < 1.5, measured
    assert list(np.abs(measured).argmax(1)) == [0, 1], measured


def curved() -> LocalDirections:
    """Age is the first number, and brightness bends: `2 tanh(first) + second`; the others mean nothing."""
    hidden = np.zeros((1, 9), np.float32)
    hidden[0, 0] = 1
    age, light = np.zeros((2, 9), np.float32)
    age[0], light[1], light[8] = 1, 1, 2
    return LocalDirections("", {"age": age}, {"light": light}, hidden, np.float32([1.5]))


def test_local_directions_leave_alone_what_a_straight_move_would_change():
    vectors = latents.from_seeds(range(40), 8)
    moved = curved().moved(vectors, Look(age=1))
    light = 2 * np.tanh(moved[:, 0]) + moved[:, 1] - 2 * np.tanh(vectors[:, 0]) - vectors[:, 1]
    assert np.abs(light).max() < 0.2 and 0.5 < (moved - vectors)[:, 0].mean() < 1.5
    assert moved.dtype == np.float32
    assert np.allclose(np.linalg.norm(moved, axis=1), np.linalg.norm(vectors, axis=1), rtol=1e-5)
    back = np.linalg.norm(curved().moved(moved, Look(age=-1)) - vectors, axis=1)
    assert back.mean() < 0.5 < np.linalg.norm(moved - vectors, axis=1).mean()


def test_a_face_does_not_depend_on_those_that_are_moved_with_it():
    vectors, look = latents.from_seeds(range(5), 8), Look(age=2)
    each = [curved().moved(vectors[place : place + 1], look)[0] for place in range(5)]
    assert np.array_equal(np.stack(each), curved().moved(vectors, look))
    assert curved().moved(vectors, Look(0.5)) is vectors


def test_a_move_keeps_the_length_of_the_latent():
    vectors = latents.from_seeds(range(5), 100)
    step = np.random.RandomState(99).standard_normal(100).astype(np.float32)
    moved = along(vectors, 3 * step)
    assert moved.dtype == np.float32
    assert np.allclose(np.linalg.norm(moved, axis=1), np.linalg.norm(vectors, axis=1), rtol=1e-5)
    assert (np.sum(moved * step, 1) > np.sum(vectors * step, 1)).all()


def test_a_look_is_fitted_to_what_weights_can_move():
    new, old = (Directions(name * 12, {"age": np.ones(4, np.float32)}) for name in "ab")
    assert fitting(Look(0.5, age=1, smile=2), []) == (Look(0.5), None)
    assert fitting(Look(0.5, smile=2), [new]) == (Look(0.5), None)
    assert fitting(Look(age=1, smile=2), [new, old]) == (Look(age=1, directions="a" * 12), new)
    assert fitting(Look(age=1, directions="b" * 12), [new, old])[1] is old
    assert fitting(Look(age=1, directions="c" * 12), [new, old])[0].directions == "a" * 12
    assert fitting(Look(directions="b" * 12), [new, old]) == (Look(), None)


def test_the_command_writes_directions_and_keeps_older_ones_for_their_links(data, tmp_path):
    folder = tmp_path / "tiny"
    folder_of(folder)
    command = [sys.executable, "-m", "gan.train.attributes", "--train_data_dir", str(data), "--weights", str(folder)]
    command += ["--init_from", str(folder), "--labels", "glasses=Eyeglasses", "--crop", "middle", "--samples", "512"]
    looks = []
    for seed in ("0", "1"):
        done = subprocess.run(
            [*command, "--max_train_steps", "20", "--seed", seed], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        model = FaceModel(folder)
        assert tuple(model.along().of) == tuple(name for name in ATTRIBUTES if name in ("glasses", "turn"))
        looks.append((model.fitting(Look(glasses=2)), model.faces([1, 2], Look(glasses=2))))
    assert "glasses: the latent tells " in done.stdout
    (first, before), (second, after) = looks
    assert first.directions != second.directions and not np.array_equal(before, after)
    assert np.array_equal(model.faces([1, 2], first), before) and np.array_equal(model.faces([1, 2], second), after)
    config = json.loads((folder / "config.json").read_text())
    assert config["metrics"]["attributes"]["training"]["data"] == ["set"] and str(tmp_path) not in json.dumps(config)
    card = (folder / "README.md").read_text()
    assert "**Attributes:** A network learned the labels of 200 faces from set" in card and "| glasses | " in card


@pytest.mark.parametrize("kind", [{"age": (8,)}, {"age": (9,), "light": (9,), "hidden": (1, 9), "lengths": (1,)}])
@pytest.mark.parametrize("damage", [lambda data: data[:50], lambda data: data.replace(b"F32", b"I32")])
def test_damaged_directions_are_refused(kind, damage, tmp_path):
    folder_of(tmp_path)
    additions.save_directions(tmp_path, {name: torch.ones(shape) for name, shape in kind.items()}, {})
    assert list(FaceModel(tmp_path).along().of) == ["age"]
    path = tmp_path / additions.DIRECTIONS
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match="directions.safetensors (is damaged|does not fit)"):
        FaceModel(tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"lengths": (2,)}, {"lengths": None}, {"hidden": (1, 8)}, {"hidden": (9,)}, {"age": (8,)}, {"age": (10,)}]
)
def test_local_directions_that_do_not_fit_are_refused(wrong, tmp_path):
    folder_of(tmp_path)
    shapes = {"age": (9,), "hidden": (1, 9), "lengths": (1,), **wrong}
    tensors = {name: torch.ones(shape) for name, shape in shapes.items() if shape}
    additions.save_directions(tmp_path, tensors, {})
    with pytest.raises(
        UserError, match="directions.safetensors does not fit the generator beside it: (age|hidden|len)"
    ):
        FaceModel(tmp_path)


def test_directions_of_a_newer_version_are_left_out(tmp_path):

    folder_of(tmp_path)
    dim = weights.load_generator(tmp_path).settings.latent_dim
    additions.save_directions(tmp_path, {"age": torch.ones(dim), "freckles": torch.ones(dim)}, {})
    assert tuple(FaceModel(tmp_path).along().of) == ("age",)
    assert directions.fitting(Look(age=1), FaceModel(tmp_path).directions)[0].age == 1
