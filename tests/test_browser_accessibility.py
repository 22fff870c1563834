"""The page for keyboards, fingers, small screens and eyes: axe-core's rules, focus, contrast, sizes, motion."""

import base64
import io

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import open_face, settled
from conftest import DESKTOP, PHONE
from PIL import Image, ImageSequence
from playwright.sync_api import expect

SIDEWAYS, NARROW = {"width": 844, "height": 390}, {"width": 320, "height": 640}
FINGERS = {"has_touch": True, "is_mobile": True}
TABS = {  # tab → a link to it, and what is there when it is complete
    "gallery": ("?seeds=0-15", "#gallery-faces li:nth-child(16)"),
    "morph": ("?tab=morph", "#player canvas"),
    "find": ("?tab=find&seeds=5,7", "#find-faces li:nth-child(2)"),
    "verdict": ("?tab=verdict&seeds=5", "#verdict section"),
    "about": ("?tab=about", "#about details"),
}
LIGHT, DARK = {"color_scheme": "light"}, {"color_scheme": "dark"}


def visit(page, address: str, tab: str) -> None:
    """Open a tab with all that it can hold: kept faces, and everything that is folded."""
    link, complete = TABS[tab]
    page.goto(f"{address}/{link}")
    if tab == "gallery" and not page.evaluate("Object.keys(localStorage).some((key) => key.includes('kept'))"):
        dialog = open_face(page, 3)
        dialog.get_by_role("button", name="Keep", exact=True).click()
        dialog.get_by_role("button", name="Close").click()
        expect(page.locator("#kept-faces .face:enabled")).to_be_visible()
        page.wait_for_function("!history.state?.card")  # the card goes one entry back, which would stop the next visit
        page.goto(f"{address}/{link}")  # the focus is at the top again
    expect(page.locator(complete).first).to_be_visible()
    if tab == "gallery":
        expect(page.locator("#kept-faces .face")).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach((details) => (details.open = true))")


def visits(page, address: str):
    """Each tab, then a face shown large."""
    for tab in TABS:
        visit(page, address, tab)
        yield tab
    visit(page, address, "gallery")
    open_face(page, 5)
    yield "card"


@pytest.mark.parametrize(
    "page",
    [{"viewport": DESKTOP, **LIGHT}, {"viewport": PHONE, **FINGERS, **DARK}],
    indirect=True,
    ids=["desktop-light", "phone-dark"],
)
def test_axe_finds_nothing_serious(address, page):
    found, rules = [], 0
    for place in visits(page, address):
        results = Axe().run(page).response
        rules += len(results["passes"])
        found += [
            f"{place}: {violation['id']} {node['target']}"
            for violation in results["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
    assert found == [] and rules > 50


# --- focus --------------------------------------------------------------------------------------------------------

FOCUSED = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const link = document.querySelector("#link"), bar = link.getBoundingClientRect();
  const place = element.getBoundingClientRect();
  const line = element.getClientRects()[0]; // the first one of a link that is broken into two
  const middle = document.elementFromPoint(line.x + line.width / 2, line.y + line.height / 2);
  return {
    name: element.getAttribute("aria-label") || element.textContent.trim() || element.type,
    kind: [element.tagName, element.type, element.name, element.className].join(" "),
    seen: place.top >= 0 && place.bottom <= innerHeight && element.contains(middle),
    covered: !link.contains(element) && place.bottom > bar.top && place.top < bar.bottom,
    box: [place.x, place.y, place.width, place.height],
  };
}"""


def luminance(colours: np.ndarray) -> np.ndarray:
    """sRGB `(…, 3)` uint8 → relative luminance (WCAG 2.2)."""
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """WCAG's ratio, 1 to 21, of colours `(…, 3)` uint8."""
    lights = luminance(np.asarray(a)), luminance(np.asarray(b))
    return (np.maximum(*lights) + 0.05) / (np.minimum(*lights) + 0.05)


def around(page, box, by: float) -> np.ndarray:
    """The pixels of a box in the window, larger by some pixels on each side: `(H, W, 3)` uint8."""
    x, y, width, height = box
    clip = {"x": x - by, "y": y - by, "width": width + 2 * by, "height": height + 2 * by}
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip, animations="allow"))).convert("RGB"))


def outlined(page, box) -> bool:
    """Whether focus changes as many pixels as its box has on its edge, by 3 to 1 (WCAG 2.4.13 asks for twice that)."""
    page.wait_for_timeout(300)  # Gradio's buttons change colours within 0.2 s
    focused = around(page, box, 6)
    page.evaluate("(window.left = document.activeElement).blur()")
    page.wait_for_timeout(300)
    blurred = around(page, box, 6)
    page.evaluate("window.left.focus({ preventScroll: true })")
    return (contrast(focused, blurred) >= 3).sum() >= 2 * (box[2] + box[3])


@pytest.mark.parametrize(
    "page, pixels",
    [
        ({"viewport": DESKTOP, **LIGHT}, True),
        ({"viewport": PHONE, **DARK}, True),
        ({"viewport": {"width": 195, "height": 422}, "device_scale_factor": 2}, False),
    ],
    indirect=["page"],
    ids=["desktop-light", "phone-dark", "phone-200"],
)
def test_the_focus_is_seen_wherever_tab_takes_it(address, page, pixels):
    kinds = set()  # whose pixels were looked at: sixteen faces look alike
    for tab in TABS:
        visit(page, address, tab)
        names, wrong = [], []
        while len(names) < 100:
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUSED)
            if at is None:
                break
            names.append(at["name"])
            new = pixels and at["kind"] not in kinds
            kinds.add(at["kind"])
            if at["covered"] or not at["seen"] or (new and not outlined(page, at["box"])):
                wrong.append(at)
        assert wrong == [], tab
        assert names[0] == "Gallery" and len(names) >= 8 and "Copy link" in names, (tab, names)


# --- contrast -----------------------------------------------------------------------------------------------------


def edge(page, locator, by: float = 3) -> float:
    """The contrast of what is drawn along the left edge of an element with what is left of it."""
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    strip = around(page, [box["x"], box["y"] + box["height"] / 4, 8, box["height"] / 2], by)
    return contrast(strip, strip[:, :1]).max(1).max()


def thumb(page, slider) -> float:
    """The contrast of a slider's thumb, above its track, with what is above it."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    share = float(slider.evaluate("(e) => (e.value - e.min) / (e.max - e.min)"))
    middle = box["x"] + 10 + share * (box["width"] - 20), box["y"] + box["height"] / 2
    column = around(page, [middle[0] - 1, middle[1] - 14, 2, 9], 0)
    return contrast(column, column[:1]).max()


@pytest.mark.parametrize("page", [{"viewport": DESKTOP, **theme} for theme in (LIGHT, DARK)], indirect=True, ids=str)
def test_controls_stand_out_by_three_to_one(address, page):
    visit(page, address, "gallery")
    label = page.locator("#gallery-faces .face span").first.evaluate(
        "(e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    )
    text, (*shade, alpha) = ([float(number) for number in colour[4:].strip("a()").split(",")] for colour in label)
    for face in (0, 255):  # the colour of the face behind it
        assert contrast(np.array(text[:3]), np.array(shade) * alpha + face * (1 - alpha)) >= 4.5
    slider = page.locator("#gallery-variation input[type=range]")
    found = {
        "seeds": edge(page, page.locator("#gallery-seeds input")),
        "number": edge(page, page.locator("#gallery-variation input[type=number]")),
        "link": edge(page, page.locator("#link input")),
        "slider": edge(page, slider, 6),
        "thumb": thumb(page, slider),
        "chosen": edge(page, page.locator("#gallery-chooser [aria-pressed=true]"), 1),
    }
    visit(page, address, "morph")
    box = page.get_by_label("Return to the first face and repeat")
    found["ticked"] = edge(page, box)
    box.uncheck()
    found["not ticked"] = edge(page, box)
    visit(page, address, "verdict")
    found["upload"] = edge(page, page.locator("#upload"))
    assert min(found.values()) >= 3, found


# --- sizes --------------------------------------------------------------------------------------------------------

SMALL = """() => {
  const small = [];
  for (const element of document.querySelectorAll("button, a[href], input, summary, select, textarea")) {
    const target = element.type === "checkbox" ? element.closest("label") : element;
    if (!target.checkVisibility() || element.closest("[aria-hidden=true]")) continue;
    const { width, height } = target.getBoundingClientRect();
    if (width < 43.5 || height < 43.5)
      small.push([element.getAttribute("aria-label") || element.textContent.trim() || element.type, width, height]);
  }
  return small;
}"""

CUT_OFF = """() => {
  const BESIDE = "[aria-hidden=true], svg, [data-testid=status-tracker]";
  const TEXT = "button, a, p, li, h1, h2, h3, td, th, dd, pre, label, summary";
  const wrong = [];
  for (const element of document.querySelectorAll("body *")) {
    if (!element.checkVisibility() || element.closest(BESIDE)) continue;
    const { left, right, width } = element.getBoundingClientRect();
    const inside = element.matches(TEXT) && getComputedStyle(element).display !== "inline";
    const cut = inside && element.scrollWidth > element.clientWidth + 1;
    if (width > 1 && (left < -1 || right > innerWidth + 1 || cut))
      wrong.push([element.tagName, element.className, element.textContent.trim().slice(0, 40), left, right]);
  }
  return wrong;
}"""


@pytest.mark.parametrize("page", [{"viewport": PHONE, **FINGERS}], indirect=True)
def test_everything_is_large_enough_for_a_finger(address, page):
    for place in visits(page, address):
        assert page.evaluate(SMALL) == [], place


@pytest.mark.parametrize(
    "page", [{"viewport": NARROW, **FINGERS}, {"viewport": NARROW, **DARK}], indirect=True, ids=["touch", "mouse"]
)
def test_nothing_is_cut_off_on_a_narrow_screen(address, page):
    for place in visits(page, address):
        assert page.evaluate(CUT_OFF) == [], place
        assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


@pytest.mark.parametrize("page", [{"viewport": PHONE, **FINGERS}], indirect=True)
def test_about_is_short_on_a_phone(address, page):
    page.goto(f"{address}/?tab=about")
    expect(page.locator("#about details").first).to_be_visible()
    expect(page.locator("#timeline canvas")).to_be_visible()
    assert 1000 < page.evaluate("document.documentElement.scrollHeight") < 2000


@pytest.mark.parametrize("page", [{"viewport": SIDEWAYS, **FINGERS}], indirect=True)
def test_a_phone_on_its_side_shows_faces(address, page):
    visit(page, address, "gallery")
    page.evaluate("scrollTo(0, 0)")
    bottoms = page.locator("#gallery-faces .face").evaluate_all(
        "(faces) => faces.map((face) => face.getBoundingClientRect().bottom)"
    )
    assert sum(bottom <= SIDEWAYS["height"] for bottom in bottoms) >= 6
    assert page.locator("#link").bounding_box()["y"] > SIDEWAYS["height"]  # in its place, not over the faces
    visit(page, address, "morph")
    picture = page.locator("#player .screen").bounding_box()
    assert 200 < picture["height"] < 300
    assert page.locator("#player .actions").bounding_box()["y"] - picture["y"] < SIDEWAYS["height"] - 100


# --- motion -------------------------------------------------------------------------------------------------------

RECORD = """
window.drawn = [];
const draw = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (...where) {
  draw.apply(this, where);
  window.drawn.push(this.canvas.toDataURL());
};
"""


def pictures(file: Image.Image) -> np.ndarray:
    return np.stack([np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(file)])


def opened(data_url: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(data_url.split(",")[1])))


def numbers(page, film: np.ndarray) -> list[int]:
    """Which frames of the film were drawn so far, in order."""
    drawn = []
    for data_url in page.evaluate("window.drawn"):
        off = np.abs(film - pictures(opened(data_url))).mean((1, 2, 3))
        assert off.min() < 2
        drawn.append(int(off.argmin()))
    return drawn


def count(page) -> int:
    return page.evaluate("window.drawn.length")


def stands(page) -> None:
    """Nothing is drawn for a second; a frame that was being decoded may still come."""
    page.wait_for_timeout(300)
    before = count(page)
    page.wait_for_timeout(1000)
    assert count(page) == before


def goes_on(page, frames: int = 5) -> None:
    """So many more frames are drawn."""
    reaches(page, count(page) + frames)


def reaches(page, frames: int) -> None:
    settled(lambda: page.wait_for_timeout(20) or count(page) >= frames)


def test_a_morph_pauses_at_a_frame_and_goes_on_with_the_next(address, page):
    page.add_init_script(RECORD)
    page.goto(f"{address}/?tab=morph&seeds=9,14,2&frames=4&loop=1")
    player = page.locator("#player")
    pause = player.get_by_role("button", name="Pause")
    goes_on(page, 3)
    expect(pause).to_have_attribute("aria-pressed", "false")
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")
    stands(page)
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "false")
    goes_on(page, 15)  # past its end
    film = pictures(opened(player.get_by_role("link", name="Download").get_attribute("href")))
    assert len(film) == 12
    drawn = numbers(page, film)
    assert drawn == [place % 12 for place in range(len(drawn))]
    page.get_by_role("tab", name="Gallery").click()
    expect(page.locator("#gallery-faces")).to_be_visible()
    stands(page)  # while nobody sees it
    page.get_by_role("tab", name="Morph").click()
    goes_on(page)


def test_a_morph_without_return_stops_at_its_end_and_can_be_played_again(address, page):
    page.add_init_script(RECORD)
    page.goto(f"{address}/?tab=morph&seeds=9,14&frames=4&loop=0")
    player = page.locator("#player")
    pause = player.get_by_role("button", name="Pause")
    reaches(page, 5)  # in a third of a second
    stands(page)
    expect(pause).to_have_attribute("aria-pressed", "true")
    player.get_by_role("button", name="Play from the start").click()
    reaches(page, 10)
    stands(page)
    pause.click()
    reaches(page, 15)
    film = pictures(opened(player.get_by_role("link", name="Download").get_attribute("href")))
    assert len(film) == 5 and numbers(page, film) == 3 * [0, 1, 2, 3, 4]


def test_another_morph_replaces_the_one_that_plays(address, page):
    page.add_init_script(RECORD)
    page.goto(f"{address}/?tab=morph&seeds=9,14&frames=4")
    goes_on(page)
    page.locator("#morph-seeds input").fill("3, 1, 7")
    page.locator("#morph-seeds input").press("Enter")
    expect(page.get_by_alt_text("Morph through the faces of seeds 3, 1, 7 and back")).to_be_visible()
    page.evaluate("window.drawn = []")
    goes_on(page, 10)
    film = pictures(opened(page.locator("#player").get_by_role("link", name="Download").get_attribute("href")))
    drawn = numbers(page, film)
    assert drawn == [place % 12 for place in range(drawn[0], drawn[0] + len(drawn))]


@pytest.mark.parametrize("tab, place", [("morph", "#player"), ("about", "#timeline")])
@pytest.mark.parametrize("page", [{"viewport": DESKTOP, "reduced_motion": "reduce"}], indirect=True, ids=[""])
def test_nothing_plays_unasked_where_motion_is_unwelcome(address, page, tab, place):
    page.add_init_script(RECORD)
    visit(page, address, tab)
    still = page.locator(f"{place} img")
    expect(still).to_be_visible()
    assert not opened(still.get_attribute("src")).is_animated
    pause = page.locator(place).get_by_role("button", name="Pause")
    expect(pause).to_have_attribute("aria-pressed", "true")
    stands(page)
    assert count(page) == 0
    assert page.evaluate("document.getAnimations().every((one) => one.effect.getComputedTiming().endTime < 100)")
    pause.click()
    goes_on(page)
    pause.click()
    stands(page)


def test_the_timeline_plays_and_pauses(address, page):
    page.add_init_script(RECORD)
    visit(page, address, "about")
    goes_on(page, 3)
    page.locator("#timeline").get_by_role("button", name="Pause").click()
    stands(page)
