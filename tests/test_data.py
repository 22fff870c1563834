import hashlib
import io
import json
import subprocess
import sys
from functools import partial
from multiprocessing import get_context
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import torch
from conftest import ROOT, picture
from PIL import Image

from gan import UserError
from gan.model.images import training_crop
from gan.train.pictures import batches, source, sources
from gan.train.pictures import store as stores
from gan.train.settings import DataSettings


def png(number: int, **size) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture(number, **size)).save(buffer, "PNG")
    return buffer.getvalue()


def fill(folder, names, first: int = 0):
    for number, name in enumerate(names, first):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))


def store_of(folder, tmp_path, resolution: int = 16) -> stores.Store:
    return stores.open_store(sources.find(DataSettings(train_data_dir=folder)), resolution, tmp_path / "store")


def test_a_nested_folder_in_name_order_cropped_like_everywhere(tmp_path):
    fill(tmp_path / "in", ["a/2.png", "a/1.PNG", "b/c/3.png", "test/4.png", "notes.txt.png"], 10)
    (tmp_path / "in" / "readme.txt").write_text("no picture")
    (tmp_path / "in" / ".hidden.png").write_bytes(b"no picture either")
    store = store_of(tmp_path / "in", tmp_path)
    assert store.info["train"] == 4 and store.info["held_out"] == 1
    expected = [training_crop(Image.fromarray(picture(number)), 16) for number in (11, 10, 12, 14)]
    assert np.array_equal(store.train, expected)
    assert np.array_equal(store.held_out[0], training_crop(Image.fromarray(picture(13)), 16))


@pytest.mark.parametrize(
    "name, held_out",
    [
        ("test/a.png", True),
        ("x/validation/a.png", True),
        ("test-00000-of-00001.parquet", True),
        ("val_1.png", True),
        ("my-test.png", True),
        ("dev.png", True),
        ("train/a.png", False),
        ("latest/a.png", False),
        ("contest.png", False),
        ("testimony/a.png", False),
        ("a.test", False),
        ("devon.png", False),
    ],
)
def test_split_names(name, held_out):
    assert source.is_held_out(tuple(name.split("/"))) is held_out


def test_a_person_called_val_is_no_split(tmp_path):
    names = [f"Somebody/{n:04d}.png" for n in range(1000)]
    fill(tmp_path / "in", [*names, "Val_Ackerman/1.png"])
    store = store_of(tmp_path / "in", tmp_path)
    assert 10 < store.info["held_out"] < 35 and store.info["train"] == 1001 - store.info["held_out"]


def test_without_split_names_two_percent_are_held_out_by_content(tmp_path):
    fill(tmp_path / "one", [f"{n:04d}.png" for n in range(1500)])
    for path in sorted((tmp_path / "one").iterdir()):
        other = tmp_path / "two" / f"renamed-{path.name[::-1]}.png"
        other.parent.mkdir(exist_ok=True)
        other.write_bytes(path.read_bytes())
    one, two = (store_of(tmp_path / name, tmp_path) for name in ("one", "two"))
    assert 15 <= one.info["held_out"] <= 48 and one.info["train"] + one.info["held_out"] == 1500
    held_out = [{hashlib.sha256(p.tobytes()).hexdigest() for p in store.held_out} for store in (one, two)]
    assert held_out[0] == held_out[1]


@pytest.mark.parametrize("kind", ["struct", "binary"])
def test_parquet_files_with_their_splits(tmp_path, kind):
    (tmp_path / "in").mkdir()
    for name, numbers in (
        ("train-00000-of-00002", range(70)),
        ("train-00001-of-00002", range(70, 90)),
        ("test-00000-of-00001", range(90, 95)),
    ):
        cells = [{"bytes": png(n), "path": f"{n}.png"} if kind == "struct" else png(n) for n in numbers]
        table = pa.table({"age": list(numbers), "image": cells})
        parquet.write_table(table, tmp_path / "in" / f"{name}.parquet")
    store = store_of(tmp_path / "in", tmp_path)
    assert (store.info["train"], store.info["held_out"]) == (90, 5)
    assert np.array_equal(store.train[75], training_crop(Image.fromarray(picture(75)), 16))


def test_cells_of_a_parquet_file_may_be_empty_or_name_a_file(tmp_path):
    fill(tmp_path / "in" / "faces", ["1.png"], 1)
    cells = [{"bytes": png(n), "path": None} for n in range(300)]
    cells[1] = {"bytes": None, "path": "faces/1.png"}
    cells[2], cells[3] = None, {"bytes": None, "path": None}
    cells[4] = {"bytes": None, "path": "faces/nowhere.png"}
    table = pa.table({"image": pa.array(cells, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))})
    parquet.write_table(table, tmp_path / "in" / "train.parquet")
    store = stores.open_store(sources.find(DataSettings(train_data_dir=tmp_path / "in")), 20, tmp_path / "store")
    assert len(store.info["unreadable"]) == 3 and len(store.train) + len(store.held_out) == 297
    reasons = [reason.split(" (")[1] for reason in store.info["unreadable"]]
    assert reasons[:2] == ["the cell is empty)"] * 2 and "nowhere.png" in store.info["unreadable"][2]
    assert any(np.array_equal(picture(1), kept) for kept in [*store.train, *store.held_out])


def test_a_store_is_named_after_the_folder_and_not_after_its_place(tmp_path):
    fill(tmp_path / "in" / "faces", ["1.png"])
    store = store_of(tmp_path / "in" / "faces", tmp_path)
    assert store.info["name"] == "faces"
    info = store.folder / "info.json"
    info.write_text(info.read_text().replace('"faces"', f'"{tmp_path}/in/faces"'))  # as older versions wrote it
    assert store_of(tmp_path / "in" / "faces", tmp_path).info["name"] == "faces"


def test_celeba_as_torchvision_lays_it_out(tmp_path):
    folder = tmp_path / "in" / "celeba"
    fill(folder / "img_align_celeba", ["000001.jpg", "000002.jpg", "000003.jpg", "000004.jpg"])
    (folder / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n000004.jpg 0\n")
    store = store_of(tmp_path / "in", tmp_path)
    assert (store.info["train"], store.info["held_out"]) == (2, 2)
    assert np.array_equal(store.train[1], training_crop(Image.fromarray(picture(3)), 16))
    (folder / "img_align_celeba" / "000002.jpg").unlink()
    with pytest.raises(UserError, match="1 pictures named in .* are missing, 000002.jpg first"):
        sources.find(DataSettings(train_data_dir=tmp_path / "in"))


def test_a_data_set_by_name(tmp_path):
    # datasets accepts a local folder as a name; test_hub.py reads one from a Hub
    fill(tmp_path / "in", [f"train/{n}.png" for n in range(8)] + ["test/8.png", "test/9.png"])
    store = stores.open_store(sources.find(DataSettings(dataset_name=str(tmp_path / "in"))), 16, tmp_path / "store")
    assert (store.info["train"], store.info["held_out"]) == (8, 2)
    assert np.array_equal(store.train[0], training_crop(Image.fromarray(picture(0)), 16))


def test_a_store_is_made_once_and_follows_the_pictures(tmp_path):
    fill(tmp_path / "in", ["1.png", "2.png"])
    first = store_of(tmp_path / "in", tmp_path)
    made = (first.folder / "train.u8").stat().st_mtime_ns
    assert (store_of(tmp_path / "in", tmp_path).folder / "train.u8").stat().st_mtime_ns == made
    assert store_of(tmp_path / "in", tmp_path, 32).folder != first.folder
    fill(tmp_path / "in", ["3.png"], 2)
    assert store_of(tmp_path / "in", tmp_path).info["train"] == 3


@pytest.mark.parametrize("name, content", [("info.json", b""), ("info.json", b"{}"), ("train.u8", b"\0" * 99)])
def test_a_store_that_a_power_cut_has_damaged_is_made_again(tmp_path, name, content):
    fill(tmp_path / "in", [f"{number}.png" for number in range(6)])
    whole = store_of(tmp_path / "in", tmp_path)
    train = whole.train.copy()
    (whole.folder / name).write_bytes(content)
    again = store_of(tmp_path / "in", tmp_path)
    assert np.array_equal(again.train, train) and again.info["digest"] == whole.info["digest"]


def test_two_processes_decode_once(tmp_path):
    fill(tmp_path / "in", [f"{n}.png" for n in range(300)])
    with get_context("spawn").Pool(2) as pool:
        made = pool.starmap(_make_store, [(tmp_path / "in", tmp_path)] * 2)
    assert made[0] == made[1]
    assert len([path for path in (tmp_path / "store").iterdir() if path.is_dir()]) == 1


def _make_store(folder, tmp_path):
    store = store_of(folder, tmp_path)
    return str(store.folder), (store.folder / "train.u8").stat().st_ino, store.info["digest"]


def test_a_kill_while_decoding_leaves_no_half_store(tmp_path):
    fill(tmp_path / "in", ["1.png", "2.png"])
    complete = store_of(tmp_path / "in", tmp_path)
    half = complete.folder.with_suffix(".tmp")
    complete.folder.rename(half)
    (half / "train.u8").write_bytes(b"half")
    assert store_of(tmp_path / "in", tmp_path).info["train"] == 2
    assert not half.exists()


def test_few_broken_pictures_are_counted_and_named(tmp_path, capsys):
    fill(tmp_path / "in", [f"{n:03d}.png" for n in range(200)])
    (tmp_path / "in" / "zz broken.png").write_bytes(png(500)[:90])
    store = store_of(tmp_path / "in", tmp_path)
    assert store.info["train"] + store.info["held_out"] == 200
    assert len(store.info["unreadable"]) == 1 and store.info["unreadable"][0].startswith("zz broken.png (")
    assert "1 of 201 pictures cannot be decoded and are left out: zz broken.png" in capsys.readouterr().out


def test_many_broken_pictures_end_the_run_and_leave_nothing(tmp_path):
    fill(tmp_path / "in", [f"{n:03d}.png" for n in range(98)])
    for n in range(2):
        (tmp_path / "in" / f"broken{n}.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"2 of 100 pictures .* more than 1%: broken0.png \(.*; broken1.png"):
        store_of(tmp_path / "in", tmp_path)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    "names, words",
    [([], "No pictures"), (["test/1.png", "val/2.png"], "None of the 2 pictures .* is left to train on")],
)
def test_nothing_to_train_on(tmp_path, names, words):
    (tmp_path / "in").mkdir()
    fill(tmp_path / "in", names)
    with pytest.raises(UserError, match=words):
        store_of(tmp_path / "in", tmp_path)


def test_what_to_train_on_must_be_said_once(tmp_path):
    for arguments in ((None, None), (tmp_path, "user/name")):
        with pytest.raises(UserError, match="one of the two"):
            sources.find(DataSettings(train_data_dir=arguments[0], dataset_name=arguments[1]))
    with pytest.raises(UserError, match="is not a folder"):
        sources.find(DataSettings(train_data_dir=tmp_path / "nowhere"))


def test_a_damaged_parquet_file_is_named(tmp_path):
    (tmp_path / "train.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(UserError, match="train.parquet cannot be read as parquet"):
        sources.find(DataSettings(train_data_dir=tmp_path))
    parquet.write_table(pa.table({"age": [1]}), tmp_path / "train.parquet")
    with pytest.raises(UserError, match="no column of pictures"):
        sources.find(DataSettings(train_data_dir=tmp_path))


def test_a_parquet_file_that_is_damaged_inside_is_named(tmp_path):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "train.parquet"
    parquet.write_table(pa.table({"image": [png(n) for n in range(200)]}), path)
    content = bytearray(path.read_bytes())
    content[100:4000] = b"x" * 3900  # the pages, not the footer
    path.write_bytes(content)
    with pytest.raises(UserError, match="train.parquet is damaged"):
        store_of(tmp_path / "in", tmp_path)


def test_too_little_disk_is_noticed_before_decoding(tmp_path, monkeypatch):
    fill(tmp_path / "in", ["1.png"])
    monkeypatch.setattr(stores.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
    with pytest.raises(UserError, match="Free some space"):
        store_of(tmp_path / "in", tmp_path)
    assert not (tmp_path / "store").exists()


def test_a_source_that_breaks_off_anywhere_loses_and_repeats_nothing(tmp_path, monkeypatch):
    """Also in the middle of the pictures that are decoded together, and where the disk has room for the rest only."""
    data = [png(number) for number in range(600)]

    def pictures(position=None, breaks=()):
        def read(number):
            if number in breaks:
                raise source.BrokeOff("faces", OSError("no network"))
            return data[number]

        for number in range(position["next"] if position else 0, 600):
            yield source.Picture(f"{number}.png", False, partial(read, number), {"next": number + 1})

    def made(*breaks) -> stores.Store:
        some = partial(pictures, breaks=breaks)
        return stores.open_store(source.Source("faces", "f" * 64, 600, some, some), 16, tmp_path)

    for breaks in (400, 555):
        with pytest.raises(UserError, match="run the same command again"):
            made(breaks)
    monkeypatch.setattr(stores.shutil, "disk_usage", lambda path: SimpleNamespace(free=3 * 16**2 * 50))
    store = made()
    expected = [training_crop(Image.fromarray(picture(number)), 16) for number in range(600)]
    assert np.array_equal(store.train, expected)


def test_decoding_and_reading_need_little_memory(tmp_path):
    """A process makes and reads a store of 200 MB: its peak memory grows by far less."""
    fill(tmp_path / "in", [f"{n}.png" for n in range(256)])
    code = f"""
import json
from pathlib import Path
import torch
from gan.train.pictures import batches, sources, store as stores
from gan.train.settings import DataSettings
def anonymous():  # MiB that the kernel cannot drop, unlike the pages of a mapped file
    return int(next(line for line in open('/proc/self/status') if line.startswith('RssAnon')).split()[1]) / 1024
before = anonymous()
source = sources.find(DataSettings(train_data_dir=Path({str(tmp_path / "in")!r})))
store = stores.open_store(source, 512, Path({str(tmp_path / "store")!r}))
worst = anonymous()
for batch in batches.batches(store.train, 0, 16, 0, torch.device('cpu'), 16):
    worst = max(worst, anonymous())
print(json.dumps([before, worst, store.train.nbytes / 2**20]))
"""
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    before, worst, store = json.loads(output.splitlines()[-1])
    assert store > 180 and worst - before < 0.5 * store


@pytest.mark.parametrize("count, per_step", [(10, 4), (7, 3), (5, 12), (64, 64)])
def test_every_picture_comes_once_per_epoch(count, per_step):
    stream = np.concatenate([batches.indices_at(step, count, per_step, 3) for step in range(3 * count)])
    epochs = stream[: len(stream) // count * count].reshape(-1, count)
    assert (np.sort(epochs, 1) == np.arange(count)).all()
    assert len({tuple(epoch) for epoch in epochs}) > 1
    assert np.array_equal(batches.indices_at(5, count, per_step, 3), batches.indices_at(5, count, per_step, 3))
    if count > 5:
        assert not np.array_equal(batches.indices_at(0, count, per_step, 3), batches.indices_at(0, count, per_step, 4))


def test_processes_and_accumulation_share_out_the_same_pictures():
    pictures = np.arange(40 * 12, dtype=np.uint8).reshape(40, 2, 2, 3)
    cpu = torch.device("cpu")
    (alone,) = list(batches.batches(pictures, 3, 4, 0, cpu, 8))
    halves = [
        next(iter(batches.batches(pictures, 3, 4, 0, cpu, 2, accumulate=2, process=p, processes=2))) for p in (0, 1)
    ]
    together = torch.cat([halves[0][0], halves[1][0], halves[0][1], halves[1][1]])
    assert torch.equal(alone[0], together)
