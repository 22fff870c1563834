"""Several weights on one page, in a browser: the choice between them, and links to older ones."""

import os

import pytest
from browsing import in_address, open_face, shown
from conftest import EMBEDDED, PHONE, WEIGHTS, serving
from playwright.sync_api import expect
from small import folder_of

from gan.model import weights
from gan.serve.faces import FaceModel


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> FaceModel:
    """Weights of 16 px, from a training that has measured nothing yet."""
    folder = folder_of(tmp_path_factory.mktemp("mine") / "weights")
    weights.write_config(folder, {**weights.load_config(folder), "training": {}})
    return FaceModel(folder)


@pytest.fixture(scope="module")
def embedded() -> FaceModel:
    return FaceModel(EMBEDDED)


@pytest.fixture(scope="module")
def site(chromium, own, tmp_path_factory) -> str:
    with serving(tmp_path_factory.mktemp("two"), SEEDFACES_MODEL=os.fspath(own.folder)) as url:
        yield url


def choice(page, tab: str, model: FaceModel):
    return page.locator(f"#{tab}-chooser").get_by_role("button", name=f"{model.resolution} px", exact=True)


def test_the_chosen_weights_change_the_faces_and_nothing_else(site, page, own, embedded):
    page.goto(f"{site}/?seeds=12,40-42&variation=0.8")
    shown(page, own, [12, 40, 41, 42], 0.8)
    in_address(page, w=own.id)
    open_face(page, 40).get_by_role("button", name="Keep").click()
    page.keyboard.press("Escape")
    kept = page.locator("#kept-faces").get_by_alt_text("Face of seed 40")
    before = kept.get_attribute("src")
    choice(page, "gallery", embedded).click()
    in_address(page, seeds="12,40-42", variation="0.8", w=embedded.id)
    shown(page, embedded, [12, 40, 41, 42], 0.8)
    expect(choice(page, "gallery", embedded)).to_have_attribute("aria-pressed", "true")
    expect(kept).to_have_attribute("src", before)  # it stays as it was kept
    page.get_by_role("button", name="Next →").click()
    shown(page, embedded, [43, 44, 45, 46], 0.8)
    page.get_by_role("tab", name="Morph").click()  # the choice stays
    in_address(page, tab="morph", w=embedded.id)
    choice(page, "morph", own).click()
    in_address(page, tab="morph", w=own.id, seeds="4,13,17")
    page.get_by_role("tab", name="About").click()
    expect(page.locator("#about")).to_contain_text(f"generator {own.id}")
    page.get_by_role("tab", name="Gallery").click()
    shown(page, own, [43, 44, 45, 46], 0.8)
    in_address(page, w=own.id)
    for tab, model in (("about", None), ("morph", own), ("morph", embedded)):
        page.go_back()
        in_address(page, tab=tab, **({"w": model.id} if model else {}))
    page.go_back()
    shown(page, embedded, [43, 44, 45, 46], 0.8)
    expect(choice(page, "gallery", embedded)).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("folder", sorted((WEIGHTS / "older").iterdir()), ids=lambda folder: folder.name)
def test_a_link_of_older_weights_shows_their_faces(site, page, folder):
    older = FaceModel(folder)
    page.goto(f"{site}/?v=1&seeds=5,9&variation=0.7&w={older.id}")
    shown(page, older, [5, 9], 0.7)
    in_address(page, w=older.id)
    expect(page.locator("#gallery-notes")).not_to_be_visible()
    expect(page.locator("#gallery-chooser button[aria-pressed=true]")).to_contain_text(f"{older.resolution} px")


@pytest.mark.parametrize("page", [{"viewport": PHONE, "has_touch": True, "is_mobile": True}], indirect=True)
def test_the_choice_fits_on_a_phone(site, page, own, embedded):
    page.goto(f"{site}/?seeds=7,1000003,5&w={embedded.id}")
    shown(page, embedded, [7, 1000003, 5])
    expect(choice(page, "gallery", own)).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_weights_without_figures_say_so(site, page, own):
    page.goto(f"{site}/?v=1&tab=about")
    expect(page.locator("#about")).to_contain_text("16 × 16 px")
