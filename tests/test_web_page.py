"""The page without a server, in a real browser: the same faces, links and words as the Gradio page."""

import base64
import inspect
import io
import json
import re
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import small
import torch
from browsing import CONTRAST, CUT, HOSTILE, settled
from conftest import DESKTOP, PHONE, ROOT
from PIL import Image
from playwright.sync_api import expect

from gan import UserError
from gan.link import View, decode, encode
from gan.model.look import AS_TRAINED, Look
from gan.model.point import parse
from gan.serve import WEIGHTS, files
from gan.serve.faces import FaceModel
from gan.serve.page.gallery import Gallery
from gan.serve.page.morph import Morph, moments
from gan.serve.relatives import relatives
from gan.web.build import build, main
from gan.words import word_seed

FACES = "#gallery-faces .face"
PHOTO_TABS = [
    ("Real or fake", "A picture with a face", "#verdict .answer"),
    ("Find", "A photo with a face", "#find .answer"),
]
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
    """The smallest weights, which can move age and smile, and for older links age and beard."""
    torch.manual_seed(5)
    folder = small.folder_of(tmp_path_factory.mktemp("weights") / "tiny")
    return FaceModel(small.shaped(small.shaped(folder, "age", "beard", seed=1), "age", "smile"))


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> FaceModel:
    """Other weights as small, which can move nothing."""
    torch.manual_seed(6)
    return FaceModel(small.folder_of(tmp_path_factory.mktemp("weights") / "plain"))


@pytest.fixture(scope="module")
def faces_64() -> FaceModel:
    return FaceModel(WEIGHTS / "faces-64")


@pytest.fixture(scope="module")
def site(tmp_path_factory, tiny, model, faces_64) -> str:
    """A page with the smallest weights, and faces-64."""
    out = tmp_path_factory.mktemp("site")
    build(out, [str(each.folder) for each in (model, tiny, faces_64)])
    with serving_files(out) as address:
        yield address


@pytest.fixture(scope="module")
def group(tmp_path_factory, faces_64) -> Path:
    """A photo of two people."""
    picture = Image.new("RGB", (420, 240), (96, 128, 80))
    for face, place, side in zip(faces_64.faces((1, 4), Look(0.8)), ((20, 60), (160, 40)), (100, 160)):
        picture.paste(Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC), place)
    path = tmp_path_factory.mktemp("photo") / "group.png"
    picture.save(path)
    return path


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


def alike(found: list[np.ndarray], wanted: np.ndarray) -> bool:
    """Whether these are the wanted faces, `(N, S, S, 3)` integers, each within one grey level."""
    return len(found) == len(wanted) and all(
        face.shape == own.shape and np.abs(face - own).max() <= 1 for face, own in zip(found, wanted)
    )


def shown(page, model: FaceModel, points, look: Look = AS_TRAINED) -> None:
    """The gallery shows these faces in this order, each within one grey level."""
    expect(page.locator(FACES)).to_have_count(len(points))
    wanted = model.faces(points, look).astype(int)

    def right() -> bool:
        names = page.locator(FACES).evaluate_all("all => all.map(face => face.ariaLabel)")
        if names != [f"Face of seed {point}" for point in points]:
            return False
        return alike([pixels(canvas) for canvas in page.locator(f"{FACES} canvas").all()], wanted)

    settled(right, 20)


def link_of(page) -> str:
    return page.get_by_label("Link to what you see").input_value()


def in_address(page, **wanted) -> None:
    # not page.url, which does not change while this test sleeps
    at = "location.search + '&'"
    settled(lambda: all(f"{name}={value}&" in page.evaluate(at) for name, value in wanted.items()))
    assert link_of(page) == page.evaluate("location.href")


def open_face(page, seed):
    page.get_by_role("list", name="Gallery").get_by_role("button", name=f"Face of seed {seed}", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"Face of seed {seed}", exact=True)
    expect(dialog).to_be_visible()
    return dialog


def test_the_first_gallery_is_the_servers(visitor, site, model, faces_64):
    visitor.goto(site)
    shown(visitor, model, range(16))
    in_address(visitor, v=1, seeds="0-15", variation=1, w=model.id)
    visitor.get_by_role("button", name="64 px").click()
    shown(visitor, faces_64, range(16))
    in_address(visitor, v=1, seeds="0-15", variation=1, w=faces_64.id)
    expect(visitor.get_by_role("heading", name="Seeds 0–15 of 4,294,967,296")).to_be_visible()
    expect(visitor.locator("#gallery-heading p")).to_have_text(f"64 px · variation 1 · weights {faces_64.id}")
    chooser = visitor.get_by_role("group", name="Which weights make the faces").get_by_role("button")
    expect(chooser).to_have_text(["16 px · plain", "16 px · tiny", "64 px"])


def test_the_first_gallery_is_light(visitor, site, model):
    asked = set()
    visitor.on("request", lambda request: asked.add(request.url.partition("?")[0]))
    visitor.goto(site)
    shown(visitor, model, range(16))
    others = [url for url in asked if "/weights/" not in url and not url.endswith("/sw.js")]
    assert f"{site}/engine.wasm" in others and f"{site}/morph.js" not in others
    assert 100_000 < sum(len(visitor.request.get(url).body()) for url in others) < 150_000


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
    # an older link finds its own directions, also while a slider is moved
    older = Look(age=2, beard=-1, directions=tiny.directions[1].id)
    visitor.goto(f"{site}/?{encode(View('gallery', points, older, tiny.id))}")
    shown(visitor, tiny, points, older)
    expect(visitor.locator("#gallery .slider[data-name=smile]")).to_be_hidden()
    visitor.get_by_role("slider", name="Beard").fill("1.5")
    shown(visitor, tiny, points, replace(older, beard=1.5))
    in_address(visitor, d=older.directions)
    assert visitor.locator("#notes").inner_text() == ""
    # what these weights cannot do is said
    visitor.goto(f"{site}/?{query.replace('smile', 'turn')}")
    expect(visitor.locator("#notes")).to_have_text(
        "These weights cannot change turn. The faces are shown as near to that as possible."
    )
    visitor.goto(f"{site}/?{query.replace(tiny.id, 'ffffffffffff')}")
    expect(visitor.locator("#notes")).to_contain_text("These faces were made with other weights")


@pytest.mark.parametrize("query, sentence", HOSTILE)
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
    settled(lambda: "seeds=7,9&" not in visitor.evaluate("location.search"))
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


# --- one face -----------------------------------------------------------------------------------------------------


def large(dialog, model: FaceModel, point, look: Look = AS_TRAINED) -> None:
    """The card shows this face: enlarged, so it is compared where it was reduced again."""
    wanted = model.faces([point], look)[0].astype(int)

    def right() -> bool:
        image = Image.fromarray(pixels(dialog.locator("canvas"))).resize(wanted.shape[:2], Image.Resampling.BOX)
        return np.abs(np.asarray(image) - wanted).mean() < 4

    settled(right, 20)


def test_a_face_large_by_keyboard_and_back(visitor, site, model):
    visitor.goto(f"{site}/?seeds=5-8")
    shown(visitor, model, range(5, 9))
    visitor.locator(FACES).nth(1).focus()
    visitor.keyboard.press("Enter")
    dialog = visitor.get_by_role("dialog")
    expect(dialog).to_have_accessible_name("Face of seed 6")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    large(dialog, model, 6)
    expect(dialog.locator("p")).to_have_text("2 of 4 · 16 px · variation 1")
    visitor.keyboard.press("ArrowRight")
    expect(dialog).to_have_accessible_name("Face of seed 7")
    large(dialog, model, 7)
    assert dialog.get_by_label("Its link").input_value() == f"{site}/?v=1&seeds=7&variation=1&w={model.id}"
    visitor.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(visitor.locator(FACES).nth(2)).to_be_focused()
    settled(lambda: not visitor.evaluate("history.state.card"))
    visitor.go_forward()  # the card is an entry of the history
    expect(dialog).to_be_visible()
    visitor.reload()
    expect(dialog).to_be_visible()
    visitor.go_back()
    expect(dialog).to_be_hidden()
    in_address(visitor, seeds="5-8")
    dialog = open_face(visitor, 8)
    dialog.get_by_role("button", name="Morph from here").click()
    in_address(visitor, tab="morph", seeds="8,5,6", frames=16, loop=1)
    visitor.go_back()  # to the gallery, not to the card
    expect(dialog).to_be_hidden()
    in_address(visitor, seeds="5-8")


def downloaded(page, button) -> tuple[str, bytes]:
    with page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_files_are_those_of_the_server(visitor, site, model):
    visitor.goto(f"{site}/?seeds=7,7,9&variation=0.8")
    shown(visitor, model, (7, 7, 9), Look(0.8))
    dialog = open_face(visitor, 9)
    name, data = downloaded(visitor, dialog.get_by_role("button", name="PNG"))
    own = files.face_file(model.faces([9], Look(0.8))[0], 9, Look(0.8), model.id, 16)
    check_png(data, own)
    assert name == "seed-9-16px-variation-0.8.png"
    name, data = downloaded(visitor, dialog.get_by_role("button", name="512 px"))
    check_png(data, files.face_file(model.faces([9], Look(0.8))[0], 9, Look(0.8), model.id, 512))
    assert name == "seed-9-512px-variation-0.8.png"
    visitor.keyboard.press("Escape")
    name, data = downloaded(visitor, visitor.get_by_role("button", name="Download as one PNG"))
    faces = model.faces((7, 7, 9), Look(0.8))
    check_png(data, files.sheet_png(faces, files.origin((7, 7, 9), Look(0.8), model.id)))
    assert name == "seeds-7_7_9-16px-variation-0.8.png"
    name, data = downloaded(visitor, visitor.get_by_role("button", name="Download all as ZIP"))
    own = zipfile.ZipFile(io.BytesIO(files.zip_of_pngs((7, 7, 9), model.pngs((7, 7, 9), Look(0.8)), 16, Look(0.8))))
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None and archive.namelist() == own.namelist()
    for each in own.namelist():
        check_png(archive.read(each), own.read(each))
    assert name == "seeds-7_7_9-16px-variation-0.8.zip"


def check_png(data: bytes, own: bytes) -> None:
    """A PNG has the pixels, within one grey level, and the texts of another."""
    image, wanted = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(own))
    assert (image.mode, image.size, image.text) == ("RGB", wanted.size, wanted.text)
    assert np.abs(np.asarray(image).astype(int) - np.asarray(wanted)).max() <= 1


def test_a_face_is_shaped_and_kept(visitor, site, model, tiny):
    visitor.goto(f"{site}/?seeds=3-4&w={tiny.id}")
    shown(visitor, tiny, (3, 4))
    dialog = open_face(visitor, 3)
    dialog.get_by_text("Shape", exact=True).click()
    slider = dialog.get_by_role("slider", name="Smile")
    for value in ("1", "2", "2.5"):
        slider.fill(value)
    large(dialog, tiny, 3, Look(smile=2.5))
    expect(dialog.locator("p")).to_have_text("1 of 2 · 16 px · variation 1, smile 2.5")
    link = f"?v=1&seeds=3&variation=1&smile=2.5&d={tiny.along().id}&w={tiny.id}"
    expect(dialog.get_by_label("Its link")).to_have_value(f"{site}/{link}")
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog.get_by_role("button", name="Kept ✓, remove")).to_be_visible()
    visitor.keyboard.press("Escape")
    open_face(visitor, 4).get_by_role("button", name="Keep").click()
    visitor.keyboard.press("Escape")
    assert visitor.evaluate("localStorage['seedfaces-kept']") == json.dumps(
        [link[1:], f"v=1&seeds=4&variation=1&w={tiny.id}"], separators=(",", ":")
    )
    settled(lambda: not visitor.evaluate("history.state.card"))  # going back would stop the next visit
    visitor.goto(f"{site}/?seeds=0")  # other weights
    kept = visitor.locator("#kept-faces .face")
    expect(kept).to_have_count(2)
    kept.first.scroll_into_view_if_needed()  # faces are drawn when they are seen
    smiling = tiny.faces([3], Look(smile=2.5)).astype(int)
    settled(lambda: alike([pixels(kept.first.locator("canvas"))], smiling))
    visitor.get_by_role("button", name="Show them").click()
    shown(visitor, tiny, [3], Look(smile=2.5))
    expect(visitor.locator("#gallery-said")).to_contain_text(
        "1 kept face is left out: it has other weights or settings"
    )
    visitor.get_by_role("button", name="Move seed 4 earlier").click()
    expect(kept.first).to_have_accessible_name("Face of seed 4")
    visitor.get_by_role("button", name="Clear").click()
    visitor.get_by_role("button", name="Undo").click()
    visitor.reload()
    expect(kept).to_have_count(2)


def test_more_like_a_face_and_a_mixture(visitor, site, model):
    visitor.goto(f"{site}/?seeds=9,4")
    open_face(visitor, 9).get_by_role("button", name="Near").click()
    shown(visitor, model, (9, *relatives(9, 0.25)))
    visitor.go_back()
    shown(visitor, model, (9, 4))
    open_face(visitor, 9).get_by_role("button", name="Mix with 4").click()
    in_address(visitor, tab="morph", seeds="9,4", frames=32, loop=0)


# --- morph --------------------------------------------------------------------------------------------------------


def test_a_morph_plays_live_and_is_saved(visitor, site, model):
    visitor.goto(f"{site}/?tab=morph&seeds=4,13&frames=3&loop=1")
    canvas, moment = visitor.locator("#morph canvas"), visitor.get_by_role("slider", name="Moment")
    seen = set()
    settled(lambda: seen.add(pixels(canvas).tobytes()) or len(seen) > 3)
    visitor.get_by_role("button", name="Pause").click()
    frames = model.morph((4, 13), frames=3)
    own = moments(View("morph", (4, 13), frames=3), model.id)
    for number in (1, 4, 0):
        moment.fill(str(number))
        expect(visitor.locator(".moment bdi")).to_have_text(f"Seed {own[number]['seed']}")
        settled(lambda number=number: np.abs(pixels(canvas) - frames[number].astype(int)).max() <= 1)
    for extension in ("webp", "png"):
        button = visitor.get_by_role("button", name=f"Download {'PNG' if extension == 'png' else 'WebP'}")
        name, data = downloaded(visitor, button)
        assert name == f"morph-4-13-128px.{extension}"
        animation = Image.open(io.BytesIO(data))
        assert (animation.n_frames, animation.info["loop"], animation.size) == (6, 0, (128, 128))
        for number, frame in enumerate(frames):
            animation.seek(number)
            animation.load()
            assert animation.info["duration"] == 60
            enlarged = files.resized(frame, 128).astype(int)
            off = np.abs(np.asarray(animation.convert("RGB")) - enlarged)
            assert off.mean() < (0.1 if extension == "png" else 5)
    moment.fill("2")
    visitor.get_by_role("button", name="Keep", exact=True).click()
    expect(visitor.get_by_role("button", name="Kept ✓")).to_be_visible()
    visitor.get_by_role("button", name="Open", exact=True).click()
    shown(visitor, model, [parse("4~13@0.667")[0]])
    expect(visitor.locator("#kept-faces .face")).to_have_count(1)
    visitor.go_back()
    in_address(visitor, tab="morph", seeds="4,13", frames=3)


def test_a_morphs_seeds_and_settings(visitor, site, model):
    visitor.goto(f"{site}/?tab=morph&seeds=4,13&loop=0")
    expect(visitor.get_by_label("Return to the first face and repeat")).not_to_be_checked()
    seeds = visitor.locator("#morph form input")
    seeds.fill("9")
    seeds.press("Enter")
    expect(visitor.locator("#morph-said")).to_have_text("A morph takes 2 to 8 seeds, for example 4, 13, 17.")
    expect(seeds).to_have_value("9")
    seeds.fill("9, 14, 3")
    seeds.press("Enter")
    in_address(visitor, tab="morph", seeds="9,14,3", loop=0)
    visitor.get_by_label("Return to the first face and repeat").check()
    in_address(visitor, loop=1)
    expect(visitor.get_by_role("img", name="Morph through the faces of seeds 9, 14, 3 and back")).to_be_visible()
    visitor.get_by_role("tab", name="Gallery").click()
    shown(visitor, model, range(16))
    visitor.get_by_role("tab", name="Morph").click()
    in_address(visitor, tab="morph", seeds="9,14,3")


# --- about, the Hub, offline --------------------------------------------------------------------------------------


def test_about_says_what_was_measured(visitor, site, faces_64):
    visitor.goto(f"{site}/?seeds=1&w={faces_64.id}")
    visitor.get_by_role("tab", name="About").click()
    about = visitor.locator("#about")
    expect(about.get_by_role("heading", name="None of these people exist")).to_be_visible()
    about.locator("summary").click()
    for fact in faces_64.facts:
        expect(about.locator("#facts")).to_contain_text(fact.sentence)
    expect(about.locator("table")).to_have_count(sum(bool(fact.table) for fact in faces_64.facts))
    expect(about.get_by_role("img")).to_have_count(3)
    in_address(visitor, tab="about")


def test_weights_of_the_hub_are_shown(page, site, tiny, tmp_path):
    torch.manual_seed(7)
    older = FaceModel(small.folder_of(tmp_path / "older"))
    revisions = {"main": tiny, f"g-{older.id}": older}

    def hub(route):
        path = route.request.url.removeprefix("https://huggingface.co/alice/tiny/resolve/")
        revision, _, file = path.partition("/")
        path = revision in revisions and revisions[revision].folder / file
        if path and path.is_file():
            route.fulfill(body=path.read_bytes(), headers={"access-control-allow-origin": "*"})
        else:
            route.fulfill(status=404, headers={"access-control-allow-origin": "*"})

    page.route("https://huggingface.co/**", hub)
    page.goto(f"{site}/?model=alice/tiny&seeds=3-5")
    shown(page, tiny, (3, 4, 5))
    in_address(page, seeds="3-5", w=tiny.id, model="alice%2Ftiny")
    for directions, attribute in zip(tiny.directions, ("smile", "beard")):  # the newest, and those of an older link
        look = Look(directions=directions.id, **{attribute: 2})
        page.goto(f"{site}/?model=alice/tiny&{encode(View('gallery', (3, 4), look, tiny.id))}")
        shown(page, tiny, (3, 4), look)
        assert page.locator("#notes").inner_text() == ""
    page.goto(f"{site}/?model=alice/tiny&seeds=3&w={older.id}")  # of an earlier push
    shown(page, older, (3,))
    assert page.locator("#notes").inner_text() == ""
    page.goto(f"{site}/?model=alice/nothing&seeds=3")
    expect(page.locator("#notes")).to_have_text(
        "The weights of alice/nothing could not be loaded, so the page shows its own. There is no public repo "
        "alice/nothing with weights on the Hub: check its name."
    )


def test_it_works_offline_after_the_first_visit(visitor, site, model):
    visitor.goto(f"{site}/?seeds=1-3")
    shown(visitor, model, (1, 2, 3))
    kept = "caches.open('seedfaces-weights').then(cache => cache.keys()).then(keys => keys.length)"
    settled(lambda: visitor.evaluate(kept) == 1)
    visitor.context.set_offline(True)
    visitor.goto(f"{site}/?seeds=20-22&variation=0.9")
    shown(visitor, model, (20, 21, 22), Look(0.9))
    visitor.get_by_role("tab", name="Morph").click()
    expect(visitor.locator("#morph canvas")).to_have_attribute("data-frame", re.compile("."))


def test_photos_are_judged_offline(visitor, site, model, group):
    visitor.goto(f"{site}/?seeds=1")
    shown(visitor, model, (1,))
    for tab, label, answer in PHOTO_TABS:
        visitor.get_by_role("tab", name=tab).click()
        visitor.get_by_label(label).set_input_files(group)
        expect(visitor.locator(f"{answer} [data-face]")).to_have_count(2)
    settled(lambda: visitor.evaluate("navigator.serviceWorker.controller !== null"))
    visitor.context.set_offline(True)
    visitor.goto(f"{site}/?tab=verdict")
    for tab, label, answer in PHOTO_TABS:
        visitor.get_by_role("tab", name=tab).click()
        visitor.get_by_label(label).set_input_files(group)
        expect(visitor.locator(f"{answer} [data-face]")).to_have_count(2)


def test_damaged_weights_get_a_sentence(page, tiny, tmp_path):
    build(tmp_path, [str(tiny.folder)])
    file = tmp_path / "weights" / tiny.id / "generator.safetensors"
    file.write_bytes(file.read_bytes()[:-9])
    with serving_files(tmp_path) as address:
        page.goto(address)
        expect(page.locator("#notes")).to_contain_text("generator.safetensors has changed")
        file.unlink()
        page.goto(address)
        expect(page.locator("#notes")).to_contain_text("cannot be had: the server answers 404.")


# --- looks and access ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [{"viewport": PHONE, "has_touch": True, "is_mobile": True}], indirect=True)
def test_nothing_overflows_on_a_phone(visitor, site, group):
    visitor.goto(f"{site}/?seeds=273107-273122&variation=0.35")
    expect(visitor.locator(FACES)).to_have_count(16)
    for tab in ("Gallery", "Morph", "About"):
        visitor.get_by_role("tab", name=tab).click()
        expect(visitor.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        visitor.evaluate("document.querySelectorAll('main details').forEach(each => (each.open = true))")
        assert visitor.evaluate(CUT) == [], tab
        expect(visitor.locator("#link")).to_be_in_viewport()
    for tab, label, answer in PHOTO_TABS:
        visitor.get_by_role("tab", name=tab).click()
        visitor.get_by_label(label).set_input_files(group)
        buttons = visitor.locator(f"{answer} [data-face]")
        expect(buttons).to_have_count(2)
        assert visitor.evaluate(CUT) == [], tab
        sides = buttons.evaluate_all("all => all.map(each => each.getBoundingClientRect().width)")
        assert min(sides) >= 44  # as large as a finger
    visitor.get_by_role("tab", name="Gallery").click()
    dialog = open_face(visitor, 273110)
    for name in ("Keep", "Morph from here", "Close"):
        expect(dialog.get_by_role("button", name=name)).to_be_in_viewport()


@pytest.mark.parametrize(
    "page",
    [{"viewport": DESKTOP, "color_scheme": "dark"}, {"viewport": DESKTOP, "color_scheme": "light"}],
    indirect=True,
    ids=["dark", "light"],
)
def test_text_has_contrast_in_both_modes(visitor, site, group):
    """WCAG's 4.5 to 1, for texts and buttons against their backgrounds."""
    visitor.goto(f"{site}/?seeds=1,2")
    dark = visitor.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    expect(visitor.locator(FACES)).to_have_count(2)
    texts = ["#title h1", "#title p", "[role=tab][aria-selected=true]", "#gallery-heading h2", "#gallery-heading p"]
    controls = ["small", "#link input", "#link button", ".chooser [aria-pressed=true]", "[name=surprise]"]
    ratios = visitor.evaluate(CONTRAST, [*texts, *controls, ".slider span", "form input", "form button"])
    assert min(ratios.values()) >= 4.5, ratios
    background = visitor.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 200) == dark
    visitor.get_by_role("tab", name="Real or fake").click()
    visitor.get_by_label("A picture with a face").set_input_files(group)
    expect(visitor.locator("#verdict figcaption").first).to_be_visible()
    photos = ["#trust", ".upload", ".upload small", ".answer h2", ".answer p", ".answer figcaption", ".answer .plain"]
    ratios = visitor.evaluate(CONTRAST, photos)
    assert min(ratios.values()) >= 4.5, ratios
    visitor.get_by_role("tab", name="Gallery").click()
    open_face(visitor, 2)
    ratios = visitor.evaluate(CONTRAST, [".card h2", ".card p", ".card label", ".card .primary", ".card [name=close]"])
    assert min(ratios.values()) >= 4.5, ratios


def test_the_pages_say_the_same():
    """Buttons and labels of the Gradio page's own components are those of the static page."""
    static = (ROOT / "gan" / "web" / "static" / "index.html").read_text(encoding="utf-8")
    words = r">\s*([^<>{}]+?)\s*</(?:button|a|label|h3|summary|span)>"
    for name in ("card", "kept", "link", "player"):
        gradio = (ROOT / "gan" / "serve" / "page" / "static" / f"{name}.html").read_text(encoding="utf-8")
        missing = {each for each in re.findall(words, gradio) if each not in static}
        assert missing <= {"Real or fake?", "←", "×", "→"}, name
    for part in (Gallery, Morph):
        source = inspect.getsource(part)
        missing = {each for each in re.findall(r'(?:Button|Checkbox)\([^)]*?"([^"]+)"', source) if each not in static}
        assert missing == set(), part


# --- the command --------------------------------------------------------------------------------------------------


def test_a_folder_of_something_else_is_refused(tiny, tmp_path):
    (tmp_path / "thesis.txt").write_text("All of it.")
    with pytest.raises(UserError, match="holds files that are not of this page: name a new folder."):
        build(tmp_path, [str(tiny.folder)])
    with pytest.raises(UserError, match="thesis.txt is a file: name a new folder."):
        build(tmp_path / "thesis.txt", [str(tiny.folder)])
    with pytest.raises(UserError, match="--model nothing is neither a folder of weights nor a repo on the Hub"):
        build(tmp_path / "new", ["nothing"])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_damaged_picture_is_left_out(tmp_path):
    folder = small.folder_of(tmp_path / "weights")
    (folder / "timeline.webp").write_bytes(b"RIFF damaged")
    build(tmp_path / "page", [str(folder)])
    (about,) = (tmp_path / "page" / "about").iterdir()
    assert json.loads((about / "about.json").read_text(encoding="utf-8"))["pictures"] == []


def test_a_page_is_built_again(tiny, model, tmp_path):
    (tmp_path / ".git").mkdir()
    build(tmp_path, [str(tiny.folder)])
    (tmp_path / "CNAME").write_text("faces.example.org")
    build(tmp_path, [str(model.folder), str(tiny.folder)])
    listed = json.loads((tmp_path / "weights.json").read_text(encoding="utf-8"))["weights"]
    assert [(each["id"], [moving["moves"] for moving in each["directions"]], each["offered"]) for each in listed] == [
        (each.id, [list(moving.of) for moving in each.directions], True) for each in (model, tiny)
    ]
    assert (tmp_path / "CNAME").is_file() and (tmp_path / ".git").is_dir()
    assert {path.name for path in (tmp_path / "weights").iterdir()} == {model.id, tiny.id, "photos"}
    again = {path: path.read_bytes() for path in tmp_path.glob("[!.]*.*")}
    build(tmp_path, [str(model.folder), str(tiny.folder)])
    assert again == {path: path.read_bytes() for path in tmp_path.glob("[!.]*.*")}  # nothing depends on the day


def test_the_icons_are_the_one_that_is_drawn(visitor, site):
    """iOS and Android take none in SVG, and round the corners themselves."""
    visitor.goto(site)
    named = {each["src"]: each["sizes"] for each in visitor.request.get(f"{site}/manifest.webmanifest").json()["icons"]}
    assert named.pop("icon.svg") == "any" and list(named) == ["icon-192.png", "icon-512.png"]
    named[visitor.locator("link[rel=apple-touch-icon]").get_attribute("href")] = "180x180"
    for name, sizes in named.items():
        icon = Image.open(io.BytesIO(visitor.request.get(f"{site}/{name}").body())).convert("RGB")
        assert "{}x{}".format(*icon.size) == sizes and icon.getpixel((0, 0)) == (0x0F, 0x76, 0x6E)
        drawn = """async (side) => {
          const image = new Image(side, side);
          image.src = "icon.svg";
          await image.decode();
          const canvas = document.createElement("canvas");
          canvas.width = canvas.height = side;
          canvas.getContext("2d").drawImage(image, 0, 0, side, side);
          return (PIXELS)(canvas);
        }""".replace("PIXELS", PIXELS)
        width, height, data = visitor.evaluate(drawn, icon.width)
        wanted = np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)
        off = np.abs(np.asarray(icon).astype(int) - wanted[..., :3])[wanted[..., 3] == 255]
        assert off.mean() < 2, name


def test_the_embedded_weights_are_the_default(run, tmp_path, capsys):
    main([str(tmp_path / "page")])
    assert f"To see it: python -m http.server -d {tmp_path / 'page'}" in capsys.readouterr().out
    listed = json.loads((tmp_path / "page" / "weights.json").read_text(encoding="utf-8"))["weights"]
    older = {path.name for path in (WEIGHTS / "older").iterdir()}
    assert [each["name"] for each in listed if each["offered"]] == ["faces-128", "faces-64"]
    assert {each["id"] for each in listed if not each["offered"]} == older
    for each in listed:
        assert (tmp_path / "page" / each["generator"]).is_file()
    done = run("-m", "gan.web.build", ROOT)
    assert (done.returncode, done.stdout) == (1, "") and "Traceback" not in done.stderr
