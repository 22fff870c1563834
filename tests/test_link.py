"""Links: a view survives encoding and decoding, and no text in a link can break the page."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from gan import link
from gan.link import FRAMES, LOOK, SEED_LIMIT, SEEDS, View, decode, encode, format_seeds, parse_seeds
from gan.model.look import Look


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
    look = Look(draw(st.one_of(st.just(-0.0), st.integers(0, 150).map(lambda hundredths: hundredths / 100))))
    return View(tab, seeds, look, weights, **morph)


@settings(max_examples=400)
@given(views())
def test_a_link_says_everything(view):
    assert decode(encode(view)) == (view, [])
    assert decode("?" + encode(view) + "#3") == (view, [])
    # in any order, repeated, with parameters that the Hub's page adds
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
def test_decode_never_raises(params):
    view, notes = decode(params)
    assert decode(encode(view)) == (view, [])
    assert all(note.endswith(".") and len(note) < 250 and note.isprintable() for note in notes) and len(notes) < 10


VECTORS = json.loads((Path(__file__).parent / "link_vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["query"])
def test_existing_links_keep_their_meaning(vector):
    """What existing links show may never change. Ports to other languages run the same file."""
    view, notes = decode(vector["query"])
    fields = vector["view"]
    assert view == View(**{**fields, "seeds": tuple(fields["seeds"]), "look": Look(**fields["look"])})
    assert notes == vector["notes"]
    assert encode(view) == vector["link"]


def test_the_vectors_cover_every_tab_and_field():
    views = [vector["view"] for vector in VECTORS]
    assert {view["tab"] for view in views} == set(SEEDS)
    for name in LOOK:
        assert {view["look"][name] for view in views} >= {LOOK[name].least, LOOK[name].most}
    assert any(vector["notes"] for vector in VECTORS) and any("-0" in vector["query"] for vector in VECTORS)


def test_no_parameters_are_the_first_gallery():
    assert decode({}) == (View(seeds=tuple(range(16))), [])
    assert decode({"__theme": "dark"}) == decode("") == decode({})


def test_much_text_takes_little_time():
    assert decode("seeds=" + ",".join(["0-4294967295"] * 300))[0].seeds == tuple(range(64))
    assert decode("seeds=1&variation=" + "9" * 400)[0].look == Look()


def test_minus_zero_is_zero():
    assert encode(View(look=Look(-0.0))) == encode(View(look=Look(0.0))) == "v=1&seeds=0-15&variation=0"


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
        {"look": Look(1.51)},
        {"look": Look(0.123)},
        {"look": 0.8},
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
