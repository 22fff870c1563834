"""The seed index: learned, filled, saved, loaded, and what it finds."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import torch
from conftest import ROOT, picture
from small import folder_of
from test_attributes import png

from gan import UserError
from gan.model import additions, seed_index, weights
from gan.model.config import load_config, write_config
from gan.model.seed_index import NUMBERS, Descriptor, SeedIndex
from gan.serve.faces import FaceModel
from gan.train.seeds import fill
from gan.train.seeds.__main__ import SeedSettings, main
from gan.train.seeds.changes import changed
from gan.train.seeds.training import contrast, train


def blobs(first: int, count: int) -> np.ndarray:
    """Pictures of which each differs from the others in its colours: `(N, 64, 64, 3)` uint8."""
    return np.stack([picture(number, 64, 64) for number in range(first, first + count)])


@pytest.fixture(scope="module")
def learned() -> Descriptor:
    pictures = blobs(0, 40)
    brightness = pictures.mean((1, 2, 3))
    values = ((brightness - brightness.mean()) / brightness.std())[:, None].astype(np.float32)
    torch.manual_seed(0)
    return train(pictures, values, blobs(1000, 20), 16, 16, 3e-3, 0)


def test_changed_pictures_of_a_face_are_more_alike_than_two_faces(learned):
    faces, random = blobs(200, 20), np.random.default_rng(0)
    seen = seed_index.described(learned, faces, learned.photographs)
    again = seed_index.described(learned, np.roll(faces, 2, axis=2), learned.photographs)
    assert np.allclose(np.linalg.norm(seen, axis=1), 1, atol=1e-5)
    alike = seen @ again.T
    assert (alike.argmax(1) == np.arange(20)).mean() > 0.8
    pictures = changed(faces, random)
    assert pictures.shape == (20, 3, 64, 64) and -1 <= pictures.min() < -0.5 and 0.5 < pictures.max() <= 1


def test_the_contrast_is_the_cross_entropy_of_each_among_all():
    one = torch.eye(4)
    assert contrast(one, one).item() == pytest.approx(np.log(1 + 3 * np.exp(-10)), rel=1e-3)
    assert contrast(one, one.flip(0)).item() == pytest.approx(10 + np.log(1 + 3 * np.exp(-10)), rel=1e-3)


def test_the_nearest_are_those_of_a_full_comparison():
    random = np.random.default_rng(0)
    descriptions = random.standard_normal((70_000, NUMBERS)).astype(np.float32)
    descriptions /= np.linalg.norm(descriptions, axis=1, keepdims=True)
    index = SeedIndex("", Descriptor(), seed_index.rounded(descriptions))
    seeds, alike = index.nearest(descriptions[66_000], 12)
    wanted = np.argsort(-(index.rows / np.float32(127)) @ descriptions[66_000], kind="stable")[:12]
    assert seeds.tolist() == wanted.tolist() and seeds[0] == 66_000
    assert alike[0] == pytest.approx(1, abs=0.02) and (np.diff(alike) <= 0).all()
    few = SeedIndex("", Descriptor(), index.rows[:5])
    assert sorted(few.nearest(descriptions[0], 12)[0].tolist()) == [0, 1, 2, 3, 4]


def test_a_folder_with_an_index_and_how_it_may_be_broken(tmp_path, learned):
    folder = folder_of(tmp_path / "w")
    assert FaceModel(folder).seed_index is None
    additions.save_descriptor(folder, learned)
    rows = np.arange(3 * NUMBERS, dtype=np.int8).reshape(3, NUMBERS)
    training = {"init_from": "x", "minutes": 1, "hardware": "a core", "command": "index"}
    additions.save_seed_index(folder, rows, {"seeds": 3, "training": training})
    index = FaceModel(folder).seed_index
    assert np.array_equal(index.rows, rows) and index.id == weights.sha256(folder / additions.SEEDS)[:12]
    good, config = (folder / additions.SEEDS).read_bytes(), load_config(folder)
    for content, says in (
        (good[:50], "seeds.safetensors is damaged or cut short"),
        (good[:-1] + b"\1", "is not the file that config.json describes"),
        ((folder / additions.DESCRIPTOR).read_bytes(), "is no seed index of this version"),
    ):
        (folder / additions.SEEDS).write_bytes(content)
        with pytest.raises(UserError, match=says):
            FaceModel(folder)
    (folder / additions.SEEDS).write_bytes(good)
    other = {**config, "metrics": {"seeds": {**config["metrics"]["seeds"], "generator": "0" * 12}}}
    write_config(folder, other)
    with pytest.raises(UserError, match="was made for other weights: make it again with gan.train.seeds, or delete it"):
        FaceModel(folder)
    write_config(folder, {**config, "metrics": {}})
    with pytest.raises(UserError, match="config.json lacks an entry"):
        FaceModel(folder)
    write_config(folder, config)
    additions.save_descriptor(folder, Descriptor())  # what another network indexed says nothing to this one
    assert FaceModel(folder).seed_index is None


def test_a_filling_that_was_killed_goes_on(tmp_path, learned, monkeypatch):
    generator = weights.load_generator(folder_of(tmp_path / "w")).generator
    monkeypatch.setattr(fill, "_PIECE", 40)
    whole = fill.fill(tmp_path / "whole", generator, learned, 100)
    assert whole.shape == (100, NUMBERS) and whole.dtype == np.int8
    part = tmp_path / "part"
    part.write_bytes(whole.tobytes()[: 60 * NUMBERS + 5])  # a row was cut
    looked = []
    made = fill.faces_of
    monkeypatch.setattr(fill, "faces_of", lambda generator, seeds: looked.append(seeds) or made(generator, seeds))
    assert np.abs(fill.fill(part, generator, learned, 100).astype(int) - whole).max() <= 1
    assert looked == [range(60, 100)]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of parquet files with a number for each picture."""
    folder = tmp_path_factory.mktemp("data")
    for split, numbers in (("train", range(120)), ("test", range(120, 135))):
        table = {
            "image": [{"bytes": png(picture(number)), "path": None} for number in numbers],
            "number": list(numbers),
        }
        parquet.write_table(pa.table(table), folder / f"{split}-00000.parquet")
    return folder


def command(*arguments) -> list[str]:
    sizes = ["--crop", "middle", "--max_train_steps", "1", "--train_batch_size", "6"]
    return [sys.executable, "-m", "gan.train.seeds", *map(str, arguments), *sizes]


def test_the_command_is_killed_and_ends_like_an_undisturbed_one(tmp_path, data):
    one, other, third = (folder_of(tmp_path / name) for name in ("one", "other", "third"))
    for folder in (other, third):
        (folder / weights.GENERATOR).write_bytes((one / weights.GENERATOR).read_bytes())
        (folder / "config.json").write_bytes((one / "config.json").read_bytes())
    options = ["--train_data_dir", data, "--seeds", 6_000]
    process = subprocess.Popen(command("--weights", one, *options), cwd=ROOT)
    deadline = time.monotonic() + 120
    while not any(path.stat().st_size for path in one.glob(".seeds-*")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = subprocess.run(command("--weights", one, *options), cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 0 and "Going on with an unfinished index." in again.stdout, again.stderr
    done = subprocess.run(command("--weights", other, *options), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "from 120 photographs and 4,000 generated faces" in done.stdout, done.stderr
    found, wanted = (FaceModel(folder).seed_index for folder in (one, other))
    assert found.rows.shape == (6_000, NUMBERS) and np.abs(found.rows.astype(int) - wanted.rows).max() <= 1
    assert not list(one.glob(".seeds-*"))
    report = load_config(other)["metrics"]["seeds"]
    assert report["seeds"] == 6_000 and report["training"]["photographs"] == 120
    assert os.path.basename(data) in report["training"]["data"] and str(tmp_path) not in str(report)
    card = (other / "README.md").read_text(encoding="utf-8")
    assert "The faces of 6,000 seeds were described by a network that learned who looks like whom from 120" in card
    # weights of one's own take the descriptor that others have learned
    options = ["--weights", third, "--init_from", other, "--seeds", 100]
    assert subprocess.run(command(*options), cwd=ROOT).returncode == 0
    assert np.abs(FaceModel(third).seed_index.rows.astype(int) - wanted.rows[:100]).max() <= 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (lambda folder: {}, "Name either --train_data_dir, to learn a descriptor, or --init_from, to use one."),
        (lambda folder: {"init_from": folder, "seeds": 0}, "--seeds 0: must be from 1 to 4194304."),
        (lambda folder: {"train_data_dir": (Path("nowhere"),)}, "--train_data_dir nowhere holds no parquet files"),
        (lambda folder: {"init_from": folder}, "descriptor.safetensors is missing"),
    ],
    ids=["neither", "none", "no data", "no descriptor"],
)
def test_what_cannot_be_done_is_said_before_the_work(tmp_path, monkeypatch, options, says):
    monkeypatch.setattr(fill, "faces_of", lambda *_: pytest.fail("faces are made"))
    folder = folder_of(tmp_path / "w")
    before = {path.name for path in folder.iterdir()}
    with pytest.raises(UserError, match=re.escape(says)):
        main(SeedSettings(weights=(folder,), **options(folder)))
    assert {path.name for path in folder.iterdir()} == before
