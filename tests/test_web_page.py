"""The page without a server, in a real browser: the same faces, links and words as the Gradio page."""

import base64
import re
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import small
import torch
from browsing import settled
from playwright.sync_api import expect

from gan.link import View, decode, encode
from gan.model.look import AS_TRAINED, Look
from gan.model.point import parse
from gan.serve import WEIGHTS
from gan.serve.faces import FaceModel
from gan.web.build import build
from gan.words import word_seed

FACES = "#gallery-faces .face"
PIXELS = """canvas => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return [width, height, btoa(text)];
}"""


@contextmanager
def serving_files(folder: Path):
    """`python -m http.server -d folder` → its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> FaceModel:
    """The smallest weights, which can move age and smile."""
    torch.manual_seed(5)
    return FaceModel(small.shaped(small.folder_of(tmp_path_factory.mktemp("weights") / "tiny"), "age", "smile"))


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel(WEIGHTS / "faces-64")


@pytest.fixture(scope="module")
def site(tmp_path_factory, tiny, model) -> str:
    """A page with faces-64 and the smallest weights."""
    out = tmp_path_factory.mktemp("site")
    build(out, [str(model.folder), str(tiny.folder)])
    with serving_files(out) as address:
        yield address


@pytest.fixture
def visitor(page, site):
    """A fresh visitor: nothing is asked of other hosts, and the console stays silent."""
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: message.type == "error" and said.append(message.text))
    yield page
    assert [url for url in asked if not url.startswith((site, "data:", "blob:"))] == []
    assert said == []


def pixels(canvas) -> np.ndarray:
    """The pixels of a canvas: `(H, W, 3)` uint8."""
    width, height, data = canvas.evaluate(PIXELS)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)[..., :3]


def shown(page, model: FaceModel, points, look: Look = AS_TRAINED) -> None:
    """The gallery shows these faces in this order, each within one grey level."""
    expect(page.locator(FACES)).to_have_count(len(points))
    wanted = model.faces(points, look).astype(int)

    def right() -> bool:
        names = page.locator(FACES).evaluate_all("all => all.map(face => face.ariaLabel)")
        if names != [f"Face of seed {point}" for point in points]:
            return False
        found = [pixels(canvas) for canvas in page.locator(f"{FACES} canvas").all()]
        return all(face.shape == own.shape and np.abs(face - own).max() <= 1 for face, own in zip(found, wanted))

    settled(right, 20)


def link_of(page) -> str:
    return page.get_by_label("Link to what you see").input_value()


def in_address(page, **wanted) -> None:
    settled(lambda: all(f"{name}={value}&" in f"{page.url}&" for name, value in wanted.items()), 10)
    assert link_of(page) == page.url


def open_face(page, seed):
    page.get_by_role("list", name="Gallery").get_by_role("button", name=f"Face of seed {seed}", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"Face of seed {seed}", exact=True)
    expect(dialog).to_be_visible()
    return dialog


def test_the_first_gallery_is_the_servers(visitor, site, model):
    visitor.goto(site)
    shown(visitor, model, range(16))
    in_address(visitor, v=1, seeds="0-15", variation=1, w=model.id)
    expect(visitor.get_by_role("heading", name="Seeds 0–15 of 4,294,967,296")).to_be_visible()
    expect(visitor.locator("#gallery-heading p")).to_have_text(f"64 px · variation 1 · weights {model.id}")
    # and of other weights
    visitor.get_by_role("button", name="16 px").click()
    in_address(visitor, seeds="0-15")
    expect(visitor.locator("#gallery-heading p")).to_contain_text("16 px")


def test_a_link_of_the_gradio_page_means_the_same(visitor, site, model, tiny):
    points = tuple(parse(text)[0] for text in ("4294967295", "4~13@0.4", "4~13@0.4~(7~9@0.2)@0.5", "3"))
    look = Look(0.8, age=1.5, smile=-1, directions=tiny.along().id)
    query = encode(View("gallery", points, look, tiny.id))
    visitor.goto(f"{site}/?{query}")
    shown(visitor, tiny, points, look)
    assert visitor.url == f"{site}/?{query}"
    expect(visitor.locator("#gallery .shape")).to_have_attribute("open", "")
    expect(visitor.locator("#gallery .slider[data-name=age] input[type=range]")).to_have_value("1.5")
    expect(visitor.locator("#gallery .slider[data-name=hair]")).to_be_hidden()
    # what these weights cannot do is said
    visitor.goto(f"{site}/?{query.replace('smile', 'turn')}")
    expect(visitor.locator("#notes")).to_have_text(
        "These weights cannot change turn. The faces are shown as near to that as possible."
    )
    visitor.goto(f"{site}/?{query.replace(tiny.id, 'ffffffffffff')}")
    expect(visitor.locator("#notes")).to_contain_text("These faces were made with other weights")


@pytest.mark.parametrize(
    "query, sentence",
    [
        ("?v=2&seeds=1", "This link comes from another version of this page."),
        ("?tab=%3Cimg%20src=x%20onerror=alert(1)%3E", "This page has no tab “<img src=x onerror=alert"),
        ("?seeds=99999999999,${alert(1)},<b>", "is not a seed"),
        ("?seeds=1&variation=1e9&age=9", "Variation “1e9” is not possible. 1 is used instead."),
        ("?seeds=0-4294967295", "Only 64 faces fit. These are the first 64."),
        ("?tab=verdict&seeds=7", "“Real or fake” needs a server, which this page does without. Here is the gallery."),
        ("?model=../../etc/passwd", "Write it as user/name or user/name@revision."),
    ],
)
def test_hostile_links_get_a_sentence(visitor, site, query, sentence):
    visitor.goto(site + "/" + query)
    expect(visitor.locator("#notes")).to_contain_text(sentence)
    expect(visitor.locator(FACES).first).to_be_visible()
    assert decode(visitor.url.partition("?")[2])[1] == []  # the page's own link is in order


def test_the_gallery_is_moved_through(visitor, site, model):
    visitor.goto(f"{site}/?seeds=0-3")
    shown(visitor, model, range(4))
    visitor.get_by_role("button", name="Next →").click()
    shown(visitor, model, range(4, 8))
    visitor.get_by_role("spinbutton", name="How many, exactly").fill("2")
    shown(visitor, model, range(4, 6))
    seeds = visitor.get_by_label("Seeds").first
    seeds.fill("Ada, 12")
    seeds.press("Enter")
    expect(visitor.locator("#gallery-said")).to_have_text(f"“Ada” is seed {word_seed('Ada')}.")
    shown(visitor, model, [word_seed("Ada"), 12])
    visitor.go_back()
    shown(visitor, model, range(4, 6))
    visitor.go_back()
    visitor.go_back()
    shown(visitor, model, range(4))
    visitor.go_forward()
    shown(visitor, model, range(4, 8))
    seeds.fill(f"{site}/?v=1&seeds=7,9")
    seeds.press("Enter")
    shown(visitor, model, [7, 9])
    visitor.get_by_role("button", name="Surprise me").click()
    settled(lambda: "seeds=7,9&" not in visitor.url)
    assert len(decode(visitor.url.partition("?")[2])[0].seeds) == 4


def test_a_slider_is_followed_and_fills_no_history(visitor, site, model):
    visitor.goto(f"{site}/?seeds=1-2")
    shown(visitor, model, (1, 2))
    entries = visitor.evaluate("history.length")
    slider = visitor.get_by_role("slider", name="Variation").first
    for value in ("0.6", "0.7", "0.75"):
        slider.fill(value)
    shown(visitor, model, (1, 2), Look(0.75))
    assert visitor.evaluate("history.length") == entries
    in_address(visitor, variation="0.75")
    visitor.locator("#gallery .slider[data-name=variation] .reset").click()
    shown(visitor, model, (1, 2))
