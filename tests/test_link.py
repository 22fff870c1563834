"""Links: what they say comes back, and nothing that anybody writes into one can break the page."""

import subprocess
import sys
from urllib.parse import parse_qs

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from gan import link
from gan.link import FRAMES, SEED_LIMIT, SEEDS, View, decode, encode, format_seeds, parse_seeds


@st.composite
def views(draw) -> View:
    tab = draw(st.sampled_from(list(SEEDS)))
    fewest, most = SEEDS[tab]
    seed = st.one_of(st.integers(0, 30), st.integers(0, SEED_LIMIT - 1))
    seeds = tuple(draw(st.lists(seed, min_size=fewest, max_size=most)))
    if not seeds:
        return View(tab, ())
    morph = {"frames": draw(st.integers(*FRAMES)), "loop": draw(st.booleans())} if tab == "morph" else {}
    weights = draw(st.sampled_from(["", "0123456789ab", "ffffffffffff"]))
    return View(tab, seeds, draw(st.integers(0, 150)) / 100, weights, **morph)


@settings(max_examples=400)
@given(views())
def test_a_link_says_everything(view):
    assert decode(encode(view)) == (view, [])
    assert decode("?" + encode(view) + "#3") == (view, [])
    # in any order, repeated, with what the Hub's page adds
    names = {name: values[0] for name, values in parse_qs(encode(view)).items()}
    assert decode({"__theme": "dark", **dict(reversed(names.items())), "logs": "container"}) == (view, [])
    assert decode(encode(view) + "&" + encode(view)) == (view, [])


@settings(max_examples=400)
@given(
    st.one_of(
        st.text(),
        st.dictionaries(st.sampled_from(["v", "tab", "seeds", "variation", "w", "frames", "loop", "x"]), st.text()),
        st.dictionaries(st.text(), st.one_of(st.none(), st.integers(), st.floats(), st.lists(st.text()))),
        st.none(),
        st.integers(),
        st.binary(),
    )
)
def test_nothing_breaks_it(params):
    view, notes = decode(params)
    assert decode(encode(view)) == (view, [])
    assert all(note.endswith(".") and len(note) < 250 and note.isprintable() for note in notes) and len(notes) < 10


def test_no_parameters_are_the_first_gallery():
    assert decode({}) == (View(seeds=tuple(range(16))), [])
    assert decode({"__theme": "dark"}) == decode("") == decode({})


@pytest.mark.parametrize(
    "query, seeds, words",
    [
        ("seeds=12,40-43,1003", (12, 40, 41, 42, 43, 1003), []),
        ("seeds= 3 , 1;2", (3, 1, 2), []),
        ("seeds=5-3", (5, 4, 3), []),
        ("seeds=12 40  7 - 9 1003", (12, 40, 7, 8, 9, 1003), []),
        ("seeds=1&seeds=2", (2,), []),
        ("seeds=7,7,7", (7, 7, 7), []),
        ("seeds=4294967295", (4294967295,), []),
        ("seeds=4294967296", tuple(range(16)), ["“4294967296” is no seed", "names no face"]),
        ("seeds=-1", tuple(range(16)), ["“-1” is no seed", "names no face"]),
        ("seeds=", tuple(range(16)), []),
        ("seeds=1,zwei,3", (1, 3), ["“zwei” is no seed"]),
        ("seeds=0-4294967295", tuple(range(64)), ["the first 64"]),
        ("seeds=" + ",".join(["0-4294967295"] * 300), tuple(range(64)), ["the first 64"]),
        ("seeds=1&tab=morph", (1, 2), ["seed 2 was added"]),
        ("seeds=4294967295&tab=morph", (4294967295, 0), ["seed 0 was added"]),
        ("seeds=0-9&tab=morph", tuple(range(8)), ["the first 8"]),
        ("seeds=1,2&tab=verdict", (1,), ["Only the first face"]),
        ("seeds=1&tab=nonsense", (1,), ["no part called “nonsense”"]),
        ("seeds=1&v=2", (1,), ["another version"]),
        ("seeds=1&w=nothex", (1,), ["which weights"]),
        ("seeds=٣", tuple(range(16)), ["“٣” is no seed", "names no face"]),
    ],
)
def test_what_cannot_be_honoured_is_said(query, seeds, words):
    view, notes = decode(query)
    assert view.seeds == seeds
    assert len(notes) == len(words) and all(word in note for word, note in zip(words, notes)), notes


@pytest.mark.parametrize(
    "text, variation, notes",
    [
        ("0.7", 0.7, 0),
        ("0", 0.0, 0),
        ("1.5", 1.5, 0),
        ("7", 1.5, 1),
        ("-1", 0.0, 1),
        ("0.777", 0.78, 1),
        ("nan", 1.0, 1),
        ("inf", 1.0, 1),
        ("1e9", 1.0, 1),
        ("9" * 400, 1.0, 1),
    ],
)
def test_variation_stays_in_its_range(text, variation, notes):
    view, said = decode({"seeds": "1", "variation": text})
    assert view.variation == variation and len(said) == notes


def test_the_frozen_meaning_of_version_1():
    """These links are out there: what they show may never change."""
    assert decode("v=1&seeds=12,40-55,1003&variation=0.8&w=ec6bf6cbaeff") == (
        View("gallery", (12, *range(40, 56), 1003), 0.8, "ec6bf6cbaeff"),
        [],
    )
    assert decode("v=1&tab=morph&seeds=12,7&variation=1&frames=16&loop=0&w=ec6bf6cbaeff") == (
        View("morph", (12, 7), 1.0, "ec6bf6cbaeff", 16, False),
        [],
    )
    assert decode("v=1&tab=verdict&seeds=5") == (View("verdict", (5,)), [])
    assert (
        encode(View("gallery", (12, *range(40, 56), 1003), 0.8, "ec6bf6cbaeff"))
        == "v=1&seeds=12,40-55,1003&variation=0.8&w=ec6bf6cbaeff"
    )


def test_quoted_text_is_short_and_printable():
    _, notes = decode({"tab": "\x00<script>alert(1)</script>" * 50, "seeds": "1"})
    assert len(notes[0]) < 120 and "\x00" not in notes[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tab": "nonsense"},
        {"seeds": ()},
        {"seeds": (SEED_LIMIT,)},
        {"seeds": (-1,)},
        {"seeds": tuple(range(65))},
        {"variation": 1.51},
        {"variation": 0.123},
        {"weights": "ec6b"},
        {"frames": 20},
        {"tab": "morph"},
        {"tab": "about", "seeds": (1,)},
    ],
)
def test_views_that_no_link_can_carry_cannot_be_built(wrong):
    with pytest.raises(ValueError):
        View(**wrong)


def test_seeds_as_text():
    assert format_seeds((1, 2, 3, 5, 6, 9)) == "1-3,5,6,9" and format_seeds(()) == ""
    assert format_seeds((3, 2, 1)) == "3,2,1" and format_seeds((0, 1, 2, 3), ", ") == "0-3"
    assert parse_seeds("") == ((), []) and parse_seeds(" , ;") == ((), [])


def test_seeds_end_where_numpys_do():
    np.random.RandomState(SEED_LIMIT - 1)
    with pytest.raises(ValueError):
        np.random.RandomState(SEED_LIMIT)


def test_standard_library_only():
    code = (
        "import sys; before = set(sys.modules); import gan.link; "
        "new = {name.split('.')[0] for name in set(sys.modules) - before} - {'gan'}; "
        "sys.exit(str(new - set(sys.stdlib_module_names)) if new - set(sys.stdlib_module_names) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert link.__doc__
