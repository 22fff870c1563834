"""Attributes on the page, in addresses, API and files: what is shown is pinned, and what cannot be shown is said."""

import base64
import io
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from conftest import WEIGHTS
from PIL import Image
from small import folder_of, shaped
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gan.link import View, decode, encode
from gan.model.look import Look
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge
from gan.serve.models import Models
from gan.serve.page import preview
from gan.serve.page.api import Api
from gan.serve.page.face_address import FaceAddress, face_at, face_routes, parse
from gan.serve.page.frame import Page
from gan.serve.page.line import Line

NOWHERE = "0" * 12


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Models:
    """Weights that move age and smile, with older directions of age alone; and weights without directions."""
    folder = tmp_path_factory.mktemp("weights")
    shaped(folder_of(folder / "tiny"), "age", seed=1)
    shaped(folder / "tiny", "age", "smile")
    folder_of(folder / "plain")
    return Models(folder, "tiny")


@pytest.fixture(scope="module")
def page(models) -> Page:
    return Page(models, Judge(WEIGHTS / "detector"))


@pytest.fixture
def model(models) -> FaceModel:
    return models.current


@pytest.fixture
def older(model) -> str:
    return model.directions[1].id


@pytest.fixture
def plain(models) -> FaceModel:
    return models.embedded[1]


def link(model: FaceModel, *seeds, tab="gallery", **look) -> str:
    return encode(View(tab, seeds, Look(**look), model.id))


def shown(page, query: str) -> tuple[dict, list[str], list]:
    """What a link leads to: the value of the link, the notes, and the grid."""
    values = page.show(*page.open(query), arrived=True)
    return values[2], values[3], values[page.outputs.index(page.gallery.grid)]


def answered(page, base: str, *actions) -> dict:
    """The value of the link after a question."""
    numbered = [[number, *action] for number, action in enumerate(actions, 1)]
    return page.answer(SimpleNamespace(base=base, at="gallery", weights="", actions=numbered))[2]


def test_a_link_is_pinned_to_the_directions_that_its_faces_have(page, model, older):
    newest = model.along().id
    for query, directions in ((link(model, 4, age=1.5), newest), (link(model, 4, age=1.5, directions=older), older)):
        value, notes, grid = shown(page, query)
        assert value["query"] == grid[0]["query"] == link(model, 4, age=1.5, directions=directions) and not notes
        assert value["controls"]["age"] == 1.5 and value["controls"]["smile"] == 0
        assert grid[0]["words"] == "16 px · variation 1, age 1.5"
        pixels = np.asarray(Image.open(io.BytesIO(data(grid[0]["src"]))))
        assert np.array_equal(pixels, model.faces([4], Look(age=1.5, directions=directions))[0])
    assert not np.array_equal(*(model.faces([4], Look(age=1.5, directions=each)) for each in (newest, older)))


@pytest.mark.parametrize(
    "look, note, left",
    [
        ({"age": 1, "smile": 2}, "These weights cannot change age and smile.", {}),
        ({"variation": 0.5, "age": 1, "directions": NOWHERE}, "These weights cannot change age.", {"variation": 0.5}),
    ],
)
def test_weights_without_directions_say_so(page, plain, look, note, left):
    value, notes, _ = shown(page, link(plain, 4, **look))
    assert value["query"] == link(plain, 4, **left)
    assert notes == [f"{note} The faces are shown as near to that as possible."]


def test_an_attribute_or_directions_that_are_not_there_are_named(page, model, older):
    value, notes, _ = shown(page, link(model, 4, age=1, glasses=2))
    assert value["query"] == link(model, 4, age=1, directions=model.along().id)
    assert len(notes) == 1 and notes[0].startswith("These weights cannot change glasses.")
    value, notes, _ = shown(page, link(model, 4, age=1, directions=NOWHERE))
    assert value["query"] == link(model, 4, age=1, directions=model.along().id)
    assert len(notes) == 1 and notes[0].startswith(f"These weights do not have the directions {NOWHERE}.")
    value, notes, _ = shown(page, link(model, 4, smile=1, directions=older))
    assert value["query"] == link(model, 4) and "cannot change smile" in notes[0]


def test_weights_that_are_missing_are_the_only_note_and_may_still_come(page, model, monkeypatch):
    query = encode(View(seeds=(4,), look=Look(age=1, directions=NOWHERE), weights=NOWHERE))
    value, notes, _ = shown(page, query)
    assert value["query"] == link(model, 4, age=1, directions=model.along().id)
    assert len(notes) == 1 and "made with other weights" in notes[0]
    monkeypatch.setattr(page.models, "asked_for", lambda weights: True)
    assert shown(page, query)[0]["query"] == query  # a page that is loaded again asks for the same


def test_sliders_go_on_along_the_directions_of_the_view(page, model, older):
    base = link(model, 4, age=1, directions=older)
    assert answered(page, base, ["gallery", "age", -2])["query"] == link(model, 4, age=-2, directions=older)
    again = answered(page, base, ["gallery", "age", 0], ["gallery", "age", 3])
    assert again["query"] == link(model, 4, age=3, directions=model.along().id)  # as generated, there was no d
    unshaped = answered(page, link(model, 4, variation=0.5, age=1, smile=2), ["gallery", "unshaped", None])
    assert unshaped["query"] == link(model, 4, variation=0.5) and unshaped["controls"]["smile"] == 0


def test_other_weights_move_along_their_own_directions(page, model, plain, older):
    value = answered(page, link(model, 4, age=1, directions=older), ["gallery", "weights", plain.id])
    assert value["query"] == link(plain, 4)
    values = page.show(
        *page.actions["gallery", "weights"](decode(link(plain, 4, age=1, directions=older))[0], model.id)
    )
    assert values[2]["query"] == link(model, 4, age=1, directions=model.along().id) and values[3] == []


def test_a_card_says_what_its_weights_can_move(page, model, plain, older):
    def picked(query: str) -> dict:
        return page.gallery.pick(SimpleNamespace(query=query))

    query = link(model, 4, age=1.5, directions=model.along().id)
    card = picked(query)
    assert (card["asked"], card["query"]) == (query, query) and card["words"] == "16 px · variation 1, age 1.5"
    assert card["moves"] == ["age", "smile"] and card["along"] == model.along().id
    assert card["name"] == f"seed-4-16px-variation-1-age-1.5-d-{model.along().id}.png"
    assert Image.open(io.BytesIO(data(card["src"]))).text["look"] == f"variation=1&age=1.5&d={model.along().id}"
    assert picked(link(model, 4, age=1.5))["query"] == query
    assert picked(link(model, 4, age=1.5, directions=older))["moves"] == ["age"]
    assert picked(link(plain, 4))["moves"] == []
    with pytest.raises(gr.Error, match="cannot change age"):
        picked(link(plain, 4, age=1))


def test_files_say_how_they_were_shaped(page, model):
    look = f"variation-1-age-1.5-d-{model.along().id}"
    assert page.gallery.sheet_file(link(model, 4, 5, age=1.5))["name"] == f"seeds-4_5-16px-{look}.png"
    assert page.gallery.zip_file(link(model, 4, 5, age=1.5))["name"] == f"seeds-4_5-16px-{look}.zip"
    query = link(model, 4, 5, tab="morph", age=1.5)
    assert page.morph.file(query, SimpleNamespace(format="gif"))["name"] == f"morph-4-5-128px-{look}.gif"
    moment = page.morph.render(page.open(shown(page, query)[0]["query"])[0])[1]["moments"][1]
    assert f"&age=1.5&d={model.along().id}&" in moment["query"]


def test_kept_faces_keep_their_shape_or_are_not_drawn(page, model, plain, older):
    kept = [link(model, seed, age=1, directions=older) for seed in (4, 5)]
    lost = [link(plain, 4, age=1), link(model, 4, age=1, directions=NOWHERE)]
    drawn = page.kept.draw(SimpleNamespace(faces=kept + lost))["faces"]
    assert [face["query"] for face in drawn] == kept
    view, notes = page.kept.in_gallery(View(), kept + lost)
    assert encode(view) == link(model, 4, 5, age=1, directions=older)
    assert len(notes) == 1 and notes[0].startswith("2 kept faces are left out: this page does not have")
    view, notes = page.kept.in_gallery(View(), [kept[0], link(model, 5, age=1)])
    assert view.seeds == (4,) and "other weights or settings" in notes[0]


def test_a_preview_is_of_the_shaped_faces(models, model):
    plain, moved = (preview.drawn(models, decode(link(model, 4, **look))[0]) for look in ({}, {"age": 3}))
    assert moved and plain != moved


# --- addresses of faces -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(models) -> TestClient:
    return TestClient(Starlette(routes=face_routes(models, Line(4))), follow_redirects=False)


def test_the_address_of_a_shaped_face(site, models, model, older):
    look = Look(age=-1.5, directions=older)
    address = f"/{FaceAddress(7, 'png', look, model.id)}"
    assert address == f"/face/7.png?variation=1&age=-1.5&d={older}&w={model.id}"
    answer = site.get(address)
    picture = Image.open(io.BytesIO(answer.content))
    assert np.array_equal(np.asarray(picture), model.faces([7], look)[0])
    assert picture.text["look"] == f"variation=1&age=-1.5&d={older}"
    assert "immutable" in answer.headers["cache-control"] and answer.headers["etag"]
    assert f"age--1.5-d-{older}.png" in answer.headers["content-disposition"]
    assert face_at(models, f"https://example.org{address}") == answer.content
    assert site.get(address, headers={"if-none-match": answer.headers["etag"]}).status_code == 304


def test_an_address_without_directions_follows_those_of_the_weights(site, models, model):
    address = f"/face/7.png?age=2&w={model.id}"
    answer = site.get(address, headers={"if-none-match": '""'})
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), model.faces([7], Look(age=2))[0])
    # other directions may be there after a restart
    assert answer.headers["cache-control"] == "public, max-age=300" and "etag" not in answer.headers
    assert face_at(models, f"https://example.org{address}") is None
    leads = site.get("/random.png?age=2").headers["location"]
    assert leads.endswith(f"?variation=1&age=2&d={model.along().id}&w={model.id}")


def test_a_face_that_cannot_be_shaped_so_has_no_address(site, model, plain):
    for address, words in (
        (f"/face/7.png?age=1&w={plain.id}", "These weights cannot change age."),
        ("/face/7.png?glasses=1", "These weights cannot change glasses."),
        (f"/face/7.png?age=1&d={NOWHERE}", f"do not have the directions {NOWHERE}."),
        ("/face/7.png?age=3.1", "age must be a number from -3 to 3."),
        ("/face/7.png?age=x", "age must be a number from -3 to 3."),
        ("/face/7.png?age=1&d=x", "d must be the 12 hexadecimal digits"),
        ("/face/7.png?variation=-1", "variation must be a number from 0 to 1.5."),
    ):
        answer = site.get(address)
        assert answer.status_code == 404 and words in answer.text, address
    assert site.get("/" + site.get("/random.png?glasses=1").headers["location"]).status_code == 404
    assert parse("7.png", {"age": "0", "d": NOWHERE}).look == Look()


# --- programs -----------------------------------------------------------------------------------------------------


def test_the_api_shapes_faces_and_refuses_what_it_cannot(models, model, plain, older):
    api = Api.__new__(Api)
    api.models = models
    paths, query = api.generate("4", "", age=1.5, smile=-1)
    assert query == link(model, 4, age=1.5, smile=-1, directions=model.along().id)
    assert paths[0].endswith(f"00-seed-4-16px-variation-1-age-1.5-smile--1-d-{model.along().id}.png")
    assert np.array_equal(np.asarray(Image.open(paths[0])), model.faces([4], decode(query)[0].look)[0])
    assert api.generate("4", model.id, older.upper(), age=9)[1] == link(model, 4, age=3, directions=older)
    assert api.morph("4, 5", 2, True, "", older, age=-1)[1].startswith(
        f"v=1&tab=morph&seeds=4,5&variation=1&age=-1&d={older}&"
    )
    for arguments, words in (
        ({"weights": plain.id, "age": 1}, "These weights cannot change age."),
        ({"weights": "", "glasses": 1}, "These weights cannot change glasses."),
        ({"weights": "", "age": 1, "directions": NOWHERE}, "do not have the directions"),
        ({"weights": "", "age": 1, "directions": "x"}, "The directions must be given as 12 hexadecimal digits"),
    ):
        with pytest.raises(gr.Error, match=words):
            api.generate("4", **arguments)


def data(url: str) -> bytes:
    """The file in a data: URL."""
    return base64.b64decode(url.split(",", 1)[1])
