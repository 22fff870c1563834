"""Find on the page without a server: the same seeds as on the server, and the tab."""

import numpy as np
import pytest
import small
import torch
from browsing import settled
from conftest import EMBEDDED, ROOT
from PIL import Image, ImageOps
from playwright.sync_api import expect
from test_web_page import serving_files
from test_web_verdict import as_sent, ask, noise, page_of_modules, photo, png, saved, upload  # noqa: F401

from gan.link import decode
from gan.model import face_finder, same_face, seed_index
from gan.model.look import Look
from gan.model.point import Place
from gan.serve.faces import FaceModel
from gan.serve.finder import Finder
from gan.serve.page.find import as_json
from gan.web.build import build

WEIGHTS, OTHER = ROOT / "weights" / "faces-128", ROOT / "weights" / "faces-64"
FIND = """async (picture) => {
  const names = ["finder", "yunet", "face_finder"].map((name) => import(`/static/${name}.js`));
  const [{ Finder }, { YuNet }, { find }] = await Promise.all(names);
  const file = async (address) => new Uint8Array(await (await fetch(address)).arrayBuffer());
  const module = await WebAssembly.compile(await file("/static/filters.wasm"));
  globalThis.yunet ??= new YuNet(module, await file("/yunet.safetensors"));
  globalThis.finder ??= new Finder(module, {
    descriptor: await file("/weights/faces-128/descriptor.safetensors"),
    seeds: await file("/weights/faces-128/seeds.safetensors"),
  });
  const pixels = sent(picture);
  return finder.found(pixels, find(pixels, yunet));
}"""
ALIKE = "async ({ description, ...picture }) => finder.alike([sent(picture)], description)"


@pytest.fixture(scope="module")
def faces() -> list[Image.Image]:
    return [Image.fromarray(face) for face in FaceModel(EMBEDDED).faces(range(10), Look(0.8))]


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(FaceModel(WEIGHTS))


def test_the_seeds_are_the_servers(page_of_modules, finder, faces):  # noqa: F811
    pictures = [
        *faces[:4],
        faces[5].resize((200, 200)),
        photo(420, 240, (faces[1], 20, 60, 100), (faces[4], 160, 40, 160)),
    ]
    for picture in pictures:
        expected, found = finder.find(picture, face_finder.find(picture)), ask(page_of_modules, FIND, picture)
        assert len(expected) == len(found) > 0
        for one, other in zip(expected, found):
            assert np.abs(one.description - other["description"]).max() < 0.05
            assert np.abs(np.array(one.alike) - other["alike"]).max() < 0.02
            # some are so close that rounding changes their order, and who is the last
            assert one.points[0] == other["seeds"][0] and len({*one.points} & {*other["seeds"]}) >= 10
    made = Image.fromarray(finder.model.faces([one.points[3]])[0])
    description = one.description.tolist()
    (alike,) = ask(page_of_modules, ALIKE, made, description=description)
    assert alike == pytest.approx(finder.nearer(one.description, [one.points[3]])[1][0], abs=0.01)


LIKENESS = """async ({ others, ...picture }) => {
  const { likeness } = await import("/static/same_face.js");
  return others.map((other) => likeness(sent(picture), sent(other)));
}"""


def test_a_likeness_is_the_servers(page_of_modules, finder):  # noqa: F811
    face, other, *_ = seed_index.sized(finder.model.faces([4, 13]))
    own = Image.fromarray(face)
    cut = (1.04, 0.05, -2, -0.04, 0.98, 1.5)
    moved = own.transform((64, 64), Image.Transform.AFFINE, cut, Image.Resampling.BICUBIC)
    pictures = [
        own,
        saved(own, 70),
        moved,
        saved(moved, 40),
        own.resize((32, 32)).resize((64, 64), Image.Resampling.BICUBIC),
        own.rotate(9, Image.Resampling.BICUBIC),
        own.crop((6, 0, 64, 58)).resize((64, 64), Image.Resampling.BICUBIC),
        ImageOps.mirror(own),
        Image.fromarray(other),
        noise(64, 64),
        Image.new("RGB", (64, 64)),
    ]
    expected = [same_face.likeness(face, np.asarray(picture)) for picture in pictures]
    assert min(expected[:4]) > 0.9 and max(expected[7:]) < 0.8  # both sides of the threshold
    found = ask(page_of_modules, LIKENESS, own, others=[as_sent(picture) for picture in pictures])
    print([f"{a:.5f} {b:.5f}" for a, b in zip(found, expected)])
    for own, wanted in zip(found, expected, strict=True):
        # where nothing fits, the alignment ends anywhere
        assert own == pytest.approx(wanted, abs=2e-3) if wanted > 0.6 else own < 0.6


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> str:
    torch.manual_seed(3)
    out, folder = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("weights") / "plain"
    build(out, [str(small.folder_of(folder)), str(WEIGHTS), str(OTHER)])
    with serving_files(out) as address:
        yield address


def tab_to(page, control) -> None:
    """Press Tab until a control has the focus."""
    for _ in range(9):
        if control.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(control).to_be_focused()


def test_seeds_are_found_in_the_browser(page, site, finder, faces):
    asked = []
    page.on("request", lambda request: asked.append((request.method, request.url)))
    picture = photo(420, 240, (faces[1], 20, 60, 100), (faces[4], 160, 40, 160))
    file = {"name": "photo.png", "mimeType": "image/png", "buffer": png(picture)}
    page.on("filechooser", lambda chooser: chooser.set_files(file))
    page.goto(f"{site}/?tab=find")
    about = page.locator("#find-about")
    expect(about).to_contain_text(f"{len(finder.index.rows):,} seeds and shows the 12 that are most alike")
    expected = as_json(finder.find(picture, face_finder.find(picture)), finder.model.id, picture)
    # by keyboard alone
    page.get_by_role("tab", name="Find").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("A photo with a face")).to_be_focused()
    page.keyboard.press("Enter")
    answer = page.get_by_role("region", name="Found")
    expect(answer.get_by_role("heading", name=expected["chosen"]["headline"])).to_be_visible()
    expect(answer).to_contain_text(expected["chosen"]["sentences"][0])
    grid = page.get_by_role("list", name="Found").get_by_role("button")
    expect(grid).to_have_count(12)
    page.keyboard.press("Tab")
    expect(answer.get_by_role("button", name=expected["marks"][0]["name"])).to_be_focused()
    page.keyboard.press("Enter")
    smaller = expected["faces"][expected["marks"][0]["face"]]
    expect(answer.get_by_role("heading", name=smaller["headline"])).to_be_visible()
    view, notes = decode(page.url.partition("?")[2])
    assert (view.tab, view.weights, len(view.seeds), notes) == ("find", finder.model.id, 12, [])
    assert str(view.seeds[0]) == smaller["seeds"][0]

    between = page.get_by_role("button", name="Look between these seeds")
    tab_to(page, between)
    page.keyboard.press("Enter")
    expect(page.locator("#find-said")).to_contain_text("lie between two seeds and are more alike.", timeout=60_000)
    nearer, _ = decode(page.url.partition("?")[2])
    described = np.array(smaller["description"], np.float32)
    wanted, _ = finder.nearer(described / np.linalg.norm(described), view.seeds)
    assert any(isinstance(point, Place) for point in nearer.seeds) and len({*wanted} & {*nearer.seeds}) >= 9

    expect(between).to_be_focused()
    tab_to(page, grid.first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    settled(lambda: not page.evaluate("history.state.card"))
    page.get_by_role("button", name="Show as a gallery").click()
    expect(page.get_by_role("list", name="Gallery").get_by_role("button")).to_have_count(12)
    page.go_back()
    expect(grid).to_have_count(12)
    assert all(method == "GET" and url.startswith((site, "data:", "blob:")) for method, url in asked)


def test_a_picture_of_a_seed_is_named(page, site):
    """Both embedded generators make similar faces of a seed: the right one is named."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}/?tab=verdict")
    generator = FaceModel(OTHER)
    face, other = map(Image.fromarray, generator.faces([5000, 5002]))
    picture = saved(face.resize((150, 150), Image.Resampling.BICUBIC), 80)
    made = f"It is the face that seed 5000 makes with the weights {generator.id}."
    upload(page, picture)
    verdict = page.get_by_role("region", name="Verdict")
    load = verdict.get_by_role("button", name="Is it the face of a seed? Load up to 20 MB to find out")
    expect(load).to_be_visible()
    assert not any("/seeds-" in url for url in asked)  # most visitors need no index
    load.click()
    expect(verdict.get_by_role("heading", name="Generated: the face of seed 5000")).to_be_visible()
    expect(verdict).to_contain_text(made)
    expect(verdict.locator(".meter")).to_have_count(0)
    upload(page, photo(240, 200, (face, 60, 40, 110)))  # now it is looked up at once
    expect(verdict.get_by_role("heading", name="Generated: the face of seed 5000")).to_be_visible()
    page.goto(f"{site}/?tab=verdict")
    upload(page, ImageOps.mirror(other))  # whose generator the detector recognises
    expect(verdict).to_contain_text("It is not recognised as the face of any of the first 250,000 seeds.")
    page.get_by_role("tab", name="Find").click()
    upload(page, picture, label="A photo with a face")
    found = page.get_by_role("region", name="Found")
    expect(found.get_by_role("heading", name="This is seed 5000")).to_be_visible()
    expect(found).to_contain_text(made)


def test_without_a_face_or_an_index_there_is_a_sentence(page, site, tmp_path):
    page.goto(f"{site}/?tab=find")
    upload(page, Image.new("RGB", (90, 90)), label="A photo with a face")
    expect(page.get_by_role("alert")).to_contain_text("No face was found in this picture.")
    build(tmp_path, [str(small.folder_of(tmp_path.parent / "tiny"))])
    with serving_files(tmp_path) as address:
        page.goto(f"{address}/?tab=find")
        expect(page.locator("#find-about")).to_contain_text("These weights have no seed index")
        expect(page.get_by_label("A photo with a face")).to_be_hidden()
