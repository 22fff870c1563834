"""`python -m gan.generate`: any number of faces as files, and a table of them."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import DEFAULT, EMBEDDED, ROOT, WEIGHTS
from PIL import Image
from small import folder_of, pushed, shaped

from gan import UserError, generate
from gan.model import images, weights
from gan.model.look import Look
from gan.model.networks import Discriminator, Generator
from gan.model.point import parse
from gan.model.settings import ModelSettings
from gan.serve.faces import FaceModel

# prints the peak memory of the program; ru_maxrss of a child would include that of its parent
MEASURED = """
import re, runpy, sys
sys.argv[0] = "gan.generate"
try:
    runpy.run_module("gan.generate", run_name="__main__", alter_sys=True)
finally:
    print("peak", re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return folder_of(tmp_path_factory.mktemp("tiny") / "weights")


def table(folder: Path) -> list[dict]:
    with open(folder / "faces.csv", newline="") as file:
        return list(csv.DictReader(file))


def made(*words) -> None:
    """Run the program in this process: a new one takes seconds to import torch."""
    generate.main([str(word) for word in words])


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def pictures_in(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.png")}


def test_single_files_and_their_table(run, tiny, tmp_path):
    done = run("-m", "gan.generate", "--seeds", "1003, 98-101,7-5", "--model", tiny, "--out", tmp_path / "a" / "set")
    assert (done.returncode, done.stderr) == (0, "")
    model, rows = FaceModel(tiny), table(tmp_path / "a" / "set")
    assert done.stdout == f"8 faces of weights {model.id} are in {tmp_path}/a/set, listed in faces.csv.\n"
    seeds = [1003, 98, 99, 100, 101, 7, 6, 5]  # in the order of the command line
    assert rows == [
        {"seed": str(seed), "file": f"seed-{seed:010d}.png", "weights": model.id, "look": "variation=1"}
        for seed in seeds
    ]
    faces = model.faces(seeds)
    for row, face in zip(rows, faces):
        assert np.array_equal(pixels(tmp_path / "a" / "set" / row["file"]), face)
    assert sorted(row["file"] for row in rows) == [f"seed-{seed:010d}.png" for seed in sorted(seeds)]
    assert pictures_in(tmp_path / "a" / "set") == {row["file"] for row in rows}
    assert (tmp_path / "a" / "set" / "LICENSE").read_text() == (tiny / "LICENSE").read_text()


def test_a_file_says_what_it_is(tiny, tmp_path):
    made("--seeds", "12", "--model", tiny, "--variation", "0.8", "--size", "40", "--out", tmp_path)
    picture = Image.open(tmp_path / "seed-0000000012.png")
    assert picture.size == (40, 40) and table(tmp_path)[0]["look"] == "variation=0.8"
    assert {name: picture.text[name] for name in ("seed", "weights", "look", "size")} == {
        "seed": "12",
        "weights": FaceModel(tiny).id,
        "look": "variation=0.8",
        "size": "enlarged from 16 px",
    }
    assert "neural network" in picture.text["generated"]
    face = Image.fromarray(FaceModel(tiny).faces([12], Look(0.8))[0])
    assert np.array_equal(np.asarray(face.resize((40, 40), Image.Resampling.BICUBIC)), np.asarray(picture))


def test_sheets_of_64(tiny, tmp_path):
    made("--seeds", "0-69", "--model", tiny, "--sheet", "--size", "16", "--out", tmp_path)
    rows, faces = table(tmp_path), FaceModel(tiny).faces(range(70))
    assert pictures_in(tmp_path) == {"sheet-00000001.png", "sheet-00000002.png"} and len(rows) == 70
    for row, face in zip(rows, faces):
        sheet = images.unsheet(Image.open(tmp_path / row["sheet"]), 16)
        assert np.array_equal(sheet[int(row["place"])], face)
    assert rows[66]["sheet"] == "sheet-00000002.png" and rows[66]["place"] == "2" and rows[66]["seed"] == "66"
    first, last = (Image.open(tmp_path / name) for name in ("sheet-00000001.png", "sheet-00000002.png"))
    assert first.size == (128, 128) and first.text["seeds"] == "0-63" and "size" not in first.text
    assert last.size == (128, 16) and last.text["seeds"] == "64-69"


def test_a_word_is_a_seed(tiny, tmp_path, capsys):
    made("--seeds", "Ada, 12", "--model", tiny, "--out", tmp_path)
    assert capsys.readouterr().out.startswith("“Ada” is seed 2316697257.\n2 faces")
    assert pictures_in(tmp_path) == {"seed-2316697257.png", "seed-0000000012.png"}


def test_places_between_faces(tiny, tmp_path):
    made("--seeds", "4-5, 4~13@0.25, (4~13@0.4)~(7~9@0.2)@.5", "--model", tiny, "--out", tmp_path)
    texts = ["4", "5", "4~13@0.25", "4~13@0.4~(7~9@0.2)@0.5"]
    names = ["seed-0000000004.png", "seed-0000000005.png", *(f"seed-{text}.png" for text in texts[2:])]
    assert [(row["seed"], row["file"]) for row in table(tmp_path)] == list(zip(texts, names))
    faces = FaceModel(tiny).faces([parse(text)[0] for text in texts])
    for text, name, face in zip(texts, names, faces):
        assert np.array_equal(pixels(tmp_path / name), face) and Image.open(tmp_path / name).text["seed"] == text


def test_smaller_faces_say_so(tiny, tmp_path):
    made("--seeds", "1", "--model", tiny, "--size", "8", "--out", tmp_path)
    picture = Image.open(tmp_path / "seed-0000000001.png")
    assert picture.size == (8, 8) and picture.text["size"] == "reduced from 16 px"


def test_the_default_is_what_the_page_shows(tmp_path):
    made("--seeds", "7", "--out", tmp_path)
    assert np.array_equal(pixels(tmp_path / "seed-0000000007.png"), FaceModel(EMBEDDED).faces([7])[0])


def test_shaped_faces_say_how(tmp_path):
    model = FaceModel(shaped(folder_of(tmp_path / "weights"), "age", "smile"))
    words = ("--seeds", "7,9", "--model", model.folder, "--age", "1.5", "--smile", "-1")
    made(*words, "--out", tmp_path / "set")
    look = Look(age=1.5, smile=-1, directions=model.along().id)
    assert {row["look"] for row in table(tmp_path / "set")} == {f"variation=1&age=1.5&smile=-1&d={look.directions}"}
    file = tmp_path / "set" / "seed-0000000009.png"
    assert np.array_equal(pixels(file), model.faces([9], look)[0])
    assert Image.open(file).text["look"] == table(tmp_path / "set")[0]["look"]
    shaped(model.folder, "age", "smile", seed=1)  # what was made along the older ones can be made again
    made(*words, "--directions", look.directions.upper(), "--out", tmp_path / "again")
    made(*words, "--out", tmp_path / "newer")
    assert np.array_equal(pixels(tmp_path / "again" / file.name), pixels(file))
    assert not np.array_equal(pixels(tmp_path / "newer" / file.name), pixels(file))


def test_what_weights_cannot_shape_is_one_sentence(tiny, tmp_path):
    for words, sentence in (
        (("--age", "1"), "These weights cannot change age. Other weights may: name them with --model."),
        (("--age", "3.5"), "--age 3.5: must be a number from -3 to 3"),
        (("--directions", "x"), "--directions x: must be the 12 hexadecimal digits"),
    ):
        with pytest.raises(UserError, match=re.escape(sentence)):
            made("--seeds", "1", "--model", tiny, *words, "--out", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_weights_from_the_hub(hub_server, repo_id, tmp_path):
    ids = []
    for number in (1, 2):
        pushed(folder_of(tmp_path / str(number), number), repo_id)
        ids.append(FaceModel(tmp_path / str(number)).id)
    for name, expected in ((repo_id, ids[1]), (f"{repo_id}@g-{ids[0]}", ids[0])):
        made("--seeds", "3", "--model", name, "--out", tmp_path / expected)
        assert table(tmp_path / expected)[0]["weights"] == expected


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, sentence",
    [
        (("--seeds", "0-9,1.5"), "“1.5” is not a seed. Seeds are whole numbers from 0 to 4294967295, or words."),
        (("--seeds", "4294967296"), "“4294967296” is not a seed"),
        (("--seeds", "Ada,ada"), "--seeds names seed 2316697257 twice"),
        (("--seeds", "1-4294967296"), "“1-4294967296” is not a seed"),
        (("--seeds", "4~13"), "--seeds: “4~13” is not a place between two faces. Write, for example, 4~13@0.4."),
        (("--seeds", "4~13@1.5"), "--seeds: “4~13@1.5” is not possible."),
        (("--seeds", "4~13@0,5"), "--seeds: A comma separates faces."),
        (("--seeds", "4~13@0.4,1-9,(4)~13@.4"), "--seeds names seed 4~13@0.4 twice"),
        (("--seeds", "4~13@0,0-5"), "--seeds names seed 4 twice"),
        (("--seeds", " , "), "--seeds names no seed"),
        (("--seeds", "0-4294967295,9"), "--seeds names seed 9 twice"),
        (("--seeds", "9-5,0-5"), "--seeds names seed 5 twice"),
        (("--seeds", "1", "--variation", "1.6"), "--variation 1.6: must be a number from 0 to 1.5"),
        (("--seeds", "1", "--variation", "nan"), "--variation nan: must be a number from 0 to 1.5"),
        (("--seeds", "1", "--variation", "0.123"), "with at most 2 decimals"),
        (("--seeds", "1", "--size", "0"), "--size 0: must be a whole number from 8 to 1024"),
        (("--seeds", "1", "--size", "64.5"), "--size 64.5: must be a whole number from 8 to 1024"),
        (("--seeds", "1", "--model", "no/such/folder"), "no/such/folder is neither a folder of weights nor a repo"),
        (("--seeds", "1", "--model", "."), "config.json is missing"),
        (("--seeds", "1", "--model", "weights/faces-12"), "There is no folder weights/faces-12, so the Hub was asked"),
    ],
)
def test_nonsense_is_one_sentence(hub_server, tmp_path, words, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)) as caught:
        made(*words, "--out", tmp_path / "new")
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_something_is_left_alone(run, tiny, tmp_path):
    words = ("--seeds", "0-2", "--model", tiny, "--out", tmp_path)
    made(*words)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = run("-m", "gan.generate", *words)
    assert again.returncode == 1 and again.stderr == f"Error: {tmp_path} is not empty: name a new folder.\n"
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    with pytest.raises(UserError, match="is not a folder"):
        made("--seeds", "1", "--out", tmp_path / "faces.csv")


@pytest.mark.parametrize("limit, done", [(200, 0), (4500, 64)])
def test_a_full_disk_is_one_sentence(tiny, tmp_path, limit, done):
    """No file may exceed `limit` bytes: the first picture does, or the table, in the middle of its second batch."""
    words = ["--seeds", "0-999", "--model", str(tiny), "--out", str(tmp_path / "set")]
    code = f"import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); " + (
        "runpy.run_module('gan.generate', run_name='__main__', alter_sys=True)"
    )
    full = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True)
    assert full.returncode == 1 and full.stderr == (
        f"Error: {tmp_path}/set cannot be written to (File too large): {done} of 1,000 faces are in it.\n"
    )
    assert {row["file"] for row in table(tmp_path / "set")} == pictures_in(tmp_path / "set")
    assert len(table(tmp_path / "set")) == done


# --- many faces ---------------------------------------------------------------------------------------------------


def peak(tiny: Path, out: Path, seeds: str, stop_after: int | None = None) -> tuple[int, str]:
    """Peak memory of a run in KB, and its stderr; Ctrl-C is sent when the table has more than `stop_after` rows."""
    words = ["--seeds", seeds, "--model", str(tiny), "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", MEASURED, *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if stop_after:
        deadline = time.monotonic() + 120
        while not (out / "faces.csv").exists() or (out / "faces.csv").read_text().count("\n") <= stop_after:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    return int(output.split("peak ")[1]), errors


def test_ten_times_as_many_faces_take_the_same_memory(tmp_path):
    settings, tiny = ModelSettings(64, latent_dim=8, widths=(8, 8, 8, 8)), tmp_path / "weights"
    tiny.mkdir()
    weights.save(tiny, Generator(settings), Discriminator(settings), settings, {})
    few, _ = peak(tiny, tmp_path / "few", "0-399")
    many, errors = peak(tiny, tmp_path / "many", "0-4294967295", stop_after=4000)  # 49 MB of pixels
    rows = table(tmp_path / "many")
    assert errors == f"Stopped: {len(rows):,} of 4,294,967,296 faces are in {tmp_path}/many.\n"
    assert len(rows) >= 4000 and {row["file"] for row in rows} == pictures_in(tmp_path / "many")
    assert [int(row["seed"]) for row in rows] == list(range(len(rows)))
    assert 0.97 < many / few < 1.03, (few, many)


def test_help_names_the_default_and_does_not_wait_for_torch(run):
    done = run("-m", "gan.generate", "--help")
    assert done.returncode == 0 and f"default: weights/{DEFAULT}" in done.stdout
    code = "import sys, gan.generate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_seeds_most_like_a_photo(tmp_path, capsys):
    model = FaceModel(EMBEDDED)
    Image.fromarray(FaceModel(WEIGHTS / "faces-64").faces([300_077])[0]).resize((256, 256)).save(tmp_path / "photo.png")
    made("--like", tmp_path / "photo.png", "--out", tmp_path / "faces")
    rows = table(tmp_path / "faces")
    seeds = [int(row["seed"]) for row in rows]
    assert len(set(seeds)) == 12 and f"Most alike: {', '.join(map(str, seeds))}." in capsys.readouterr().out
    assert np.array_equal(pixels(tmp_path / "faces" / rows[0]["file"]), model.faces(seeds[:1])[0])


def test_a_photo_in_which_nothing_can_be_found_is_one_sentence(tiny, tmp_path):
    Image.new("RGB", (80, 60), "navy").save(tmp_path / "blue.png")
    (tmp_path / "note.txt").write_text("no picture")
    for words, sentence in (
        (("--like", tmp_path / "blue.png"), "no face was found in it"),
        (("--like", tmp_path / "nowhere.png"), "cannot be read: No such file"),
        (("--like", tmp_path / "note.txt"), "not a picture that can be read here"),
        (("--like", tmp_path / "blue.png", "--model", tiny), "has no seed index"),
    ):
        with pytest.raises(UserError, match=sentence):
            made(*words, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()
