"""Addresses of single faces: what is there, for how long it may be kept, and what a flood of requests does."""

import io
import re
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from conftest import DEFAULT, EMBEDDED, WEIGHTS, serving
from PIL import Image

from gan.model.look import Look
from gan.model.point import Place
from gan.serve import files
from gan.serve.faces import FaceModel
from gan.serve.models import Models
from gan.serve.page.face_address import FaceAddress, face_at, parse
from gan.serve.page.launch import MOST_PICTURES

HASH = r"[0-9a-f]{12}"


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel(EMBEDDED)


def get(address: str, path: str, **headers) -> httpx.Response:
    return httpx.get(f"{address}{path}", headers=headers, timeout=60)


def opened(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def test_a_face_has_an_address(address, model):
    answer = get(address, f"/face/1003.png?variation=0.8&w={model.id}")
    picture = opened(answer)
    assert picture.format == "PNG" and np.array_equal(np.asarray(picture), model.faces([1003], Look(0.8))[0])
    assert picture.text == files.origin([1003], Look(0.8), model.id)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-disposition"] == 'inline; filename="seed-1003-128px-variation-0.8.png"'


def test_a_place_has_an_address(address, model):
    place = Place(Place(4, 13, 0.4), Place(7, 9, 0.2), 0.5)
    path = str(FaceAddress(place, "png", Look(), model.id))
    assert path == f"face/4~13@0.4~%287~9@0.2%29@0.5.png?variation=1&w={model.id}"
    answers = [get(address, f"/{each}") for each in (path, path.replace("~", "%7E").replace("@", "%40"))]
    for answer in answers:
        assert np.array_equal(np.asarray(opened(answer)), model.faces([place])[0])
        name = "seed-4~13@0.4~(7~9@0.2)@0.5-128px.png"
        assert answer.headers["content-disposition"] == f'inline; filename="{name}"'
    assert answers[0].headers["etag"] == answers[1].headers["etag"] != get(address, "/face/4.png").headers["etag"]
    for url in (f"https://example.org/{path}", f"http://127.0.0.1/{path.replace('~', '%7E')}"):
        assert face_at(Models(WEIGHTS, DEFAULT), url) == answers[0].content
    assert parse("4~13@0.png", {}) == parse("4.png", {})


def test_a_face_in_another_format_and_size(address, model):
    answer = get(address, "/face/1003.webp?size=512")
    picture = opened(answer)
    assert picture.format == "WEBP" and picture.size == (512, 512) and answer.headers["content-type"] == "image/webp"
    small = np.asarray(picture.convert("RGB").resize(2 * [model.resolution], Image.Resampling.BOX)).astype(int)
    assert np.abs(small - model.faces([1003])[0]).mean() < 6 < np.abs(small - model.faces([1004])[0]).mean()
    large = opened(get(address, "/face/7.png?size=512"))
    assert large.size == (512, 512) and large.text["size"] == f"enlarged from {model.resolution} px"
    assert opened(get(address, "/face/7.png?size=16")).size == (16, 16)


def test_other_and_older_weights(address):
    for folder in (WEIGHTS / "faces-64", next((WEIGHTS / "older").iterdir())):
        other = FaceModel(folder)
        picture = opened(get(address, f"/face/7.png?w={other.id.upper()}"))
        assert np.array_equal(np.asarray(picture), other.faces([7])[0])


def test_without_weights_it_is_not_kept_for_long(address, model):
    answer = get(address, "/face/7.png")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert np.array_equal(np.asarray(opened(answer)), model.faces([7])[0])


def test_what_a_browser_has_is_not_sent_again(address, model):
    paths = ["7.png", f"7.png?w={model.id}", f"7.webp?w={model.id}", "7.png?size=64", "7.png?variation=0.8", "8.png"]
    first = [get(address, f"/face/{path}") for path in paths]
    tags = [answer.headers["etag"] for answer in first]
    assert len(set(tags)) == len(paths) and all(re.fullmatch('W/"[0-9a-f]{16}"', tag) for tag in tags)
    again = get(address, f"/face/{paths[1]}", **{"if-none-match": f'"x", {tags[1]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tags[1])
    assert again.headers["cache-control"] == first[1].headers["cache-control"]
    assert get(address, f"/face/{paths[1]}", **{"if-none-match": tags[0]}).status_code == 200
    assert tags[0] == get(address, "/face/7.png?variation=1").headers["etag"]


def test_head_says_what_get_would(address):
    head, answer = httpx.head(f"{address}/face/7.png", timeout=60), get(address, "/face/7.png")
    for name in ("content-type", "content-length", "etag", "cache-control"):
        assert head.headers[name] == answer.headers[name]
    assert head.status_code == 200 and head.content == b""


@pytest.mark.parametrize("origin", [{}, {"origin": "https://example.org"}])
def test_other_sites_may_show_and_read_it(address, origin):
    for path in ("/face/7.png", "/face/x.png", "/random.png"):
        assert get(address, path, **origin).headers["access-control-allow-origin"] == "*"
    assert get(address, "/face/7.png", **origin).headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize(
    "path, words",
    [
        ("/face/4294967296.png", "whole number from 0 to 4294967295"),
        ("/face/-1.png", "whole number from 0 to 4294967295"),
        ("/face/Ada.png", "whole number from 0 to 4294967295"),
        ("/face/1,2.png", "whole number from 0 to 4294967295"),
        ("/face/4~13.png", "or a place between two, as /face/4~13@0.4.png."),
        ("/face/4~13@1.5.png", "or a place between two, as /face/4~13@0.4.png."),
        ("/face/" + "(" * 2000 + ".png", "or a place between two, as /face/4~13@0.4.png."),
        ("/face/1003.gif", "/face/SEED.png or /face/SEED.webp"),
        ("/face/1003", "/face/SEED.png or /face/SEED.webp"),
        ("/face/", "/face/SEED.png or /face/SEED.webp"),
        ("/face/a/b.png", "/face/SEED.png or /face/SEED.webp"),
        ("/face/%D9%A3.png", "/face/SEED.png or /face/SEED.webp"),
        ("/face/1.png?size=15", "size must be a whole number from 16 to 512."),
        ("/face/1.png?size=513", "size must be a whole number from 16 to 512."),
        ("/face/1.png?size=64.5", "size must be a whole number from 16 to 512."),
        ("/face/1.png?size=large", "size must be a whole number from 16 to 512."),
        ("/face/1.png?variation=1.6", "variation must be a number from 0 to 1.5."),
        ("/face/1.png?variation=nan", "variation must be a number from 0 to 1.5."),
        ("/face/1.png?w=faces-64", "12 hexadecimal digits"),
        ("/face/1.png?w=000000000000", "does not have the weights 000000000000."),
        ("/random.gif", "/face/SEED.png or /face/SEED.webp"),
        ("/random.png?size=9", "size must be a whole number from 16 to 512."),
    ],
)
def test_what_is_not_there_is_one_sentence(address, path, words):
    answer = get(address, path)
    assert answer.status_code == 404 and answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert words in answer.text and answer.text.endswith(".\n") and answer.text.count("\n") == 1
    assert answer.headers["cache-control"] == "no-store"


def test_random_leads_to_a_face_that_stays(address, model):
    answers = [get(address, "/random.png?size=64&x=1") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {302}
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    places = {answer.headers["location"] for answer in answers}
    assert len(places) == 3
    for place in places:  # relative: right behind a proxy's path, too
        assert re.fullmatch(rf"face/[0-9]{{1,6}}\.png\?variation=1&size=64&w={model.id}", place)
    followed = httpx.get(f"{address}/random.webp", follow_redirects=True, timeout=60)
    assert opened(followed).format == "WEBP" and "immutable" in followed.headers["cache-control"]


@pytest.mark.parametrize(
    "name, query", [("7.png", {}), ("0012.webp", {"variation": "0.333", "w": "AB" * 6, "size": "64"})]
)
def test_an_address_is_read_as_it_is_written(name, query):
    read = parse(name, query)
    name, _, query = str(read).removeprefix("face/").partition("?")
    assert parse(name, dict(httpx.QueryParams(query))) == read
    assert str(FaceAddress(7, "png", Look(), "e933c29c64d6", 512)) == "face/7.png?variation=1&size=512&w=e933c29c64d6"


def test_a_flood_slows_the_page_and_does_not_stop_it(address):
    """Faces and the pictures for chats wait in one line; how long it may get is in test_line."""

    many = MOST_PICTURES  # all of one visitor, who gets half of the places
    connections = [HTTPConnection(urlsplit(address).netloc, timeout=200) for _ in range(many)]
    for connection in connections:
        connection.connect()
    for number, connection in enumerate(connections, 5000):  # all are asked before the first answer is read
        connection.request("GET", f"/face/{number}.png?size=512" if number % 2 else f"/preview.jpg?seeds={number}")
    answers = []
    for connection in connections:
        answer = connection.getresponse()
        answers.append((answer.status, answer.headers["retry-after"], answer.read()))
        connection.close()
    drawn, refused = ([answer for answer in answers if answer[0] == status] for status in (200, 503))
    assert len(drawn) >= many // 2 and len(drawn) + len(refused) == many
    assert all(later == "10" and b"Ask again" in text for _, later, text in refused)
    assert get(address, "/face/7.png").status_code == 200 and get(address, "/").status_code == 200


def test_behind_a_path_of_a_proxy(tmp_path):
    with serving(tmp_path, GRADIO_ROOT_PATH="/faces") as address:
        for path in ("/face/7.png", "/faces/face/7.png"):  # some proxies drop their path, others keep it
            assert get(address, path).status_code == 200, path
