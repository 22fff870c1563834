"""The find tab in a browser: a photo in, twelve seeds, their link, and nothing of the photo in it."""

import re

import pytest
from browsing import in_address, open_face, settled
from conftest import DESKTOP, EMBEDDED, PHONE, WEIGHTS
from PIL import Image
from playwright.sync_api import expect

from gan.link import format_points
from gan.model import face_finder
from gan.model.point import Place
from gan.serve.faces import FaceModel
from gan.serve.finder import SHOWN, Finder


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(FaceModel(EMBEDDED))


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """Two people that no seed of the index made."""
    photo, model = Image.new("RGB", (900, 600), (96, 128, 80)), FaceModel(WEIGHTS / "faces-64")
    for seed, left, side in ((300_077, 60, 380), (300_005, 560, 220)):
        photo.paste(Image.fromarray(model.faces([seed])[0]).resize((side, side), Image.Resampling.BICUBIC), (left, 90))
    path = tmp_path_factory.mktemp("photo") / "two.png"
    photo.save(path)
    return path


def choose(page, path) -> None:
    page.locator("#find-upload input[type=file]").set_input_files(path)


def seeds(points) -> re.Pattern:
    return re.compile(re.escape(f"&seeds={format_points(points)}&"))


@pytest.mark.parametrize(
    "page", [{"viewport": DESKTOP}, {"viewport": PHONE, "has_touch": True}], indirect=True, ids=["desktop", "phone"]
)
def test_a_photo_becomes_twelve_seeds_for_each_face_in_it(address, page, finder, photo):
    picture = Image.open(photo).convert("RGB")
    one, other = finder.find(picture, face_finder.find(picture))
    page.goto(f"{address}/?tab=find")
    expect(page.locator("#find-about")).to_contain_text(f"those of {len(finder.index.rows):,} seeds")
    choose(page, photo)
    card, grid = page.locator("#find"), page.locator("#find-faces .face")
    expect(card.get_by_role("heading")).to_have_text(f"Seed {one.points[0]} looks most like this face")
    expect(page).to_have_url(seeds(one.points))
    expect(grid).to_have_count(SHOWN)
    in_address(page, tab="find", w=finder.model.id)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    expect(page.locator("#find-upload")).to_contain_text("Drop")  # ready for the next one
    card.get_by_role("button", name="Face 2 of 2").click()
    expect(card.get_by_role("heading")).to_have_text(f"Seed {other.points[0]} looks most like this face")
    expect(page).to_have_url(seeds(other.points))
    card.get_by_role("button", name="Look between these seeds").click()
    points, _ = finder.nearer(other.description, other.points)
    expect(page.locator("#find-said")).to_contain_text("lie between two seeds and are more alike.")
    found = page.locator("#find-faces .face").first
    expect(found).to_have_attribute("data-seed", re.compile("~"))
    assert any(isinstance(point, Place) for point in points)
    page.go_back()
    expect(page).to_have_url(seeds(other.points))
    expect(found).to_have_attribute("data-seed", str(other.points[0]))


def test_found_faces_are_faces_like_any_other(address, page, finder):
    page.goto(f"{address}/?tab=find&seeds=5,7,4~13@0.5")
    expect(page.locator("#find-faces .face")).to_have_count(3)
    dialog = page.get_by_role("dialog", name="Face of seed 7", exact=True)
    page.locator("#find-faces").get_by_role("button", name="Face of seed 7", exact=True).click()
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(dialog.get_by_role("button", name="Kept ✓, remove")).to_be_visible()
    page.go_back()  # closes the card
    expect(dialog).not_to_be_visible()
    in_address(page, tab="find", seeds="5,7,4~13@0.5")
    expect(page.locator('#find-faces [data-seed="7"] .mark')).to_be_visible()
    page.get_by_role("button", name="Show as a gallery").click()
    in_address(page, seeds="5,7,4~13@0.5")
    expect(page.locator("#gallery-faces .face")).to_have_count(3)
    expect(page.locator("#kept-faces img")).to_have_count(1)
    open_face(page, 5)
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Find").click()
    in_address(page, tab="find", seeds="5,7,4~13@0.5")


def test_a_picture_without_a_face_says_so_and_the_next_one_is_answered(address, page, finder, tmp_path):
    Image.new("RGB", (90, 60), "navy").save(tmp_path / "blue.png")
    page.goto(f"{address}/?tab=find")
    expect(page.locator("#find-upload")).to_contain_text("Drop")
    choose(page, tmp_path / "blue.png")
    words = "No face was found in this picture. Choose one in which a face is larger, or upright."
    expect(page.locator("#find").get_by_role("alert")).to_have_text(words)
    Image.fromarray(finder.model.faces([1003])[0]).save(tmp_path / "own.png")
    settled(lambda: "Drop" in page.locator("#find-upload").inner_text())
    choose(page, tmp_path / "own.png")
    expect(page.locator("#find").get_by_role("heading")).to_have_text("This is seed 1003")
    in_address(page, tab="find")


def test_what_was_found_keeps_its_weights_when_others_are_chosen(address, page, finder):
    page.goto(f"{address}/?tab=find&seeds=5,7&w={finder.model.id}")
    expect(page.locator("#find-faces .face")).to_have_count(2)
    page.get_by_role("tab", name="Gallery").click()
    page.locator("#gallery-chooser").get_by_role("button", name="64 px").click()
    other = FaceModel(WEIGHTS / "faces-64").id
    in_address(page, w=other)
    page.get_by_role("tab", name="Find").click()
    in_address(page, tab="find", seeds="5,7", w=finder.model.id)
    page.get_by_role("tab", name="Gallery").click()
    in_address(page, w=other)
