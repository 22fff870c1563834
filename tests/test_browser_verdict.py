"""The verdict tab in a browser: the faces of a group photo as buttons, and uploads that are refused."""

import json
import struct
import zlib
from pathlib import Path

import pytest
from browsing import in_address, slow
from conftest import DESKTOP, EMBEDDED, PHONE, WEIGHTS
from PIL import Image
from playwright.sync_api import expect

from gan.serve.faces import FaceModel
from gan.serve.files import MOST_BYTES
from gan.serve.judge import Judge
from gan.serve.page.verdict import as_opinion

# seed, left, top, side in pixels; the last two are small and near each other
PLACES = [(2, 620, 300, 420), (4, 120, 380, 260), (5, 1180, 120, 220), (7, 1240, 620, 130), (9, 1400, 640, 130)]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(WEIGHTS / "detector")


@pytest.fixture(scope="module")
def group(tmp_path_factory) -> Path:
    """A photo of five people."""
    photo, model = Image.new("RGB", (1600, 1000), (96, 128, 80)), FaceModel(EMBEDDED)
    for seed, left, top, side in PLACES:
        # mirrored, or the page would name the seed instead of judging
        face = Image.fromarray(model.faces([seed])[0]).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        photo.paste(face.resize((side, side)), (left, top))
    path = tmp_path_factory.mktemp("group") / "group.png"
    photo.save(path)
    return path


def choose(page, path: Path) -> None:
    page.locator("#upload input[type=file]").set_input_files(path)


def verdict_on_seed_7(address, page):
    """The page with a verdict that the next picture must replace → its card."""
    page.goto(f"{address}/?tab=verdict&seeds=7")
    card = page.locator("#verdict")
    expect(card).to_contain_text("In fact it is generated: the face of seed 7.")
    return card


@pytest.mark.parametrize(
    "page",
    [{"viewport": DESKTOP}, {"viewport": PHONE, "has_touch": True, "color_scheme": "dark"}],
    indirect=True,
    ids=["desktop", "phone"],
)
def test_in_a_group_photo_every_face_is_a_button(address, page, judge, group):
    card = verdict_on_seed_7(address, page)
    choose(page, group)
    expect(card).to_contain_text("5 faces were found; this is the verdict on the largest.")
    verdict = judge.verdict(Image.open(group).convert("RGB"))
    buttons = card.get_by_role("button")
    names = ["1 of 5, on the left", "2 of 5, in the middle", "3 of 5, at the top right"]
    names += ["4 of 5, at the bottom right", "5 of 5, at the bottom right"]
    assert [button.get_attribute("aria-label") for button in buttons.all()] == [f"Face {name}" for name in names]
    expect(card.get_by_role("button", pressed=True)).to_have_accessible_name("Face 2 of 5, in the middle")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if not request.url.startswith("data:") else None)
    crop = card.get_by_alt_text("The square that was judged")
    for name, judged in (
        ("Face 1 of 5", verdict.others[0]),
        ("Face 3 of 5", verdict.others[1]),
        ("Face 2 of 5", verdict),
    ):
        button = card.get_by_role("button", name=name)
        button.tap() if page.viewport_size == PHONE else button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(card.get_by_role("button", pressed=True)).to_have_count(1)
        expect(card.get_by_text(f"{name}, ", exact=False)).to_have_count(0 if judged is verdict else 1)
        assert crop.get_attribute("src") == as_opinion(judged.opinion)["crop"]
    assert asked == []  # all verdicts came with the picture, which is not on the server any more


@pytest.mark.parametrize(
    "page", [{"viewport": DESKTOP}, {"viewport": PHONE, "has_touch": True}], indirect=True, ids=["desktop", "phone"]
)
def test_the_buttons_lie_on_their_faces_and_are_as_large_as_a_finger(address, page, group):
    card = verdict_on_seed_7(address, page)
    choose(page, group)
    expect(card.get_by_role("button")).to_have_count(5)
    photo = card.get_by_alt_text("Your picture, with the faces marked").bounding_box()
    scale = photo["width"] / 1600
    assert photo["height"] == pytest.approx(1000 * scale, abs=1)
    for button, (_, left, top, side) in zip(
        card.get_by_role("button").all(), sorted(PLACES, key=lambda place: place[1])
    ):
        box, mark = button.bounding_box(), button.locator(".mark").bounding_box()
        for place in (box, mark):
            assert place["x"] - photo["x"] + place["width"] / 2 == pytest.approx(
                (left + side / 2) * scale, abs=0.1 * side
            )
            assert place["y"] - photo["y"] + place["height"] / 2 == pytest.approx(
                (top + side / 2) * scale, abs=0.1 * side
            )
        assert 0.7 * side * scale < mark["width"] < 1.1 * side * scale
        # the last two are 160 pixels of the photo apart, which is less than a finger on the phone
        assert box["width"] == box["height"] >= min(44, 150 * scale)
        hit = """(button, [x, y]) => button.contains(document.elementFromPoint(x, y))"""
        button.scroll_into_view_if_needed()
        box = button.bounding_box()
        assert button.evaluate(hit, [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])


def test_the_faces_of_a_group_photo_are_chosen_by_keyboard(address, page, group):
    card = verdict_on_seed_7(address, page)
    choose(page, group)
    first, second = (card.get_by_role("button", name=f"Face {number} of 5") for number in (1, 2))
    expect(second).to_have_attribute("aria-pressed", "true")
    first.focus()
    page.keyboard.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(card).to_contain_text("Face 1 of 5, on the left.")
    expect(first).to_be_focused()  # drawing the card anew must not lose the place
    page.keyboard.press("Tab")
    expect(second).to_be_focused()
    assert second.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"
    page.keyboard.press("Space")
    expect(card).to_contain_text("5 faces were found; this is the verdict on the largest.")


def test_one_face_is_marked_and_needs_no_button(address, page, tmp_path):
    photo = Image.new("RGB", (700, 1100), (96, 128, 80))
    photo.paste(Image.fromarray(FaceModel(EMBEDDED).faces([2])[0]).resize((300, 300)), (200, 200))
    photo.save(tmp_path / "one.png")
    card = verdict_on_seed_7(address, page)
    choose(page, tmp_path / "one.png")
    seen = card.get_by_alt_text("Your picture, with the face marked")
    expect(seen).to_be_visible()
    expect(card.get_by_role("button")).to_have_count(0)
    picture, mark = seen.bounding_box(), card.locator(".mark").bounding_box()
    scale = picture["width"] / 700
    assert mark["x"] + mark["width"] / 2 - picture["x"] == pytest.approx(350 * scale, abs=30 * scale)
    assert mark["y"] + mark["height"] / 2 - picture["y"] == pytest.approx(350 * scale, abs=30 * scale)
    assert mark["width"] == pytest.approx(300 * scale, abs=60 * scale)


# --- uploads that are refused -------------------------------------------------------------------------------------


def refuse_upload(page) -> None:
    page.route("**/upload?*", lambda route: route.abort())


def refuse_in_queue(page) -> None:
    page.route("**/queue/join?*", lambda route: route.fulfill(status=503, json={"detail": "Queue is full"}))


def lose_the_file(page) -> None:
    """The upload is gone before it is read: another file is named that is not there."""

    def lost(route):
        body = route.request.post_data_json
        body["data"][0]["path"] += ".gone"
        route.continue_(post_data=json.dumps(body))

    page.route("**/queue/join?*", lost)


NO_PICTURE = "This file is not a picture that can be read here: use JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC."
UNREACHABLE = "The page is busy or cannot be reached. Choose the picture again in a moment."


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


# a PNG of 8100 × 8100 pixels without its pixels
HUGE = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8100, 8100, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"")


@pytest.mark.parametrize(
    "name, data, trouble, words",
    [
        ("broken.jpg", b"\xff\xd8\xff\xe0 broken", None, NO_PICTURE),
        ("note.txt", b"just text", None, NO_PICTURE),
        ("nothing.jpg", b"", None, "This file is empty: choose another one."),
        ("large.png", bytes(MOST_BYTES + 1), None, "This file is larger than 20 MB: use a smaller picture."),
        ("huge.png", HUGE, None, "This picture has 66 megapixels: use one of at most 65."),
        ("blue.png", None, lose_the_file, "The upload did not arrive. Choose the picture again."),
        ("blue.png", None, refuse_upload, UNREACHABLE),
        ("blue.png", None, refuse_in_queue, UNREACHABLE),
    ],
    ids=["broken", "type", "empty", "bytes", "pixels", "gone", "network", "queue"],
)
def test_a_refused_upload_leaves_its_reason_in_the_verdicts_place(address, page, tmp_path, name, data, trouble, words):
    Image.new("RGB", (90, 60), "navy").save(tmp_path / "blue.png")
    if data is not None:
        (tmp_path / name).write_bytes(data)
    card = verdict_on_seed_7(address, page)
    if trouble:
        trouble(page)
    choose(page, tmp_path / name)
    expect(card.get_by_role("alert")).to_have_text(words)
    # nothing is left of the verdict before, and no "Error" lies over the sentence
    expect(card).to_have_text(words, use_inner_text=True)
    expect(page.get_by_label("Link to what you see")).to_have_value(f"{address}/?v=1&tab=verdict")
    expect(page.locator("#upload")).to_contain_text("Drop")  # ready for the next picture
    page.wait_for_timeout(500)
    expect(card).to_have_text(words, use_inner_text=True)
    page.unroute_all()
    choose(page, tmp_path / "blue.png")
    expect(card.get_by_role("heading", name="No face found")).to_be_visible()
    expect(card.get_by_role("alert")).to_have_count(0)


def test_a_file_that_is_too_large_is_named_so_where_the_tab_was_selected_later(address, page, tmp_path):
    """Gradio drops the properties of components in a tab that was not selected yet when the first answer came."""
    (tmp_path / "large.png").write_bytes(bytes(MOST_BYTES + 1))
    page.goto(address)
    expect(page.locator("#gallery-faces .face")).to_have_count(16)
    page.get_by_role("tab", name="Real or fake").click()
    expect(page.locator("#upload")).to_contain_text("Drop")
    choose(page, tmp_path / "large.png")
    words = "This file is larger than 20 MB: use a smaller picture."
    expect(page.locator("#verdict").get_by_role("alert")).to_have_text(words)


def test_a_late_view_of_the_tab_does_not_clear_the_answer_to_a_picture(address, page, tmp_path):
    (tmp_path / "large.png").write_bytes(bytes(MOST_BYTES + 1))
    slow(page, 2)
    page.goto(address)
    expect(page.locator("#gallery-faces .face")).to_have_count(16)
    page.get_by_role("tab", name="Real or fake").click()
    expect(page.locator("#upload")).to_contain_text("Drop")
    choose(page, tmp_path / "large.png")
    refused = page.locator("#verdict").get_by_role("alert")
    expect(refused).to_be_visible()
    in_address(page, tab="verdict")
    expect(refused).to_have_text("This file is larger than 20 MB: use a smaller picture.")


def test_an_error_in_another_tab_is_not_about_the_picture(address, page):
    card = verdict_on_seed_7(address, page)
    with page.expect_file_chooser():
        page.locator("#upload").get_by_text("Click to Upload").click()  # and the dialog is left without a choice
    page.get_by_role("tab", name="Gallery").click()
    expect(page.locator("#gallery-faces .face").first).to_be_visible()
    refuse_in_queue(page)
    page.get_by_role("button", name="Next →").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("busy")
    page.get_by_role("tab", name="Real or fake").click()
    expect(card).to_contain_text("In fact it is generated: the face of seed 7.")
