"""A weights folder with anything wrong in it is refused in one sentence, or it works wherever it is used and shown."""

import copy
import json
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from conftest import EMBEDDED, WEIGHTS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from small import SMALL, folder_of

from gan import UserError, hub
from gan.hub import __main__ as hub_command
from gan.model import face_finder, sampling, weights
from gan.model.config import MOST_CONFIG_BYTES
from gan.model.detector import Detector
from gan.model.traces import Traces
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge
from gan.serve.page.about import about
from gan.serve.page.verdict import as_opinion
from gan.train.detector import training as detector_training
from gan.train.generator import transfer

# without shrinking: it takes minutes, and a config with three changes is small enough to read
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
PICTURE = Image.linear_gradient("L").convert("RGB")
NUMBERS = [True, -1, 0, 0.5, 64.0, 10**400, 1e308, -1e308, float("nan"), float("inf")]
WORDS = ["", "none", "../x", "/etc/passwd", "\x00", "\ud800", "{}", "<b>", "1e9", "x" * 5000]
JUNK = st.sampled_from([None, *NUMBERS, *WORDS, [], [None], [[1]], {}, {"": None}, {"x": {"y": []}}]) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=5,
)


def places(value, above: tuple = ()) -> list[tuple]:
    """Where in nested JSON a value can be replaced, as the keys that lead there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, child in items for place in ((*above, key), *places(child, (*above, key)))]


@st.composite
def mutated(draw, config: dict) -> dict:
    """The config with up to three values replaced or taken out, at any depth."""
    config = copy.deepcopy(config)
    for _ in range(draw(st.integers(1, 3))):
        depth = draw(st.integers(1, 6))  # most places are deep; this makes the upper ones as likely
        *above, key = draw(st.sampled_from([place for place in places(config) if len(place) <= depth] or [("new",)]))
        parent = config
        for step in above:
            parent = parent[step]
        if draw(st.booleans()):
            parent[key] = draw(JUNK)
        elif key in parent or isinstance(parent, list):
            del parent[key]
    return config


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    folder = folder_of(tmp_path_factory.mktemp("generator") / "weights")
    real = json.loads((EMBEDDED / weights.CONFIG).read_text())
    shown = {name: real[name] for name in ("training", "metrics", "failures")}
    weights.write_config(folder, {**weights.load_config(folder), **shown})
    return folder


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    folder = tmp_path_factory.mktemp("detector")
    real = json.loads((WEIGHTS / "detector" / weights.CONFIG).read_text())
    shown = {name: real[name] for name in ("training", "calibration", "report")}
    weights.save_detector(folder, Detector(SMALL), SMALL, shown)
    weights.save_traces(folder, Traces(SMALL), real["unseen"])
    return folder


def refused(use, *arguments) -> bool:
    """Whether `use` raises a UserError of one sentence; any other exception fails the test."""
    try:
        use(*arguments)
        return False
    except UserError as error:
        sentence = str(error)
        assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 600
        assert sentence.encode()  # no lone surrogates: a page could not show them
        return True


def generator_used(folder) -> None:
    """Use a generator's folder as page, trainer and `gan.hub push` do."""
    if not refused(FaceModel, folder):
        assert FaceModel(folder).faces([5]).shape == (1, 16, 16, 3)
    if not refused(weights.load, folder):
        refused(transfer.origin, weights.load(folder))


def detector_used(folder) -> None:
    """Use a detector's folder as page and trainer do."""
    if not refused(Judge, folder):
        judge = Judge(folder)
        as_opinion(judge.opinion(PICTURE, face_finder.middle(PICTURE)))
    refused(detector_training.start_from, folder)


@contextmanager
def config_text(folder, text: bytes):
    """The folder with another text in its config.json."""
    path = folder / weights.CONFIG
    whole = path.read_bytes()
    path.write_bytes(text)
    try:
        yield
    finally:
        path.write_bytes(whole)


def test_whole_folders_are_used(generator, detector):
    assert not refused(FaceModel, generator) and transfer.origin(weights.load(generator))["pictures"] > 1000
    assert not refused(Judge, detector) and detector_training.start_from(detector)


@pytest.mark.parametrize("kind, use", [("generator", generator_used), ("detector", detector_used)])
@EXAMPLES
@given(data=st.data())
def test_any_config_is_used_or_refused(generator, detector, kind, use, data):
    folder = {"generator": generator, "detector": detector}[kind]
    changed = data.draw(mutated(json.loads((folder / weights.CONFIG).read_text())))
    with config_text(folder, json.dumps(changed).encode()):
        use(folder)


@EXAMPLES
@given(data=st.data())
def test_what_is_loaded_can_be_shown(generator, detector, data):
    """A malformed config is found when the page starts, not when a visitor opens a tab."""
    models, judges = [], []
    for folder, use, found in ((generator, FaceModel, models), (detector, Judge, judges)):
        changed = data.draw(mutated(json.loads((folder / weights.CONFIG).read_text())))
        with config_text(folder, json.dumps(changed).encode()):
            if not refused(use, folder):
                found.append(use(folder))
    for model in models or [FaceModel(generator)]:
        for judge in judges or [Judge(detector)]:
            assert about(model, judge).encode() and judge.trust.encode()


BROKEN = {
    "empty": lambda text: b"",
    "cut short": lambda text: text[: len(text) // 2],
    "not UTF-8": lambda text: text.replace(b"modern", b"\xff\xfe"),
    "UTF-16": lambda text: text.decode().encode("utf-16"),
    "a list": lambda text: b"[" + text + b"]",
    "nested deeply": lambda text: text.replace(b'"training":', b'"x":' + b"[" * 5000 + b"]" * 5000 + b', "training":'),
    "nested a little too deeply": lambda text: text.replace(
        b'"training":', b'"x":' + b"[" * 200 + b"]" * 200 + b', "training":'
    ),
    "a number of 5,000 digits": lambda text: text.replace(b'"steps":', b'"steps": ' + b"9" * 5000 + b', "y":'),
    "half a character": lambda text: text.replace(b"modern", b"\\ud800"),
    "huge": lambda text: text + b" " * MOST_CONFIG_BYTES,
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_config_that_is_no_text_of_one_is_refused(generator, change):
    text = (generator / weights.CONFIG).read_bytes()
    assert change(text) != text
    with config_text(generator, change(text)):
        assert refused(FaceModel, generator) and refused(weights.load, generator)


@pytest.mark.parametrize("name", [weights.CONFIG, weights.GENERATOR])
def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path, name):
    folder = folder_of(tmp_path / "weights")
    (folder / name).unlink()
    (folder / name).mkdir()
    assert refused(FaceModel, folder) and refused(weights.load, folder)


@pytest.mark.parametrize(
    "hashes", [None, [], "x", {weights.GENERATOR: None}, {weights.GENERATOR: "../config.json"}, {weights.GENERATOR: {}}]
)
def test_hashes_that_are_none_are_refused(generator, hashes):
    config = json.loads((generator / weights.CONFIG).read_text())
    with config_text(generator, json.dumps({**config, "sha256": hashes}).encode()):
        assert refused(FaceModel, generator) and refused(weights.load, generator)


@pytest.mark.parametrize("name", ["absent.safetensors", "../x", "/etc/shadow", "", "\x00", "."])
def test_only_files_that_are_loaded_are_opened(generator, name):
    """A config may name any file: those of a later version, or those of the server."""
    config = json.loads((generator / weights.CONFIG).read_text())
    with config_text(generator, json.dumps({**config, "sha256": {**config["sha256"], name: "0" * 64}}).encode()):
        assert np.array_equal(FaceModel(generator).faces([5]), sampling.faces(weights.load(generator).generator, [5]))


def test_what_cannot_be_described_is_not_pushed(generator, monkeypatch):
    config = json.loads((generator / weights.CONFIG).read_text())
    monkeypatch.setattr(sys, "argv", ["gan.hub", "push", str(generator), "alice/never"])
    monkeypatch.setattr(hub, "prepare", lambda *arguments: pytest.fail("the Hub was asked"))
    with config_text(generator, json.dumps({**config, "metrics": {"frechet_distance": 3}}).encode()):
        assert refused(hub_command.main)
