"""One face large, and the faces that a visitor keeps, in a browser."""

import re

import numpy as np
import pytest
from browsing import framed, in_address, open_face, pixels, settled, shown
from conftest import DESKTOP, EMBEDDED, PHONE, WEIGHTS, serving
from playwright.sync_api import expect

from gan.link import View, decode, encode
from gan.model.look import Look
from gan.serve.faces import FaceModel

TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
LOW = {"viewport": {"width": 844, "height": 390}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="session")
def model() -> FaceModel:
    return FaceModel(EMBEDDED)


@pytest.fixture(scope="session")
def small() -> FaceModel:
    return FaceModel(WEIGHTS / "faces-64")


def link_to(seed: int, model: FaceModel, variation: float = 1.0) -> str:
    return encode(View(seeds=(seed,), look=Look(variation), weights=model.id))


def store(page, address: str, kept: str) -> None:
    """Visit the page with a list of kept faces in the browser's storage, a JavaScript expression."""
    page.goto(f"{address}/manifest.json")
    page.evaluate(f"localStorage.setItem('seedfaces-kept', JSON.stringify({kept}))")
    page.goto(f"{address}/?seeds=20-23")


def stored(page) -> list[str]:
    return page.evaluate("JSON.parse(localStorage.getItem('seedfaces-kept'))")


def kept_faces(page):
    return page.locator("#kept-faces .face")


def keep(page, seed: int) -> None:
    dialog = open_face(page, seed)
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(dialog.get_by_role("button", name="Kept ✓, remove")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    settled_history(page)


def settled_history(page) -> None:
    """The card is closed, and its entry of the history gone."""
    expect(page.locator("dialog.card")).not_to_be_visible()
    settled(lambda: page.wait_for_timeout(50) or not page.evaluate("history.state.card"))


def the_card(page):
    return page.locator("dialog.card")


def shows(page, seed: int) -> None:
    expect(page.get_by_role("dialog", name=f"Face of seed {seed}", exact=True)).to_be_visible()
    expect(the_card(page).get_by_role("heading")).to_have_text(f"Seed {seed}")


def questions(page) -> list:
    """Fills with the questions that the page asks the server from now on."""
    sent = []
    page.on("request", lambda request: sent.append(request) if "queue/join" in request.url else None)
    return sent


# --- a link to one face -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page, least, most", [({"viewport": DESKTOP}, 500, 512), (TOUCH, 350, 390), (LOW, 240, 320)], indirect=["page"]
)
def test_a_link_to_one_face_shows_it_large(address, page, model, least, most):
    page.goto(f"{address}/?seeds=1003")
    shown(page, model, [1003])
    box = page.locator("#gallery-faces img").bounding_box()
    assert least <= box["width"] <= most and abs(box["width"] - box["height"]) < 1
    assert page.locator("#gallery-faces img").evaluate("image => getComputedStyle(image).imageRendering") == "auto"
    expect(the_card(page)).not_to_be_visible()
    if page.viewport_size["height"] > 500:
        for part in (page.get_by_role("heading", name="Seed 1003"), page.get_by_role("button", name="Next →")):
            expect(part).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.get_by_label("Seeds").first.fill("5, 6")
    page.get_by_label("Seeds").first.press("Enter")
    shown(page, model, [5, 6])
    assert page.locator("#gallery-faces img").first.bounding_box()["width"] < 200


# --- kept faces ---------------------------------------------------------------------------------------------------


def test_kept_faces_come_back_as_they_were(address, page, model, small):
    page.goto(f"{address}/?seeds=5-8")
    shown(page, model, range(5, 9))
    keep(page, 5)
    page.locator("#gallery-chooser").get_by_role("button", name="64 px").click()
    shown(page, small, range(5, 9))
    keep(page, 5)
    page.locator("#gallery-variation input[type=number]").fill("0.5")
    shown(page, small, range(5, 9), 0.5)
    keep(page, 5)
    keep(page, 8)
    page.goto(address)
    shown(page, model, range(16))
    wanted = [(5, model, 1.0), (5, small, 1.0), (5, small, 0.5), (8, small, 0.5)]
    expect(page.locator("#kept-faces img[src]")).to_have_count(4)
    for place, (seed, weights, variation) in enumerate(wanted):
        face = weights.faces([seed], Look(variation))[0]
        assert np.array_equal(pixels(page.locator("#kept-faces img").nth(place)), face)
    assert stored(page) == [link_to(*face) for face in wanted]
    for place, (seed, weights, variation) in enumerate(wanted):
        kept_faces(page).nth(place).click()
        shows(page, seed)
        expect(the_card(page).get_by_label("Its link")).to_have_value(f"{address}/?{link_to(seed, weights, variation)}")
        expect(the_card(page)).to_contain_text(f"{weights.resolution} px · variation {variation:g}")
        settled(lambda: page.wait_for_timeout(100) or pixels(the_card(page).get_by_role("img")).shape[0] == 512)
        page.keyboard.press("Escape")
    kept_faces(page).nth(2).click()
    the_card(page).get_by_role("button", name="Morph from here").click()
    in_address(page, tab="morph", seeds="5-7", variation="0.5", w=small.id)


def test_a_list_of_the_old_form_is_read(address, page, model, small):
    store(page, address, f"{{seeds: [5, 9, 5, 'x', -1], weights: '{small.id}'}}")
    expect(page.locator("#kept-faces img[src]")).to_have_count(2)
    for place, seed in enumerate((5, 9)):
        assert np.array_equal(pixels(page.locator("#kept-faces img").nth(place)), small.faces([seed])[0])
    settled(lambda: page.wait_for_timeout(100) or stored(page) == [link_to(5, small), link_to(9, small)])
    store(page, address, "[5, null, 'v=1&seeds=3${document.title=1}', 'x']")  # not what this page writes
    shown(page, model, range(20, 24))
    expect(page.locator("#tray")).not_to_be_visible()
    store(page, address, "'nonsense'")
    shown(page, model, range(20, 24))


def test_a_face_whose_weights_are_missing_is_said_and_not_replaced(address, page, model):
    gone = f"v=1&seeds=5&variation=1&w={'0' * 12}"
    store(page, address, f"['{gone}', '{link_to(9, model)}']")
    tray = page.locator("#tray")
    expect(tray.get_by_role("status")).to_have_text("1 face cannot be drawn: this page does not have the weights.")
    expect(page.locator("#kept-faces img[src]")).to_have_count(1)
    expect(kept_faces(page).first).to_be_disabled()
    tray.get_by_role("button", name="Show them").click()
    shown(page, model, [9])
    expect(page.locator("#gallery-said")).to_contain_text("1 kept face is left out: this page does not have")
    assert stored(page)[0] == gone  # another page may have them
    tray.get_by_role("button", name="Remove seed 5").click()
    expect(tray.get_by_role("status")).to_have_text("")


def test_a_view_of_kept_faces_says_which_are_left_out(address, page, model, small):
    kept = [link_to(3, small, 0.5), link_to(4, model), link_to(7, small, 0.5), link_to(3, model)]
    store(page, address, str(kept))
    expect(page.locator("#kept-faces img[src]")).to_have_count(4)
    page.get_by_role("button", name="Show them").click()
    shown(page, small, [3, 7], 0.5)
    in_address(page, seeds="3,7", w=small.id, variation="0.5")
    expect(page.locator("#gallery-said")).to_contain_text("2 kept faces are left out")
    expect(page.get_by_label("Seeds").first).to_have_value("3, 7")
    page.get_by_role("button", name="Move seed 4 earlier").click()
    page.get_by_role("button", name="Morph them").click()
    in_address(page, tab="morph", seeds="4,3", w=model.id, variation="1")
    expect(page.locator("#morph-said")).to_contain_text("2 kept faces are left out")


def test_a_mark_shows_what_is_kept_and_the_same_button_takes_it_out(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    face = page.locator("#gallery-faces .face").nth(3)
    expect(face.locator(".mark")).not_to_be_visible()
    dialog = open_face(page, 3)
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#kept-faces img[src]")).to_have_count(1)
    expect(face.locator(".mark")).to_be_attached()
    assert face.locator(".mark").evaluate("mark => getComputedStyle(mark).display") != "none"  # while the card is open
    page.keyboard.press("Escape")
    expect(face).to_have_accessible_name("Face of seed 3 kept")
    page.get_by_role("button", name="Next →").click()
    shown(page, model, range(16, 32))
    expect(page.locator("#gallery-faces .mark:visible")).to_have_count(0)
    page.go_back()
    shown(page, model, range(16))
    expect(page.locator("#gallery-faces .mark:visible")).to_have_count(1)
    page.locator("#gallery-variation input[type=number]").fill("0.5")
    shown(page, model, range(16), 0.5)
    expect(page.locator("#gallery-faces .mark:visible")).to_have_count(0)  # another look, another face
    kept_faces(page).click()
    the_card(page).get_by_role("button", name="Kept ✓, remove").click()
    expect(the_card(page).get_by_role("button", name="Keep", exact=True)).to_have_attribute("aria-pressed", "false")
    expect(kept_faces(page)).to_have_count(0)
    the_card(page).get_by_role("button", name="Keep", exact=True).click()  # a slip
    expect(kept_faces(page)).to_have_count(1)


def test_clear_can_be_undone_until_the_next_change(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    for seed in (2, 9):
        keep(page, seed)
    tray = page.locator("#tray")
    tray.get_by_role("button", name="Clear").focus()
    page.keyboard.press("Enter")
    expect(kept_faces(page)).to_have_count(0)
    expect(tray.get_by_role("status")).to_have_text("2 faces removed.")
    undo = tray.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(kept_faces(page)).to_have_count(2)
    assert stored(page) == [link_to(2, model), link_to(9, model)]
    tray.get_by_role("button", name="Clear").click()
    keep(page, 4)
    expect(undo).not_to_be_visible()
    assert stored(page) == [link_to(4, model)]


def test_sixty_four_faces_of_as_many_looks_are_drawn_in_bounded_pieces(address, page, model):
    kept = [link_to(seed, model, seed / 50) for seed in range(65)]
    sent = []
    page.on("request", lambda request: sent.append(request.post_data) if "queue/join" in request.url else None)
    store(page, address, str(kept))
    expect(page.locator("#kept-faces img[src]")).to_have_count(64, timeout=120_000)
    asked = [len(re.findall(r"v=1&seeds=\d+&variation=[\d.]+&w=", data)) for data in sent if '"faces"' in data]
    assert asked == [16] * 4
    dialog = open_face(page, 21)
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog.get_by_role("button", name="64 faces are kept: remove one first")).to_be_visible()
    expect(kept_faces(page)).to_have_count(64)


# --- the face card and the history --------------------------------------------------------------------------------


def test_back_closes_the_card_in_a_fresh_tab(address, page, model):
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    url, sent = page.url, questions(page)
    dialog = open_face(page, 4)
    settled(lambda: page.wait_for_timeout(100) or pixels(dialog.get_by_role("img")).shape[0] == 512)
    assert len(sent) == 1
    page.go_back()
    expect(dialog).not_to_be_visible()
    page.wait_for_timeout(500)
    assert page.url == url and len(sent) == 1  # the view is the same: nothing was asked
    page.go_forward()
    shows(page, 4)
    page.go_back()
    expect(dialog).not_to_be_visible()
    page.get_by_role("button", name="Next →").click()
    shown(page, model, range(7, 11))


def test_no_way_of_closing_leaves_a_dead_entry(address, page, model):
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    page.get_by_role("button", name="Next →").click()
    shown(page, model, range(7, 11))
    before = page.evaluate("history.length")
    dialog = the_card(page)
    for close in (
        lambda: page.keyboard.press("Escape"),
        lambda: dialog.get_by_role("button", name="Close").click(),
        lambda: page.mouse.click(5, 5),
        lambda: page.go_back(),
    ):
        open_face(page, 8)
        close()
        settled_history(page)
    assert page.evaluate("history.length") <= before + 1  # one to go forward to
    page.go_back()
    shown(page, model, range(3, 7))


def test_faces_opened_in_quick_succession_leave_one_entry(address, page, model):
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    page.evaluate("""() => {
      for (const place of [0, 1, 2]) {
        document.querySelectorAll("#gallery-faces .face")[place].click();
        document.querySelector("dialog.card [name=close]").click();
      }
      setTimeout(() => document.querySelectorAll("#gallery-faces .face")[3].click());
    }""")
    shows(page, 6)
    settled(lambda: page.wait_for_timeout(50) or page.evaluate("history.state.card"))
    page.wait_for_timeout(500)
    page.go_back()
    expect(the_card(page)).not_to_be_visible()
    in_address(page, seeds="3-6")


def test_a_change_of_another_tab_does_not_open_a_card_that_was_just_closed(address, page, model):
    """A browser says with its next frame that a dialog was closed: in a tab behind another one that may be minutes."""
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    dialog = open_face(page, 4)
    page.evaluate("""() => {
      document.querySelector("dialog.card").close(); // as Escape does
      dispatchEvent(new StorageEvent("storage", { key: "seedfaces-kept" }));
    }""")
    assert dialog.count() == 0
    settled_history(page)


def test_an_answer_behind_the_open_card_is_kept(address, page, model):
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    page.route("**/queue/join*", lambda route: (page.wait_for_timeout(1000), route.continue_()), times=1)
    page.get_by_role("button", name="Next →").click()
    open_face(page, 4)
    in_address(page, seeds="7-10")
    shows(page, 4)
    page.keyboard.press("Escape")
    shown(page, model, range(7, 11))
    page.wait_for_timeout(500)
    in_address(page, seeds="7-10")
    page.go_back()
    shown(page, model, range(3, 7))


def test_an_entry_that_cannot_be_left_does_not_open_the_card_again(address, page, model):
    """As where the page around an iframe has made an entry meanwhile."""
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    page.evaluate("() => { history.back = () => {}; }")
    open_face(page, 4).get_by_role("button", name="Real or fake?").click()
    in_address(page, tab="verdict", seeds="4")
    page.evaluate("delete history.back")
    page.get_by_role("tab", name="Gallery").click()
    in_address(page, seeds="3-6")
    expect(the_card(page)).not_to_have_attribute("open", "")
    open_face(page, 5)
    page.go_back()
    settled_history(page)


def test_a_view_of_another_tab_closes_the_card(address, page, model):
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    for seed in (3, 4):
        keep(page, seed)
    page.route("**/queue/join*", lambda route: (page.wait_for_timeout(1000), route.continue_()), times=1)
    page.get_by_role("button", name="Morph them").click()
    open_face(page, 5)
    in_address(page, tab="morph", seeds="3,4")
    expect(the_card(page)).not_to_have_attribute("open", "")
    page.get_by_role("tab", name="Gallery").click()  # an open dialog would block this click
    shown(page, model, range(3, 7))


def test_a_reload_shows_the_face_again(address, page, model):
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    open_face(page, 5)
    page.reload()
    shows(page, 5)
    page.go_back()
    expect(the_card(page)).not_to_be_visible()
    in_address(page, seeds="3-6")


def test_the_card_inside_an_iframe(page, tmp_path, model):
    with serving(tmp_path / "home") as url:
        framed(page, f"<iframe src='{url}/?seeds=7,8' width=1200 height=1500></iframe>")
        inner = page.frame_locator("iframe")
        shown(inner, model, [7, 8])
        inner.get_by_role("button", name="Next →").click()
        shown(inner, model, [9, 10])
        for close in (lambda: page.keyboard.press("Escape"), lambda: page.evaluate("history.back()")):
            dialog = open_face(inner, 9)
            close()
            expect(dialog).not_to_be_visible()
            page.wait_for_timeout(500)
            shown(inner, model, [9, 10])
        page.evaluate("history.back()")
        shown(inner, model, [7, 8])


# --- the face card and its neighbours -----------------------------------------------------------------------------


def test_keys_and_buttons_lead_to_the_neighbours(address, page, model):
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    dialog = the_card(page)
    open_face(page, 4)
    for key, seed in (("ArrowRight", 5), ("ArrowRight", 6), ("ArrowRight", 3), ("ArrowLeft", 6)):
        page.keyboard.press(key)
        shows(page, seed)
        expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    settled(lambda: page.wait_for_timeout(100) or pixels(dialog.get_by_role("img")).shape[0] == 512)
    view = decode(dialog.get_by_label("Its link").input_value().split("?")[1])[0]
    assert view == View(seeds=(6,), weights=model.id)
    back = dialog.get_by_role("button", name="Previous face")
    box = back.bounding_box()
    assert min(box["width"], box["height"]) >= 44
    back.click()
    shows(page, 5)
    expect(back).to_be_focused()
    dialog.get_by_label("Its link").focus()
    page.keyboard.press("ArrowRight")  # moves in the text
    shows(page, 5)
    page.keyboard.press("Escape")
    expect(page.locator("#gallery-faces .face").nth(2)).to_be_focused()
    keep(page, 3)
    keep(page, 6)
    kept_faces(page).first.click()
    page.keyboard.press("ArrowRight")
    shows(page, 6)
    expect(dialog).to_contain_text("2 of 2")


@pytest.mark.parametrize("page", [TOUCH], indirect=True)
def test_a_swipe_leads_to_the_neighbours(address, page, model):
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    open_face(page, 4)
    touch = page.context.new_cdp_session(page)
    box = the_card(page).get_by_role("img").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4

    def swipe(right: float, down: float) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 6):
            at = {"x": x + right * step / 5, "y": y + down * step / 5}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [at]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    for right, down, seed in ((-120, 10, 5), (-120, -10, 6), (120, 0, 5), (10, 100, 5), (-20, 0, 5)):
        swipe(right, down)
        page.wait_for_timeout(200)
        shows(page, seed)


def test_the_small_picture_is_there_at_once_and_one_large_one_is_asked_for_at_a_time(address, page, model):
    page.goto(f"{address}/?seeds=3-9")
    shown(page, model, range(3, 10))
    waiting, sent = [], questions(page)
    page.route("**/queue/join*", lambda route: waiting.append(route), times=1)
    open_face(page, 3)
    for seed in range(4, 9):
        page.keyboard.press("ArrowRight")
        shows(page, seed)
        assert np.array_equal(pixels(the_card(page).get_by_role("img")), model.faces([seed])[0])
    page.wait_for_timeout(300)
    assert len(waiting) == len(sent) == 1
    waiting[0].continue_()
    settled(lambda: page.wait_for_timeout(100) or pixels(the_card(page).get_by_role("img")).shape[0] == 512)
    shows(page, 8)
    assert len(sent) == 2  # the second is that of the face where the visitor stopped


def test_a_refused_picture_leaves_the_small_one(address, page, model):
    page.goto(f"{address}/?seeds=3-5")
    shown(page, model, range(3, 6))
    page.route("**/queue/join*", lambda route: route.fulfill(status=503, json={"detail": "Queue is full"}), times=1)
    open_face(page, 3)
    expect(page.get_by_test_id("toast-body")).to_contain_text("busy")
    assert np.array_equal(pixels(the_card(page).get_by_role("img")), model.faces([3])[0])
    page.keyboard.press("ArrowRight")
    shows(page, 4)
    settled(lambda: page.wait_for_timeout(100) or pixels(the_card(page).get_by_role("img")).shape[0] == 512)


@pytest.mark.parametrize("page", [LOW, TOUCH], indirect=True, ids=["low", "phone"])
def test_the_card_opens_at_the_face(address, page, model):
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    dialog = open_face(page, 4)
    image = dialog.get_by_role("img")
    expect(image).to_be_in_viewport(ratio=1)
    assert dialog.evaluate("dialog => dialog.scrollTop") == 0
    face, button = image.bounding_box(), dialog.get_by_role("button", name="Keep").bounding_box()
    if page.viewport_size["height"] < 500:
        assert face["height"] >= 300 and button["x"] > face["x"] + face["width"]  # the actions are beside it
    for name in ("Keep", "Next face", "Close"):
        expect(dialog.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)


def test_the_card_opens_in_browsers_without_checkvisibility(address, page, model):
    page.add_init_script("delete Element.prototype.checkVisibility")
    page.goto(f"{address}/?seeds=3-6")
    shown(page, model, range(3, 7))
    assert page.evaluate("document.body.checkVisibility") is None
    open_face(page, 4)
    page.go_back()
    expect(the_card(page)).not_to_be_visible()
