"""Places between faces, in a browser: in a link, as relatives of a face, and as moments of a morph."""

import base64
import io

import numpy as np
import pytest
from browsing import face, in_address, open_face, pixels, settled, shown
from conftest import DESKTOP, EMBEDDED, PHONE
from PIL import Image
from playwright.sync_api import expect

from gan.link import View, decode, encode, format_points
from gan.model.point import Place
from gan.serve.faces import FaceModel
from gan.serve.relatives import relatives

PLACE = Place(Place(4, 13, 0.4), Place(7, 9, 0.2), 0.5)
PATH = "4~13@0.4~%287~9@0.2%29@0.5"


@pytest.fixture(scope="session")
def model() -> FaceModel:
    return FaceModel(EMBEDDED)


def test_a_link_with_places_keeps_downloads_and_names_them(address, page, model):
    page.goto(f"{address}/?seeds=4,4～13＠0.4,{PATH}")
    shown(page, model, (4, Place(4, 13, 0.4), PLACE))
    in_address(page, seeds=f"4,4~13@0.4,{PATH}")
    dialog = open_face(page, PLACE)
    assert "50 % of the way from 4~13@0.4 to 7~9@0.2" in dialog.locator("p").inner_text()
    own = dialog.get_by_label("Its link").input_value()
    assert decode(own.split("?")[1]) == (View(seeds=(PLACE,), weights=model.id), [])
    png = dialog.get_by_role("link", name="PNG")
    expect(png).to_have_attribute("download", f"seed-{PLACE}-128px.png")
    with page.expect_download() as download:
        dialog.get_by_role("link", name="512 px").click()
    large = Image.open(download.value.path())
    assert large.size == (512, 512) and large.text["seed"] == str(PLACE)
    dialog.get_by_role("button", name="Keep", exact=True).click()
    dialog.get_by_role("button", name="Close").click()
    page.goto(f"{address}/?seeds=20")
    kept = page.locator("#kept-faces .face")
    expect(kept).to_have_attribute("data-seed", str(PLACE))
    assert np.array_equal(pixels(kept.locator("img")), model.faces([PLACE])[0])
    page.locator("#tray").get_by_role("button", name="Show them").click()
    shown(page, model, (PLACE,))


def test_relatives_of_a_face_and_theirs(address, page, model):
    page.set_viewport_size(PHONE)
    page.goto(f"{address}/?seeds=7-9&variation=1")
    near = relatives(8, 0.25)
    open_face(page, 8).get_by_role("button", name="Near").click()
    shown(page, model, (8, *near))
    in_address(page, seeds=format_points((8, *near)))
    open_face(page, near[4]).get_by_role("button", name="Far").click()
    shown(page, model, (near[4], *relatives(near[4], 0.45)))
    page.go_back()
    shown(page, model, (8, *near))
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_two_faces_and_a_slider_whose_every_moment_can_be_kept(address, page, model):
    page.set_viewport_size(DESKTOP)
    page.goto(f"{address}/?{encode(View(seeds=(4, 13, 9), weights=model.id))}")
    open_face(page, 9).get_by_role("button", name="Keep", exact=True).click()
    page.keyboard.press("ArrowRight")
    page.get_by_role("dialog", name="Face of seed 4").get_by_role("button", name="Mix with 9").click()
    in_address(page, tab="morph", seeds="4,9", frames=32, loop=0)
    slider = page.get_by_role("slider", name="Moment")
    expect(slider).to_have_attribute("max", "32")
    for number, t in ((24, 0.75), (8, 0.25), (9, 0.281)):  # forwards, backwards, and on
        slider.fill(str(number))
        moment = Place(4, 9, t)
        expect(page.locator(".moment bdi")).to_have_text(f"Seed {moment}")
        settled(lambda moment=moment: off(page, model, moment) < 4)
        assert off(page, model, Place(4, 9, 1 - t)) > 4
    keep = page.locator(".moment").get_by_role("button", name="Keep")
    keep.click()
    expect(keep.or_(page.get_by_role("button", name="Kept ✓", exact=True))).to_have_attribute("aria-pressed", "true")
    page.locator(".moment").get_by_role("button", name="Open").click()
    shown(page, model, (moment,))
    in_address(page, seeds="4~9@0.281")
    expect(page.locator("#kept-faces .face")).to_have_count(2)
    last = page.locator("#kept-faces img").last
    settled(lambda: last.get_attribute("src"))
    assert np.array_equal(pixels(last), model.faces([moment])[0])
    expect(face(page, moment)).to_be_visible()


def off(page, model: FaceModel, point) -> float:
    """How far what the player shows is from a face, in grey levels."""
    data = page.locator("#player canvas").evaluate("canvas => canvas.toDataURL()").split(",")[1]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")).astype(int)
    return np.abs(shown - model.faces([point])[0]).mean()
