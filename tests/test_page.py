"""The tabs' handlers, from views and controls to values, without a browser."""

import asyncio
import base64
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from conftest import DEFAULT, WEIGHTS
from gradio.exceptions import ComponentProcessingError
from gradio.state_holder import SessionState
from PIL import Image
from pydantic import ValidationError
from small import folder_of

from gan.cards import facts
from gan.link import SEED_LIMIT, View, decode, encode
from gan.model import detector
from gan.model.detector import GENERATED, REAL, UNCLEAR
from gan.model.face_finder import Square
from gan.model.look import Look
from gan.model.point import Place, Point, seeds_of
from gan.serve.faces import FaceModel
from gan.serve.judge import NO_FACE, TOO_SMALL, Judge, Judged, Opinion, Verdict
from gan.serve.models import Models
from gan.serve.page import about, inputs
from gan.serve.page import kept as kept_module
from gan.serve.page.chooser import choices
from gan.serve.page.components import outer_address
from gan.serve.page.frame import Page
from gan.serve.page.gallery import face_list
from gan.serve.page.inputs import Sent
from gan.serve.page.morph import moments
from gan.serve.page.sliders import values_of
from gan.serve.page.verdict import as_json
from gan.serve.relatives import WAYS, relatives


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(Models(WEIGHTS, DEFAULT), Judge(WEIGHTS / "detector"))


PLACE = Place(4, 13, 0.4)


def view_of(page, *seeds, **more) -> View:
    return View(seeds=seeds, weights=page.models.current.id, **more)


@pytest.mark.parametrize(
    "text, count, seeds, notes",
    [
        ("5", 3, (5, 6, 7), 0),
        ("5, 9", 3, (5, 9), 0),
        ("5-7", 64, (5, 6, 7), 0),
        ("", 2, tuple(range(16)), 1),
        ("1.5", 2, tuple(range(16)), 1),
        ("5, -1", 9, (5,), 1),
        ("Ada", 9, (2316697257,), 1),
        ("ada , 5", 9, (2316697257, 5), 1),
        ("4294967294", 16, (4294967294, 4294967295), 0),
        ("7", None, (7,), 0),
        ("7", 1e9, tuple(range(7, 71)), 0),
        ("7", "many", (7,), 0),
        ("4~13@0.4", 9, (PLACE,), 0),
        ("4~13@0.4, 7", 9, (PLACE, 7), 0),
        ("4~13", 9, tuple(range(16)), 1),
        ("4~13@3", 9, (13,), 1),
    ],
)
def test_seeds_box(page, text, count, seeds, notes):
    view, said = page.gallery.typed(view_of(page, *range(16)), [text, count])
    assert view == view_of(page, *seeds) and len(said) == notes


def test_a_slip_in_the_seeds_box_leaves_the_gallery_as_it_is(page):
    before = view_of(page, *range(5000, 5016))
    view, notes = page.gallery.typed(before, ["50.0", 16])
    assert view == before and len(notes) == 1 and "“50.0” is not a seed" in notes[0]


@pytest.mark.parametrize(
    "seeds, count, expected",
    [
        ((5, 6, 7), 5, (5, 6, 7, 8, 9)),
        ((5, 6, 7), 1, (5,)),
        ((12, 40, 41), 2, (12, 40)),
        ((12, 40, 41), 4, (12, 40, 41, 42)),
        ((7, 6), 4, (7, 6, 8, 9)),
        ((SEED_LIMIT - 1,), 3, (SEED_LIMIT - 1,)),
        ((5,), "x", (5,)),
        ((12, PLACE), 4, (12, PLACE, 5, 6)),
    ],
)
def test_how_many(page, seeds, count, expected):
    assert page.gallery.resized(view_of(page, *seeds), count) == (view_of(page, *expected), [])


@pytest.mark.parametrize("variation, expected", [(0.333, 0.33), (99, 1.5), (-1, 0), (None, 0), (float("nan"), 0)])
def test_variation_is_brought_into_its_range(page, variation, expected):
    view, notes = page.actions["gallery", "variation"](view_of(page, 1, 2), variation)
    assert (view, notes) == (view_of(page, 1, 2, look=Look(expected)), [])


@pytest.mark.parametrize(
    "seeds, step, expected",
    [
        ((0, 1, 2), 1, (3, 4, 5)),
        ((3, 4, 5), -1, (0, 1, 2)),
        ((1, 2, 3), -1, (0, 1, 2)),
        ((9, 4), 1, (5, 6)),
        ((9, PLACE), 1, (5, 6)),
        ((PLACE, 9), -1, (2, 3)),
        ((9, 4), -1, (7, 8)),
        ((SEED_LIMIT - 4, SEED_LIMIT - 3), 1, (SEED_LIMIT - 2, SEED_LIMIT - 1)),
        ((SEED_LIMIT - 3, SEED_LIMIT - 2), 1, (SEED_LIMIT - 1,)),
    ],
)
def test_pages(page, seeds, step, expected):
    turn = page.gallery.next_page if step > 0 else page.gallery.previous_page
    view, notes = turn(view_of(page, *seeds, look=Look(0.9)))
    assert view == view_of(page, *expected, look=Look(0.9)) and not notes


def test_there_is_nothing_after_the_last_seed(page):
    last = view_of(page, SEED_LIMIT - 1)
    assert page.gallery.next_page(last) == (last, ["4294967295 is the last seed."])


def test_surprising_seeds_are_short(page):
    views = {page.gallery.surprising(View(), 16)[0] for _ in range(20)}
    assert len(views) > 15 and all(view.seeds[-1] < 1_000_100 and len(view.seeds) == 16 for view in views)


# --- the choice between weights -----------------------------------------------------------------------------------


@pytest.fixture
def two(page, tmp_path) -> Page:
    """A page with weights of 16 px first and the embedded ones."""
    return Page(Models(WEIGHTS, DEFAULT, str(folder_of(tmp_path / "mine" / "weights"))), page.verdict.judge)


def labels(page, model) -> dict[str, str]:
    """Label → whether it is chosen."""
    return {choice["label"]: choice["chosen"] for choice in choices(page.models, model)}


def test_a_choice_is_shown_where_there_is_one(two, tmp_path):
    sizes = [f"{model.resolution} px" for model in two.models.offered]
    assert sizes[0] == "16 px" and len(sizes) >= 2
    assert labels(two, two.models.current) == {size: "true" if size == "16 px" else "false" for size in sizes}
    older = FaceModel(folder_of(tmp_path / "older"))
    assert labels(two, older) == {**dict.fromkeys(sizes, "false"), "16 px · older": "true"}
    one = Page(Models(tmp_path / "mine", "weights"), two.verdict.judge)
    assert choices(one.models, one.models.current) == [] and len(choices(one.models, older)) == 2
    folder_of(tmp_path / "mine" / "twin")
    twins = Page(Models(tmp_path / "mine", "twin"), two.verdict.judge)
    assert set(labels(twins, older)) == {"16 px · twin", "16 px · mine", "16 px · older"}


def test_everything_goes_on_with_the_chosen_weights(two):
    chosen = two.models.embedded[0].id
    assert chosen != two.models.current.id
    base = encode(View(seeds=(5, 9), weights=chosen))
    face, kept = kept_face(5, chosen), [kept_face(seed, chosen) for seed in (3, 4)]
    values = {"seeds": ["7", 2], "count": 3, "kept": kept, "morph kept": kept, "mix": kept}
    values |= dict.fromkeys(("morph", "judge", "near", "far"), face)
    for tab, name in two.actions:
        if name != "weights":
            shown = answered(two, base, [tab, name, values.get(name, 1)])
            assert decode(shown["query"])[0].weights == chosen and shown["upto"] == 1, name


def answered(page, base: str, *actions, at: str = "gallery") -> dict:
    """The value of the link after a question."""
    numbered = [[number, *action] for number, action in enumerate(actions, 1)]
    return page.answer(SimpleNamespace(base=base, at=at, weights="", actions=numbered))[2]


def test_actions_are_answered_in_their_order_up_to_another_tab(page):
    base = encode(view_of(page, *range(16)))
    next_page, count = ["gallery", "next", None], ["gallery", "count", 4]
    link = answered(page, base, next_page, count, next_page, ["gallery", "variation", 0.5])
    assert link["query"] == encode(view_of(page, *range(20, 24), look=Look(0.5))) and link["upto"] == 4
    assert not link["turned"] and link["controls"] == {"seeds": "20-23", **values_of(Look(0.5))}
    link = answered(page, base, ["gallery", "morph", kept_face(3, page.models.current)], next_page)
    assert link["query"].startswith("v=1&tab=morph&seeds=3-5&") and link["upto"] == 1 and link["turned"]
    link = answered(page, base, ["", "go", "?seeds=7-9&tab=gallery"], next_page)
    assert decode(link["query"])[0].seeds == (7, 8, 9) and link["upto"] == 1 and link["controls"]["count"] == 3
    link = answered(page, base, ["gallery", "seeds", ["1.5", 2]])
    assert link["query"] == base and "seeds" not in link["controls"]
    assert answered(page, base, ["gallery", "nothing", 1], at="morph")["query"] == base


def test_about_describes_the_chosen_weights(two, monkeypatch):
    monkeypatch.setattr(two.models.current, "config", {})
    chosen = two.models.embedded[0]
    view, notes = two.open(f"?v=1&tab=about&w={chosen.id}")
    assert f"generator {chosen.id}" in two.show(view, notes, weights=chosen.id)[-1]
    assert f"generator {two.models.current.id}" in two.show(view, notes)[-1]
    assert two.show(view, notes, weights=chosen.id)[2]["query"] == "v=1&tab=about"


@pytest.mark.parametrize(
    "seed, gallery_seeds, expected",
    [
        (6, (5, 6, 7, 8), (6, 7, 8)),
        (8, (5, 6, 7, 8), (8, 5, 6)),
        (5, (5,), (5, 6, 7)),
        (9, (5, 6), (9, 5, 6)),
        (PLACE, (5, PLACE, 6), (PLACE, 6, 5)),
        (PLACE, (5, 6), (PLACE, 5, 6)),
        (PLACE, (PLACE,), (PLACE, 5, 6)),
        (SEED_LIMIT - 1, (SEED_LIMIT - 1,), (SEED_LIMIT - 1, 0, 1)),
    ],
)
def test_morph_from_a_face_goes_on_through_its_gallery(page, seed, gallery_seeds, expected):
    face = kept_face(seed, page.models.current, 0.8)
    view, notes = page.gallery.morph_from(view_of(page, *gallery_seeds, look=Look(0.8)), face)
    assert (view.tab, view.seeds, view.look, notes) == ("morph", expected, Look(0.8), [])


def test_relatives_are_a_gallery_of_the_face_and_eight_near_it(page):
    for point in (1003, PLACE):
        face, galleries = kept_face(point, page.models.current, 0.8), {}
        for name, t in WAYS.items():
            view, notes = page.actions["gallery", name](view_of(page, 1, 2), face)
            assert view == view_of(page, point, *relatives(point, t), look=Look(0.8)) and not notes
            galleries[name] = page.models.current.faces(view.seeds).astype(int)
        near, far = (np.abs(faces[1:] - faces[0]).mean((1, 2, 3)) for faces in galleries.values())
        others = page.models.current.faces([seeds_of(each)[-1] for each in relatives(point, 0.5)]).astype(int)
        strange = np.abs(others - galleries["near"][0]).mean((1, 2, 3))
        assert (0 < near).all() and near.mean() < 0.8 * far.mean() and far.mean() < 0.8 * strange.mean()


def test_a_face_of_eight_seeds_has_no_relatives_and_that_is_said(page):
    point = 1
    for _ in range(7):
        assert len(page.actions["gallery", "near"](View(), kept_face(point, page.models.current))[0].seeds) == 9
        point = relatives(point, 0.25)[0]
    view, notes = page.actions["gallery", "near"](view_of(page, 1, 2), kept_face(point, page.models.current))
    assert view == view_of(page, 1, 2) and notes == [
        "This face mixes 8 seeds, the most there can be, so it has no relatives."
    ]


def test_a_mix_goes_once_from_one_face_to_the_other(two):
    one, other = kept_face(PLACE, two.models.embedded[0], 0.8), kept_face(7, two.models.current)
    view, notes = two.gallery.mix(View(), [one, other])
    assert view == View("morph", (PLACE, 7), Look(0.8), two.models.embedded[0].id, 32, False) and not notes
    for nonsense in (None, "x", [], [one], [one, "x"], [one, one, one]):
        assert two.gallery.mix(view_of(two, 3), nonsense) == (view_of(two, 3), [])


@pytest.mark.parametrize("loop, texts", [(True, ["4", "4~9@0.5", "9", "9~4@0.5"]), (False, ["4", "4~9@0.5", "9"])])
def test_every_frame_of_a_morph_has_its_link(page, loop, texts):
    view = View("morph", (4, 9), Look(0.8), page.models.current.id, 2, loop)
    moments = page.morph.render(view)[1]["moments"]
    assert [moment["seed"] for moment in moments] == texts
    frames = page.models.current.morph(view.seeds, view.look, view.frames, view.loop).astype(int)
    assert len(frames) == len(moments)
    for moment, frame in zip(moments, frames):
        linked, notes = decode(moment["query"])
        assert not notes and np.abs(page.models.current.faces(linked.seeds, linked.look)[0] - frame).max() <= 1


def test_a_moment_of_too_many_seeds_has_no_link():
    long = Place(Place(Place(1, 2, 0.5), 3, 0.5), Place(4, 5, 0.5), 0.5)
    found = moments(View("morph", (long, long), frames=2, loop=False), "")
    assert [moment.get("seed") for moment in found] == [str(long), None, str(long)]


def test_morph_and_verdict_of_a_kept_face_have_its_own_weights_and_look(two):
    large = two.models.embedded[0]
    face, gallery = kept_face(6, large, 0.5), View(seeds=(5, 6, 9), weights=two.models.current.id)
    assert two.gallery.morph_from(gallery, face)[0] == View("morph", (6, 7, 8), Look(0.5), large.id)
    assert two.gallery.judge(gallery, face)[0] == View("verdict", (6,), Look(0.5), large.id)


def kept_face(seed: Point, model: FaceModel | str, variation: float = 1.0) -> str:
    """A kept face as a browser sends it."""
    return encode(View(seeds=(seed,), look=Look(variation), weights=getattr(model, "id", model)))


def drawn_of(page, kept: list[str]) -> list[dict]:
    """What the page answers to a browser that asks for kept faces."""
    return page.kept.draw(SimpleNamespace(faces=kept))["faces"]


def test_kept_faces_are_drawn_each_with_its_own_weights_and_look(two):
    small, large = two.models.current, two.models.embedded[0]
    kept = [
        kept_face(7, large),
        kept_face(9, small),
        kept_face(7, large, 0.5),
        kept_face(8, large),
        kept_face(7, small),
    ]
    kept += [kept_face(PLACE, large), kept_face(Place(4, Place(7, 9, 0.2), 0.5), large)]
    drawn = {face["asked"]: face for face in drawn_of(two, kept)}
    assert set(drawn) == set(kept)
    for query in kept:
        (seed,), look, weights = decode(query)[0].seeds, decode(query)[0].look, decode(query)[0].weights
        (expected,) = face_list(two.models.of(weights), [seed], look)
        assert drawn[query] == {"asked": query, **expected} and expected["query"] == query
    assert drawn[kept[2]]["words"] == f"{large.resolution} px · variation 0.5"
    assert drawn[kept[5]]["words"] == f"{large.resolution} px · variation 1 · 40 % of the way from 4 to 13"
    assert [drawn[query]["seed"] for query in kept[4:]] == ["7", "4~13@0.4", "4~(7~9@0.2)@0.5"]


def test_a_face_of_the_old_list_gets_its_whole_link(two):
    large = two.models.embedded[0]
    drawn = drawn_of(two, [f"v=1&seeds=5&w={large.id}", "v=1&seeds=5"])
    assert [face["query"] for face in drawn] == [kept_face(5, large), kept_face(5, two.models.current)]


def test_no_other_person_is_drawn_for_weights_that_are_missing(two, monkeypatch):
    gone = kept_face(5, "0" * 12)
    assert drawn_of(two, [gone]) == []
    with pytest.raises(gr.Error, match="no longer has the weights"):
        two.gallery.pick(SimpleNamespace(query=gone))
    monkeypatch.setattr(two.models, "asked_for", lambda weights: True)
    assert drawn_of(two, [gone]) == [{"asked": gone, "coming": True}]


def test_one_question_draws_a_bounded_number_of_looks(two, monkeypatch):
    made = []
    monkeypatch.setattr(FaceModel, "pngs", lambda model, seeds, look: made.append(look) or [b""])
    drawn_of(two, [kept_face(5, two.models.current, share / 100) for share in range(100)])
    assert len(made) == kept_module.AT_ONCE == 16


def test_a_view_of_kept_faces_has_the_weights_and_the_look_of_the_first(two):
    small, large = two.models.current, two.models.embedded[0]
    kept = [kept_face(9, large, 0.5), kept_face(3, small), kept_face(4, large, 0.5), kept_face(9, large)]
    view, notes = two.kept.in_gallery(View(), kept)
    assert view == View(seeds=(9, 4), look=Look(0.5), weights=large.id)
    assert len(notes) == 1 and notes[0].startswith("2 kept faces are left out") and "than the first" in notes[0]
    view, notes = two.kept.in_gallery(View(), [kept_face(1, "0" * 12), *kept[2:]])
    assert view.seeds == (4,) and "1 kept face is left out: it has other" in notes[0] and "its weights" in notes[1]
    assert two.kept.in_gallery(View(), kept[:1]) == (View(seeds=(9,), look=Look(0.5), weights=large.id), [])
    for nothing in (None, [], {"seeds": [3]}):
        assert two.kept.in_gallery(View(), nothing) == (View(), ["You have not kept any faces yet."])
    before = View("gallery", (4, 13), Look(0.9), small.id)
    assert two.kept.in_morph(before, kept[::2])[0] == View("morph", (9, 4), Look(0.5), large.id)
    view, notes = two.kept.in_morph(before, [kept_face(seed, large) for seed in range(20)])
    assert view.seeds == tuple(range(8)) and notes == ["A morph takes at most 8 faces. These are the first 8."]
    for few in ([], kept[:1], kept[:2]):
        view, notes = two.kept.in_morph(before, few)
        assert view == before and "Keep at least 2 faces" in notes[0]


def test_the_seeds_box_follows_kept_faces_though_some_are_left_out(two):
    kept = [kept_face(9, two.models.current), kept_face(4, two.models.embedded[0])]
    link = answered(two, encode(View()), ["gallery", "kept", kept])
    assert link["controls"]["seeds"] == "9"


def texts(url: str) -> dict[str, str]:
    """The text chunks of a PNG in a data: URL."""
    return Image.open(io.BytesIO(base64.b64decode(url.split(",", 1)[1]))).text


def test_every_png_says_how_it_was_made(page):
    g, model = page.gallery, page.models.current
    query, made = encode(view_of(page, 4, 7, look=Look(0.8))), {"weights": model.id, "look": "variation=0.8"}
    still = page.morph.render(View("morph", (7, 9), Look(0.8), model.id))[1]["still"]
    for url in (face_list(model, (4, 7), Look(0.8))[1]["src"], still):
        said = texts(url)
        assert "generated" in said and {**said, "seed": "7", **made} == said
    assert texts(g.sheet_file(query)["url"])["seeds"] == "4,7"


@pytest.mark.parametrize("query", ["v=1&tab=about", "v=1&tab=verdict", "", None, 7, "seeds=x"])
def test_without_a_gallery_the_buttons_work_from_the_first_one(page, query):
    assert page.gallery.zip_file(query)["name"] == "seeds-0-15-128px.zip"


@pytest.mark.parametrize(
    "sent",
    [None, "x", {"a": 1}, 7, [1], [None, "", "x", "v=1&seeds=3-4", "v=1&seeds=-1", f"v=1&seeds={SEED_LIMIT}", ["v=1"]]],
)
def test_nonsense_in_a_browsers_storage_is_dropped(sent):
    assert inputs.clean(sent) == {}


@pytest.mark.parametrize(
    "query", ["v=1&tab=verdict&seeds=3", "v=1&seeds=3&variation=9", "v=1&seeds=3&w=x", "v=2&seeds=3"]
)
def test_a_kept_face_is_one_face_or_nothing(query):
    assert inputs.clean([query, "v=1&seeds=3"]) == {"v=1&seeds=3": View(seeds=(3,))}


def test_more_kept_faces_than_fit_are_dropped():
    many = [f"v=1&seeds={seed}" for seed in (5, 5, 3, *range(100, 200))]
    assert (
        list(inputs.clean(many))[:3] == ["v=1&seeds=5", "v=1&seeds=3", "v=1&seeds=100"]
        and len(inputs.clean(many)) == 63
    )


def test_a_link_with_other_weights_says_so(page):
    view, notes = page.open({"seeds": "5", "w": "0" * 12})
    assert (view, notes) == (View(seeds=(5,), weights="0" * 12), [])
    values = page.show(view, notes)  # the faces and their link are those of the current weights
    assert values[1] == "" and values[2]["query"] == encode(view_of(page, 5))
    assert len(values[3]) == 1 and "other weights" in values[3][0]
    assert page.open({"seeds": "5", "w": page.models.current.id}) == (view_of(page, 5), [])


def test_morph_controls(page):
    m = page.morph
    before = View("morph", (4, 13), Look(0.9), page.models.current.id, 8, False)
    assert m.typed(before, "5, 6") == (replace(before, seeds=(5, 6)), [])
    for text in ("4", "", "x", None):
        view, said = m.typed(before, text)
        assert view == before and "A morph takes 2 to 8 seeds" in said[-1]
    words = ["“Ada” is seed 2316697257."]
    assert m.typed(before, "Ada, 4") == (replace(before, seeds=(2316697257, 4)), words)
    assert m.smoother(before, 999) == (replace(before, frames=32), [])
    assert m.looped(before, True) == (replace(before, loop=True), [])


# --- words --------------------------------------------------------------------------------------------------------


DECIDED_BY = {GENERATED: detector.TRACES, REAL: detector.FEW_TRACES, UNCLEAR: detector.SOME_TRACES}


def opinion(probability: float, verdict: str, places=((0, 1), (2, -1)), decided_by: str = "", side=8) -> Opinion:
    crop = np.zeros((side, side, 3), np.uint8)
    decided_by = decided_by or DECIDED_BY[verdict]
    return Opinion(verdict, decided_by, 0.02, probability, crop, np.array(places, np.float32))


def answer(verdict: str, probability: float = 0.5, faces: int = 1, **more) -> dict:
    said = opinion(probability, verdict, **more)
    return as_json(Verdict(verdict, faces, Square(0, 0, 8), said, None), Image.new("RGB", (8, 8)))


@pytest.mark.parametrize(
    "verdict, probability, words",
    [
        (GENERATED, 0.88, "Likely generated: 88 %"),
        (REAL, 0.12, "Likely real: 88 %"),
        (UNCLEAR, 0.55, "Can't tell"),
        (GENERATED, 1.0, "Likely generated: 99 %"),
        (REAL, 0.0, "Likely real: 99 %"),
    ],
)
def test_a_verdict_in_words(verdict, probability, words):
    said = answer(verdict, probability)
    assert said["headline"] == words and said["verdict"] == verdict and said["probability_generated"] == probability
    assert said["photo"] is None  # the square is the picture


@pytest.mark.parametrize(
    "places, words",
    [
        ([[0, 0], [0, 3]], "bottom right"),
        ([[0, 0, 0], [0, 1, 0], [0, 0, 0]], "is in the middle."),
        ([[0, 0, 0], [0, 0, 1], [0, 0, 0]], "is on the right."),
        ([[0, 9, 0], [0, 0, 0], [0, 0, 0]], "at the top."),
        ([[-1, -2], [-1, -1]], ""),
    ],
)
def test_where_it_looks_generated(places, words):
    reason, *where = answer(GENERATED, places=places)["opinion"]["sentences"]
    assert reason.startswith("It has traces that generators leave") and len(where) == bool(words)
    assert all(words in sentence for sentence in where)
    # places mean little where nothing is called generated
    assert len(answer(UNCLEAR, places=places)["opinion"]["sentences"]) == 1


@pytest.mark.parametrize(
    "verdict, decided_by, words",
    [
        (GENERATED, detector.OURS, "the generators that this page knows"),
        (REAL, detector.FEW_TRACES, "no sign of this page's generators, and few traces"),
        (UNCLEAR, detector.SOME_TRACES, "Another one may have made it"),
        (UNCLEAR, detector.SOME_OF_OURS, "some signs of this page's generators"),
        (UNCLEAR, detector.UNLIKE, "unlike the faces that the page learned from"),
        (UNCLEAR, detector.UNTRAINED, "It knows no others, so it calls no face real."),
    ],
)
def test_a_verdict_says_why(verdict, decided_by, words):
    said = answer(verdict, decided_by=decided_by)["opinion"]
    assert words in said["sentences"][0] and (said["percent"] is None) == (decided_by == detector.UNLIKE)


def test_a_large_square_is_sent_small():
    said = answer(UNCLEAR, side=300)["opinion"]
    assert Image.open(io.BytesIO(base64.b64decode(said["crop"].split(",")[1]))).size == (128, 128)


def test_what_was_not_judged_says_why():
    photo, square = Image.new("RGB", (100, 80)), Square(40, 30, 20)
    small = as_json(Verdict(TOO_SMALL, 2, square, None, None), photo)
    assert (
        small["headline"] == "Too small to tell" and small["probability_generated"] is None and small["opinion"] is None
    )
    assert small["box"] == [40, 30, 20] and small["photo"].startswith("data:image/webp;base64,")
    assert "2 faces were found" in small["sentences"][0] and "less than 40 pixels wide" in small["sentences"][1]
    none = as_json(Verdict(NO_FACE, 0, None, None, opinion(0.5, UNCLEAR)), photo)
    assert none["headline"] == "No face found" and none["box"] is none["photo"] is none["opinion"] is None
    assert none["middle"]["headline"].startswith("Can't tell")


def test_the_faces_of_a_group_photo_are_named_and_marked():
    photo, squares = Image.new("RGB", (400, 200)), [Square(160, 60, 80), Square(300, 0, 60), Square(20, 70, 40)]
    largest, *others = [Judged(GENERATED, square, opinion(0.9, GENERATED)) for square in squares]
    others[1] = Judged(TOO_SMALL, squares[2], None)
    said = as_json(Verdict(GENERATED, 15, squares[0], largest.opinion, None, tuple(others)), photo)
    assert said["sentences"] == [
        "15 faces were found; this is the verdict on the largest.",
        "Only the 12 largest can be chosen.",
    ]
    assert said["box"] == [160, 60, 80] and [other["box"] for other in said["others"]] == [[300, 0, 60], [20, 70, 40]]
    right, left = said["others"]
    assert set(right) == {"verdict", "headline", "probability_generated", "box", "roll", "sentences", "opinion"}
    assert (right["verdict"], right["headline"]) == (GENERATED, "Likely generated: 90 %")
    assert right["sentences"] == ["Face 3 of 3, at the top right."] and right["probability_generated"] == 0.9
    assert (left["verdict"], left["headline"], left["opinion"]) == (TOO_SMALL, "Too small to tell", None)
    assert left["sentences"][0] == "Face 1 of 3, on the left." and "too small to judge" in left["sentences"][1]
    assert [(mark["face"], mark["pressed"]) for mark in said["marks"]] == [(2, False), (0, True), (1, False)]
    assert [mark["name"] for mark in said["marks"]][1] == "Face 2 of 3, in the middle"
    # of the picture's width in percent; the middles are (40, 90), (200, 100) and (330, 30)
    assert [mark["place"] for mark in said["marks"]] == [
        "--x: 10.00cqw; --y: 22.50cqw; --side: 10.00cqw; --near: 40.00cqw; --face: 2; --roll: 0deg",
        "--x: 50.00cqw; --y: 25.00cqw; --side: 20.00cqw; --near: 32.50cqw; --face: 0; --roll: 0deg",
        "--x: 82.50cqw; --y: 7.50cqw; --side: 15.00cqw; --near: 32.50cqw; --face: 1; --roll: 0deg",
    ]
    assert said["aspect"] == 2 and said["photo"].startswith("data:image/webp;base64,")


@pytest.mark.parametrize(
    "roll, words", [(0, ""), (-20.4, "tilted by 20°"), (90, "tilted by 90°"), (170, "upside down")]
)
def test_a_face_that_is_not_upright_is_said_to_be(roll, words):
    said = as_json(Verdict(REAL, 1, Square(10, 20, 30, roll), opinion(0.1, REAL), None), Image.new("RGB", (100, 80)))
    told = f"The face is {words} in the picture. It was turned upright before it was judged."
    assert said["sentences"] == ([told] if words else [])
    assert said["box"] == [10, 20, 30] and said["roll"] == round(roll)
    assert f"--roll: {round(roll)}deg" in said["marks"][0]["place"]


def test_a_face_that_fills_the_picture_is_shown_with_the_others():
    photo, squares = Image.new("RGB", (100, 100)), [Square(0, 0, 100), Square(5, 5, 50)]
    other = Judged(TOO_SMALL, squares[1], None)
    assert as_json(Verdict(REAL, 2, squares[0], opinion(0.1, REAL), None, (other,)), photo)["photo"]


def test_how_far_to_trust_it_is_what_was_measured(page):
    judge = page.verdict.judge
    unseen = judge.config["unseen"]["report"]
    assert f"finds {100 * unseen['generated']['likely_generated']:.0f} %" in judge.trust
    assert f"({100 * unseen['real']['cannot_tell']:.0f} %)" in judge.trust
    assert "not a forensic tool" in judge.trust
    assert len(judge.trust.split()) < 60  # read in about ten seconds


def test_about_needs_nothing_but_the_networks(page, monkeypatch, tmp_path):
    """Weights of a checkpoint have no figures yet; the texts of a config are not HTML."""
    monkeypatch.setattr(page.models.current, "config", {})
    monkeypatch.setattr(page.models.current, "facts", facts.of_generator({}, "0" * 12, "<b>x"))
    monkeypatch.setattr(page.models.current, "folder", tmp_path)
    text = about.about.__wrapped__(page.models.current, page.verdict.judge)
    assert "&lt;b&gt;x" in text and text.count("<img") == 1 and "Train your own" in text


def test_the_outer_address_is_the_spaces(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert outer_address() == ""
    monkeypatch.setenv("SPACE_ID", "somebody/faces")
    assert outer_address() == "https://huggingface.co/spaces/somebody/faces"


@pytest.mark.parametrize("data", [None, {}, {"other": 1}, {"format": None, "faces": None}])
def test_handlers_do_without_what_an_event_lacks(page, data):
    event = Sent(None, data)
    assert page.answer(event) and page.kept.draw(event) == {"faces": []}
    assert page.morph.file("tab=morph&seeds=1,2&frames=2", event)["name"].endswith(".webp")


@pytest.mark.parametrize(
    "value",
    [None, "x" * 1000, "0-4294967295", 1e308, -1, [], {}, {"path": "/etc/passwd"}, "v=1&seeds=" + "9" * 5000],
    ids=lambda value: repr(value)[:20],
)
def test_every_handler_takes_any_nonsense_or_refuses_it(page, value):
    """Arguments as they come over HTTP, without the limits of a browser's controls; Gradio checks them first."""
    refusals = (gr.Error, ComponentProcessingError, ValidationError)
    handlers = {(each.fn, *map(type, each.inputs)): each for each in page.blocks.fns.values() if each.fn}
    refused = 0
    for handler in handlers.values():
        event = gr.EventData(
            None, dict.fromkeys(("query", "faces", "base", "at", "weights", "actions", "format"), value)
        )
        request = gr.Request(
            query_params={"seeds": str(value), "variation": str(value), "tab": str(value), "w": str(value)}
        )
        try:
            # in a new thread: this one may hold the event loop of a browser
            ThreadPoolExecutor().submit(
                asyncio.run,
                page.blocks.process_api(
                    handler, [value] * len(handler.inputs), SessionState(page.blocks), request, event_data=event
                ),
            ).result()
        except refusals:
            refused += 1
    assert len(handlers) > 10 and refused <= len(handlers) - 4  # Gradio refuses the path in the event of four
