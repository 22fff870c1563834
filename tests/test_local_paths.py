import json
import os
from pathlib import Path

import pytest
from conftest import WEIGHTS
from small import folder_of

from gan.cards.fact import plain
from gan.model import local_paths
from gan.model.config import load_config, names_local_paths, write_config
from gan.serve.faces import FaceModel


@pytest.mark.parametrize(
    "word, published",
    [
        ("/home/jane/my faces", "my faces"),
        ("/home/jane/faces/", "faces"),
        ("--train_data_dir=/home/jane/a=b/faces", "--train_data_dir=faces"),
        ("~/faces", "faces"),
        ("../jane/faces", "faces"),
        ("runs/../../jane/faces", "faces"),
        ("runs/faces/weights", "runs/faces/weights"),
        ("user/name", "user/name"),
        ("--widths", "--widths"),
        ("8e-4", "8e-4"),
        ("/", "/"),
    ],
)
def test_a_path_that_tells_of_this_machine_is_shortened(word, published):
    assert local_paths.shorten(word) == published == local_paths.shorten(published)


def test_a_folder_has_a_name_however_it_is_given(tmp_path, monkeypatch):
    (tmp_path / "faces" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "faces" / "deep")
    monkeypatch.setenv("HOME", str(tmp_path))
    for given, name in ((".", "deep"), ("..", "faces"), ("~/faces", "faces"), ("../../faces/", "faces")):
        assert local_paths.name(Path(given)) == name


def test_a_config_of_an_older_version_loses_its_local_paths():
    config = {
        "commands": [
            {"from_step": 0, "command": "accelerate launch /x/train.py --train_data_dir '/home/jane/my faces'"}
        ],
        "settings": {"train_data_dir": "/home/jane/my stuff/faces", "init_from": "user/name", "widths": [8, 4]},
        "started_from": {"data": "/home/jane/a; /home/jane/b", "pictures": 5},
        "reference": "first 30 training pictures of /home/jane/faces, 16 px, Lanczos",
        "hardware": "2 x A / B",
        "measured": None,
    }
    assert local_paths.remove_from(config) == {
        "commands": [{"from_step": 0, "command": "accelerate launch train.py --train_data_dir 'my faces'"}],
        "settings": {"train_data_dir": "faces", "init_from": "user/name", "widths": [8, 4]},
        "started_from": {"data": "a; b", "pictures": 5},
        "reference": "first 30 training pictures of faces, 16 px, Lanczos",
        "hardware": "2 x A / B",
        "measured": None,
    }
    assert local_paths.remove_from({"command": "an open ' quote"}) == {"command": "an open ' quote"}
    assert local_paths.remove_from({"failures": "see pictures of /r/pics"}) == {"failures": "see pictures of /r/pics"}
    assert local_paths.command(["python", Path(os.sep) / "a" / "b c", 7]) == "python 'b c' 7"


def test_the_folder_of_the_pictures_is_shortened_even_if_it_is_relative():
    words = ["--train_data_dir", "My Secret/alice", "b/c", "--train_data_dir=d/e", "--output_dir", "runs/faces"]
    published = "--train_data_dir alice c --train_data_dir=e --output_dir runs/faces"
    assert local_paths.command(words) == published == local_paths.command(published.split())
    assert local_paths.remove_from({"train_data_dir": "My Secret/alice"}) == {"train_data_dir": "alice"}


def test_weights_of_older_versions_show_no_local_path(tmp_path):
    folder = folder_of(tmp_path / "weights")
    config = load_config(folder)
    config["training"] |= {"data": "/home/jane/faces", "settings": {"train_data_dir": "/home/jane/faces"}}
    write_config(folder, config)
    assert names_local_paths(folder) and "jane" not in json.dumps(load_config(folder))
    assert not any("jane" in plain(fact) for fact in FaceModel(folder).facts)


@pytest.mark.parametrize("folder", sorted(path.parent for path in WEIGHTS.glob("**/config.json")), ids=lambda f: f.name)
def test_the_embedded_weights_show_no_local_path(folder):
    assert not names_local_paths(folder)
