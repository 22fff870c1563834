"""The controls obey: what a visitor sets last counts, however slowly the server answers."""

import re

import pytest
from browsing import in_address, shown, slow
from conftest import DESKTOP, EMBEDDED, PHONE
from playwright.sync_api import expect

from gan.link import decode
from gan.serve.faces import FaceModel

TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="session")
def model() -> FaceModel:
    return FaceModel(EMBEDDED)


def asked(page) -> int:
    """How many events were sent to the server."""
    return page.evaluate("window.asked")


def slider_of(page, name: str):
    return page.locator(f"#{name} input[type=range]")


def number_of(page, name: str):
    return page.locator(f"#{name} input[type=number]")


def drag(page, name: str, places) -> float:
    """Drag a slider over places, shares of its width, and release it → how far it moved up or down meanwhile."""
    slider = slider_of(page, name)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    moved = 0.0
    # an observer is told of what is painted; between two frames the grid may be new and the page not scrolled yet
    painted = """(slider) => new Promise((go) => new IntersectionObserver(([seen], observer) => {
        observer.disconnect();
        go(seen.boundingClientRect.y);
    }).observe(slider))"""
    page.mouse.move(box["x"] + places[0] * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    for place in places:
        page.mouse.move(box["x"] + place * box["width"], box["y"] + box["height"] / 2, steps=3)
        page.wait_for_timeout(300)
        moved = max(moved, abs(slider.evaluate(painted) - box["y"]))
    page.mouse.up()
    return moved


def stays(page, name: str, value: float, seconds: float) -> None:
    """A slider and its number box show a value, now and after the last answer."""
    for pause in (0, seconds + 0.5):
        page.wait_for_timeout(1000 * pause)
        expect(number_of(page, name)).to_have_value(f"{value:g}")
        expect(slider_of(page, name)).to_have_value(f"{value:g}")


def value_of(page, name: str) -> float:
    return float(slider_of(page, name).input_value())


@pytest.mark.parametrize("delay", [0.1, 2])
@pytest.mark.parametrize(
    "name, places", [("gallery-count", (0.3, 0.5, 0.8, 0.4)), ("gallery-variation", (0.2, 0.5, 0.4))]
)
def test_a_slider_stays_where_it_was_released(address, page, model, delay, name, places):
    slow(page, delay)
    page.goto(f"{address}/?seeds=0-15")
    shown(page, model, range(16))
    drag(page, name, places)
    released = value_of(page, name)
    stays(page, name, released, delay)
    if name == "gallery-count":
        shown(page, model, range(int(released)))
        in_address(page, seeds=f"0-{int(released) - 1}")
    else:
        in_address(page, variation=f"{released:g}")
        shown(page, model, range(16), released)


@pytest.mark.parametrize("page", [TOUCH], indirect=True)
def test_a_slider_stays_where_a_finger_released_it(address, page, model):
    slow(page, 0.5)
    page.goto(address)
    shown(page, model, range(16))
    slider = slider_of(page, "gallery-variation")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    touch = page.context.new_cdp_session(page)
    for kind, place in (("touchStart", 0.66), *(("touchMove", 0.6 - step / 20) for step in range(6)), ("touchEnd", 0)):
        at = [] if kind == "touchEnd" else [{"x": box["x"] + place * box["width"], "y": box["y"] + box["height"] / 2}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
        page.wait_for_timeout(200)
    released = value_of(page, "gallery-variation")
    assert released < 0.9
    stays(page, "gallery-variation", released, 0.5)
    shown(page, model, range(16), released)


@pytest.mark.parametrize("delay", [0.1, 2])
def test_a_number_typed_slowly_is_the_number_shown(address, page, model, delay):
    slow(page, delay)
    page.goto(address)
    shown(page, model, range(16))
    box = number_of(page, "gallery-count")
    box.fill("")
    box.press_sequentially("48", delay=150)
    stays(page, "gallery-count", 48, delay)
    shown(page, model, range(48))


@pytest.mark.parametrize("delay", [0.1, 2])
def test_ten_presses_of_an_arrow_move_ten_steps(address, page, model, delay):
    slow(page, delay)
    page.goto(address)
    shown(page, model, range(16))
    slider = slider_of(page, "gallery-count")
    slider.focus()
    for _ in range(10):
        slider.press("ArrowRight")
        page.wait_for_timeout(60)
    stays(page, "gallery-count", 26, delay)
    shown(page, model, range(26))


@pytest.mark.parametrize("delay", [0.1, 2])
def test_five_presses_of_next_move_five_pages(address, page, model, delay):
    slow(page, delay)
    page.goto(address)
    shown(page, model, range(16))
    for _ in range(5):
        page.get_by_role("button", name="Next →").click()
    shown(page, model, range(80, 96))
    in_address(page, seeds="80-95")
    # the presses made during one answer are one question: the first view, the first press, the others
    assert asked(page) <= (4 if delay == 2 else 6)


def test_everything_done_during_one_answer_counts_in_its_order(address, page, model):
    slow(page, 1)
    page.goto(address)
    shown(page, model, range(16))
    page.get_by_role("button", name="Next →").click()
    number_of(page, "gallery-count").fill("4")
    page.get_by_role("button", name="Next →").click()
    number_of(page, "gallery-variation").fill("0.7")
    page.get_by_role("button", name="← Previous").click()
    page.get_by_role("button", name="← Previous").click()
    shown(page, model, range(12, 16), 0.7)
    in_address(page, seeds="12-15", variation="0.7")
    stays(page, "gallery-count", 4, 1)
    stays(page, "gallery-variation", 0.7, 1)
    page.go_back()
    # to what the question before had led to: how many actions were one question depends on how fast they were done
    expect(page).to_have_url(re.compile("seeds=(0-15|16-31|16-19|20-23)&"))


def test_what_is_being_typed_survives_an_answer(address, page, model):
    slow(page, 1)
    page.goto(address)
    shown(page, model, range(16))
    page.get_by_role("button", name="Next →").click()
    page.get_by_label("Seeds").first.fill("7")
    shown(page, model, range(16, 32))
    page.wait_for_timeout(300)
    expect(page.get_by_label("Seeds").first).to_have_value("7")
    page.get_by_label("Seeds").first.press("Enter")
    shown(page, model, range(7, 23))
    expect(page.get_by_label("Seeds").first).to_have_value("7-22")


def test_a_setting_made_before_the_first_answer_counts(address, page, model):
    # the view of the address is slower than what follows: its answer must not come last
    slow(page, "(window.asked === 1 ? 3 : 0)")
    page.goto(f"{address}/?seeds=100-109")
    number_of(page, "gallery-variation").fill("0.6")
    shown(page, model, range(100, 110), 0.6)
    stays(page, "gallery-variation", 0.6, 2)
    expect(number_of(page, "gallery-count")).to_have_value("10")


def selected(page, name: str) -> None:
    """A tab is selected, and stays so after the last answer."""
    for _ in range(2):
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        expect(page.locator("#tabs")).to_have_attribute("aria-busy", "false")
        page.wait_for_timeout(1500)


def test_a_tab_that_was_left_before_its_turn_does_not_come_back(address, page, model):
    slow(page, 1)
    page.goto(address)
    shown(page, model, range(16))
    before = asked(page)
    page.evaluate("""async () => {  // all of it before the answer, on any machine
      const named = (name) => ({ textContent }) => textContent.trim() === name;
      const button = (role, name) => [...document.querySelectorAll(role)].find(named(name));
      button("button", "Next →").click();
      for (const tab of ["Morph", "About", "Gallery"]) {
        button("[role=tab]", tab).click();
        await new Promise((done) => setTimeout(done, 100));
      }
    }""")
    shown(page, model, range(16, 32))
    selected(page, "Gallery")
    shown(page, model, range(16, 32))
    assert asked(page) == before + 1  # for the page that follows, once


def test_a_tab_that_is_chosen_before_the_first_answer_stays(address, page):
    slow(page, 2)
    page.goto(address)
    page.get_by_role("tab", name="Morph").click()
    expect(page.locator("#player canvas")).to_be_visible()
    selected(page, "Morph")
    in_address(page, tab="morph")
    page.get_by_role("tab", name="Gallery").click()
    expect(page.locator("#gallery-faces .face")).to_have_count(16)


@pytest.mark.parametrize("page", [{"viewport": DESKTOP}, TOUCH], indirect=True, ids=["desktop", "phone"])
def test_how_many_stays_under_the_pointer(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    assert drag(page, "gallery-count", (0.25, 0.9, 0.1, 0.6)) < 3
    shown(page, model, range(int(value_of(page, "gallery-count"))))
    slider, window = slider_of(page, "gallery-count"), page.viewport_size["height"]
    for key, count in (("End", 64), ("Home", 1), ("End", 64)):
        slider.press(key)
        shown(page, model, range(count))
        assert 0 < slider.bounding_box()["y"] < window - 44


def test_a_list_leaves_how_many_to_the_visitor(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    number_of(page, "gallery-count").fill("9")
    shown(page, model, range(9))
    seeds = page.get_by_label("Seeds").first
    for text, faces in (("5, 9", [5, 9]), ("7", range(7, 16)), ("3-5", [3, 4, 5]), ("7", range(7, 16))):
        seeds.fill(text)
        seeds.press("Enter")
        shown(page, model, faces)
        expect(number_of(page, "gallery-count")).to_have_value("9")


@pytest.mark.parametrize("page", [{"viewport": DESKTOP}, TOUCH], indirect=True, ids=["desktop", "phone"])
@pytest.mark.parametrize("tab, typed", [("gallery", "5.5"), ("morph", "4"), ("morph", "4; 5.5")])
def test_nonsense_stays_to_be_corrected_and_the_sentence_is_in_sight(address, page, tab, typed):
    page.goto(f"{address}/?tab={tab}&seeds=3,4")
    in_address(page, v=1, seeds="3,4")
    before = page.url
    box = page.locator(f"#{tab}-seeds").get_by_role("textbox")
    box.fill(typed)
    box.press("Enter")
    said = page.locator(f"#{tab}-said").get_by_role("status")
    expect(said).to_contain_text("seed")
    page.wait_for_timeout(500)
    expect(box).to_have_value(typed)
    assert page.url == before
    bottom = page.locator("#link").bounding_box()["y"]
    place = said.bounding_box()
    assert 0 <= place["y"] and place["y"] + place["height"] <= bottom
    box.fill("3,4,5")
    box.press("Enter")
    in_address(page, seeds="3-5")
    expect(said).not_to_be_visible()


def test_sliders_of_the_morph_follow_the_arrow_keys(address, page):
    page.goto(f"{address}/?tab=morph&seeds=3,4")
    in_address(page, tab="morph", frames="16")
    slider = slider_of(page, "morph-frames")
    slider.focus()
    for _ in range(10):
        slider.press("ArrowLeft")
    in_address(page, frames="6")
    stays(page, "morph-frames", 6, 0)
    view, _ = decode(page.url.split("?")[1])
    assert view.seeds == (3, 4) and view.loop


def test_a_refused_question_is_asked_again(address, page, model):
    page.goto(address)
    shown(page, model, range(16))
    refused = []

    def answer(route):
        if refused:
            return route.continue_()
        refused.append(route)
        route.fulfill(status=503, json={"detail": "Queue is full."})

    page.route("**/queue/join*", answer)
    page.get_by_role("button", name="Next →").click()
    page.get_by_role("button", name="Next →").click()
    shown(page, model, range(32, 48))
    assert len(refused) == 1
