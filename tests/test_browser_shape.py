"""Faces are shaped in a browser: by the sliders of a gallery, by a link, and in the card of one face."""

import shutil

import numpy as np
import pytest
from browsing import in_address, open_face, pixels, settled, shown
from conftest import PHONE, WEIGHTS, serving
from playwright.sync_api import expect
from small import shaped

from gan.link import View, decode
from gan.model.look import ATTRIBUTES, Look
from gan.serve.faces import FaceModel
from gan.serve.page.sliders import CONTROLS

ONE, OTHER, *LEFT = ATTRIBUTES  # the weights can move the first two
TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> FaceModel:
    folder = shutil.copytree(WEIGHTS / "faces-64", tmp_path_factory.mktemp("weights") / "shapes")
    return FaceModel(shaped(folder, ONE, OTHER))


@pytest.fixture(scope="module")
def site(model, tmp_path_factory) -> str:
    with serving(tmp_path_factory.mktemp("page"), SEEDFACES_MODEL=str(model.folder)) as url:
        yield url


def slider(page, name: str, tab: str = "gallery"):
    return page.locator(f"#{tab}-{name} input[type=range]")


def row(page, name: str):
    return page.get_by_role("dialog").locator(f'[data-name="{name}"]')


def large(image) -> None:
    """The large picture has arrived."""
    settled(lambda: pixels(image).shape[0] == 512)


def of_link(model: FaceModel, seeds, **look) -> View:
    return View(seeds=tuple(seeds), look=Look(**look, directions=model.along().id), weights=model.id)


def test_a_slider_shapes_the_gallery_and_back_undoes_it(site, page, model):
    page.goto(f"{site}/?seeds=3-6")
    shown(page, model, range(3, 7))
    page.get_by_role("button", name="Shape").click()
    expect(page.locator(f"#gallery-{LEFT[0]}")).to_have_count(0)
    for name, value in ((ONE, 1.5), (OTHER, -1)):
        slider(page, name).focus()
        for step in range(int(abs(value) / 0.5)):
            page.keyboard.press("ArrowRight" if value > 0 else "ArrowLeft")
            in_address(page, **{name: f"{0.5 * (step + 1) * np.sign(value):g}"}, d=model.along().id)
    shown(page, model, range(3, 7), **{ONE: 1.5, OTHER: -1})
    view = of_link(model, range(3, 7), **{ONE: 1.5, OTHER: -1})
    assert decode(page.url.split("?")[1]) == (view, [])
    page.go_back()  # a slider that is dragged is one entry of the history
    shown(page, model, range(3, 7), **{ONE: 1.5})
    expect(slider(page, OTHER)).to_have_value("0")
    page.go_back()
    shown(page, model, range(3, 7))
    expect(slider(page, ONE)).to_have_value("0")
    page.go_forward()
    shown(page, model, range(3, 7), **{ONE: 1.5})


def test_a_link_opens_the_panel_and_reset_shows_the_faces_as_they_were(site, page, model):
    page.goto(f"{site}/?seeds=3-6&variation=0.8&{ONE}=1.5&{OTHER}=-2")
    shown(page, model, range(3, 7), 0.8, **{ONE: 1.5, OTHER: -2})
    expect(slider(page, ONE)).to_be_visible()
    expect(slider(page, ONE)).to_have_value("1.5")
    page.locator(f"#gallery-{ONE}").get_by_label("Reset to default value").click()
    shown(page, model, range(3, 7), 0.8, **{OTHER: -2})
    page.get_by_role("button", name="Reset all").click()
    shown(page, model, range(3, 7), 0.8)
    in_address(page, seeds="3-6", variation="0.8", w=model.id)
    assert f"{OTHER}=" not in page.url and "d=" not in page.url
    expect(slider(page, OTHER)).to_have_value("0")
    page.go_back()
    shown(page, model, range(3, 7), 0.8, **{OTHER: -2})


def test_a_morph_is_shaped_as_its_link_says(site, page, model):
    page.goto(f"{site}/?tab=morph&seeds=3,4&frames=2&{ONE}=2")
    expect(slider(page, ONE, "morph")).to_have_value("2")
    slider(page, ONE, "morph").press("ArrowLeft")
    in_address(page, tab="morph", **{ONE: "1.5"}, d=model.along().id)
    for key in ("End", "Home"):  # a move of the slider stops it
        page.locator(".moment").get_by_role("slider").press(key)
    page.locator(".moment").get_by_role("button", name="Open").click()
    shown(page, model, [3], **{ONE: 1.5})


def test_the_card_follows_a_drag_and_the_kept_face_keeps_its_shape(site, page, model):
    page.goto(f"{site}/?seeds=3-6")
    shown(page, model, range(3, 7))
    drawn = []
    page.on("request", lambda request: drawn.append(request.url) if "/face/" in request.url else None)
    dialog = open_face(page, 4)
    dialog.get_by_text("Shape", exact=True).click()
    expect(row(page, LEFT[0])).not_to_be_visible()
    box = row(page, ONE).get_by_role("slider").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    for place in (0.6, 0.95, 0.2, 0.75):
        page.mouse.move(box["x"] + place * box["width"], middle, steps=4)
    value = float(row(page, ONE).get_by_role("slider").input_value())
    image, look = dialog.get_by_role("img"), Look(**{ONE: value}, directions=model.along().id)
    address = f"{site}/face/4.png?variation=1&{ONE}={value:g}&d={model.along().id}&w={model.id}"
    settled(lambda: page.wait_for_timeout(50) or address in drawn)  # the last one, unless the browser has it
    expect(dialog.locator("p")).to_contain_text(f"{CONTROLS[ONE]['label'].lower()} {value:g}")
    large(image)  # before it is released
    page.mouse.up()
    assert 0.5 < value < 3 and len(drawn) < 13
    link = dialog.get_by_label("Its link").input_value()
    assert decode(link.split("?")[1]) == (View(seeds=(4,), look=look, weights=model.id), [])
    png = dialog.get_by_role("link", name="PNG")
    expect(png).to_have_attribute("download", f"seed-4-64px-variation-1-{ONE}-{value:g}-d-{look.directions}.png")
    dialog.get_by_role("button", name="Keep", exact=True).click()
    row(page, ONE).get_by_role("button").click()
    expect(dialog.get_by_role("button", name="Keep", exact=True)).to_be_visible()  # as generated, it is not kept
    large(image)
    page.keyboard.press("Escape")
    shown(page, model, range(3, 7))  # its gallery is as it was
    page.reload()
    kept = page.locator("#kept-faces img")
    expect(kept).to_have_count(1)
    assert np.array_equal(pixels(kept), model.faces([4], look)[0])


@pytest.mark.parametrize("page", [TOUCH], indirect=True)
def test_on_a_phone_the_face_is_in_sight_while_its_sliders_move(site, page, model):
    page.goto(f"{site}/?seeds=3-6")
    shown(page, model, range(3, 7))
    dialog = open_face(page, 4)
    dialog.get_by_text("Shape", exact=True).tap()
    image = dialog.get_by_role("img")
    for control in (row(page, ONE).get_by_role("slider"), row(page, OTHER).get_by_role("slider")):
        control.scroll_into_view_if_needed()
        expect(image).to_be_in_viewport(ratio=1)
        expect(control).to_be_in_viewport(ratio=1)
        assert control.bounding_box()["y"] > image.bounding_box()["y"] + image.bounding_box()["height"]
    dialog.evaluate("dialog => dialog.scrollTop = dialog.scrollHeight")
    expect(image).to_be_in_viewport(ratio=1)
    control.fill("2")
    expect(row(page, OTHER).get_by_role("status")).to_have_text("2")
    dialog.get_by_role("button", name="Reset all").tap()
    expect(control).to_have_value("0")
    reset = row(page, OTHER).get_by_role("button").bounding_box()
    assert min(reset["width"], reset["height"]) >= 32
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
