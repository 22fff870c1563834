"""Links: a view survives encoding and decoding, and no text in a link can break the page."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from gan import link
from gan.link import FRAMES, LOOK, SEED_LIMIT, SEEDS, View, decode, encode, format_points, parse_points
from gan.link_text import pasted
from gan.model.look import ATTRIBUTES, Look
from gan.model.point import MOST_SEEDS, Place, parse, seeds_of

SEED = st.one_of(st.integers(0, 30), st.integers(0, SEED_LIMIT - 1))


@st.composite
def places(draw, points) -> Place:
    left, right = draw(points), draw(points)
    t = draw(st.integers(1, 999)) / 1000
    return Place(left, right, t) if len(seeds_of(left) + seeds_of(right)) <= MOST_SEEDS else Place(0, 1, t)


ATTRIBUTE, HUNDREDTHS = st.sampled_from(ATTRIBUTES), st.integers(-300, 300)
POINT = st.one_of(SEED, st.recursive(SEED, places, max_leaves=MOST_SEEDS))


@st.composite
def views(draw) -> View:
    tab = draw(st.sampled_from(list(SEEDS)))
    fewest, most = SEEDS[tab]
    seeds = tuple(draw(st.lists(draw(st.sampled_from([SEED, POINT])), min_size=fewest, max_size=most)))
    if not seeds:
        return View(tab, ())
    morph = {"frames": draw(st.integers(*FRAMES)), "loop": draw(st.booleans())} if tab == "morph" else {}
    weights = draw(st.sampled_from(["", "0123456789ab", "ffffffffffff"]))
    look = Look(draw(st.one_of(st.just(-0.0), st.integers(0, 150).map(lambda hundredths: hundredths / 100))))
    moved = {name: hundredths / 100 for name, hundredths in draw(st.dictionaries(ATTRIBUTE, HUNDREDTHS)).items()}
    look = replace(look, **moved, directions=draw(st.sampled_from(["", "0123456789ab"])))
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
        st.dictionaries(st.sampled_from(["v", "tab", "seeds", *LOOK, "d", "w", "frames", "loop", "x"]), st.text()),
        st.fixed_dictionaries({"seeds": st.text(alphabet="0123456789~@.(),- ")}),
        st.dictionaries(st.text(), st.one_of(st.none(), st.integers(), st.floats(), st.lists(st.text()))),
        st.none(),
        st.integers(),
        st.binary(),
    )
)
def test_decode_never_raises(params):
    view, notes = decode(params)
    assert decode(encode(view)) == (view, [])
    assert all(note.endswith(".") and len(note) < 250 and note.isprintable() for note in notes) and len(
        notes
    ) < 9 + len(LOOK)


REACHED = ATTRIBUTES[:2]  # the ends of the others are the same line of gan/link.py
VECTORS = json.loads((Path(__file__).parent / "link_vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["query"])
def test_existing_links_keep_their_meaning(vector):
    """What existing links show may never change. Ports to other languages run the same file."""
    view, notes = decode(vector["query"])
    fields = vector["view"]
    seeds = tuple(parse(str(point))[0] for point in fields["seeds"])  # a place is a text
    assert view == View(**{**fields, "seeds": seeds, "look": Look(**fields["look"])})
    assert notes == vector["notes"]
    assert encode(view) == vector["link"]


def test_the_vectors_cover_every_tab_and_field():
    views = [vector["view"] for vector in VECTORS]
    assert {view["tab"] for view in views} == set(SEEDS)
    for name in LOOK:
        values = {view["look"][name] for view in views if name in view["look"]}
        assert values >= ({-3.0, 3.0} if name in REACHED else {0.0, 1.5} if name == "variation" else set()), name
    assert any("directions" in view["look"] for view in views)
    assert any(vector["notes"] for vector in VECTORS) and any("-0" in vector["query"] for vector in VECTORS)


def test_one_seed_may_be_called_seed():
    assert decode({"seed": "5", "seeds": ""}) == decode("seed=5&seeds=") == (View(seeds=(5,)), [])
    assert decode({"seed": "5", "seeds": "7"})[0].seeds == decode("seeds=7&seed=5")[0].seeds == (7,)
    assert decode("seed=x")[1] == decode("seeds=x")[1] and decode({"seed": ""})[1] == decode({"seeds": ""})[1]


def test_what_a_server_makes_of_a_changed_link():
    """Starlette splits a query into names and values before the page sees it."""
    right = View(seeds=(40, 41), weights="e933c29c64d6")
    assert decode({"v": "1", "amp;seeds": "40-41", "amp;w": "e933c29c64d6"}) == (right, [])
    assert decode({"v=1&seeds=40-41&w=e933c29c64d6": ""}) == (right, [])
    assert decode({"v=1&seeds=9": "", "seeds": "40-41", "w": "e933c29c64d6)"}) == (right, [])


def test_other_weights_are_not_guessed():
    for weights in ("e933c29c64d", "e933c29c64d60", "e933c29c64d6f00", "xe933c29c64d6", "e933c29c64d6z"):
        view, notes = decode({"seeds": "1", "w": weights})
        assert view.weights == "" and "does not say which weights" in notes[0]


def test_no_parameters_are_the_first_gallery():
    assert decode({}) == (View(seeds=tuple(range(16))), [])
    assert decode({"__theme": "dark"}) == decode("") == decode({})


def test_much_text_takes_little_time():
    assert decode("seeds=" + ",".join(["0-4294967295"] * 300))[0].seeds == tuple(range(64))
    assert decode("seeds=1&variation=" + "9" * 400)[0].look == Look()


def test_attributes_that_are_not_moved_are_in_no_link():
    assert encode(View(look=Look(age=0.0, smile=-0.0))) == encode(View())
    assert encode(View(look=Look(age=1.5, smile=-1.0, directions="0b1c2d3e4f50"), weights="e933c29c64d6")) == (
        "v=1&seeds=0-15&variation=1&age=1.5&smile=-1&d=0b1c2d3e4f50&w=e933c29c64d6"
    )
    # directions mean nothing without a move
    assert decode("seeds=1&age=0&d=0b1c2d3e4f50") == (View(seeds=(1,)), [])


def test_other_directions_are_not_guessed():
    for directions in ("0b1c2d3e4f5", "0b1c2d3e4f50a", "xb1c2d3e4f50"):
        view, notes = decode({"seeds": "1", "age": "1", "d": directions})
        assert view.look == Look(age=1) and "does not say along which directions" in notes[0]
    assert decode({"seeds": "1", "age": "1"}) == (View(seeds=(1,), look=Look(age=1)), [])


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
        {"seeds": (Place(1, 2, 0.5),) * 65},
        {"look": Look(1.51)},
        {"look": Look(0.123)},
        {"look": 0.8},
        {"weights": "ec6b"},
        {"look": Look(age=3.5)},
        {"look": Look(age=0.123)},
        {"look": Look(age=1, directions="0b1c")},
        {"frames": 20},
        {"tab": "morph"},
        {"tab": "about", "seeds": (1,)},
    ],
)
def test_views_that_no_link_can_carry_cannot_be_built(wrong):
    with pytest.raises(ValueError):
        View(**wrong)


def test_seeds_as_text():
    assert format_points((1, 2, 3, 5, 6, 9)) == "1-3,5,6,9" and format_points(()) == ""
    assert format_points((3, 2, 1)) == "3,2,1" and format_points((0, 1, 2, 3), ", ") == "0-3"
    assert parse_points("") == ((), []) and parse_points(" , ;") == ((), [])


# --- seeds ----------------------------------------------------------------------------------------------------------


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


# --- places ---------------------------------------------------------------------------------------------------------


def longest(seeds: int = MOST_SEEDS):
    """A place with the longest text there is."""
    return SEED_LIMIT - 1 if seeds == 1 else Place(SEED_LIMIT - 1, longest(seeds - 1), 0.999)


@pytest.mark.parametrize("tab", SEEDS)
def test_the_longest_link_is_understood(tab):
    view = View(tab, (longest(),) * SEEDS[tab][1])
    assert decode(encode(view)) == (view, []) and decode({"seeds": format_points(view.seeds), "tab": tab}) == (view, [])


@pytest.mark.parametrize(
    "text",
    [
        "(" * 4000,
        "(" * 2000 + "4" + ")" * 2000,
        "4~(" * 1300,
        "(4~" * 1300 + "5@0.5" + ")@0.5" * 500,
        "4~13@" + "0." * 2000,
        "4~13@0," * 600,
        "~ " * 2000,
        "4~5@0.5" + "~6@0.5" * 600,
    ],
)
def test_hostile_places_take_little_time(text):
    """Nothing nests deep enough to end a thread, and the time grows with the length alone."""
    start = time.process_time()
    view, _ = decode({"seeds": text})
    assert time.process_time() - start < 0.2
    assert set(view.seeds) <= set(range(16)) and decode(encode(view)) == (view, [])


def test_what_chats_and_keyboards_make_of_a_place():
    right = View(seeds=(4, Place(Place(4, 13, 0.4), Place(7, 9, 0.2), 0.5)))
    for text in (
        "4,4~13@0.4~(7~9@0.2)@0.5",
        "4,4%7E13%400.4%7E%287%7E9%400.2%29%400.5",
        "4,4%257E13%25400.4~%25287~9@0.2%2529@0.5",
        "4,4～13＠0.4～（7～9＠0.2）＠0.5.",
        "4,(4~13@.4)~(7 ~ 9 @ 0.20)@0.5",
        "*4,((4~13@0.400)~(7~9@0.2)@0.5)*",
    ):
        assert decode("v=1&seeds=" + text) == (right, []), text


def test_a_list_shortens_seeds_only():
    points = (4, 5, 6, Place(6, 7, 0.5), 7, 8, Place(8, 9, 0.25), Place(8, 9, 0.5))
    assert format_points(points) == "4-6,6~7@0.5,7,8,8~9@0.25,8~9@0.5"


def test_a_morph_of_one_place_gets_a_neighbour():
    view, notes = decode("tab=morph&seeds=4~13@0.4")
    assert view.seeds == (Place(4, 13, 0.4), 5) and notes == ["A morph takes at least two faces. Seed 5 was added."]


def test_the_address_of_a_place_is_a_link_to_it():
    right = (View(seeds=(Place(Place(4, 13, 0.4), Place(7, 9, 0.2), 0.5),), weights="e933c29c64d6"), [])
    for path in ("4~13@0.4~%287~9@0.2%29@0.5", "4~13@0.4~(7~9@0.2)@0.5", "4%7E13%400.4%7E%287%7E9%400.2%29%400.5"):
        text = f"see https://example.org/face/{path}.webp?size=64&w=e933c29c64d6 there"
        assert decode(pasted(text)) == right
    assert decode(pasted("/face/1003.png?w=e933c29c64d6"))[0].seeds == (1003,)
