"""What the static page must do in every browser, one function a promise: its docstring is the row of the table."""

import re
import time

import numpy as np
from PIL import Image
from selenium.webdriver import Keys

from gan.link import View, encode
from gan.model.look import AS_TRAINED, Look
from gan.model.point import parse
from gan.words import word_seed

from .browsing import CONTRAST, CUT, HOSTILE
from .photo_checks import Given, find, hostile_pictures, offline, verdict
from .visitor import GRID, Visitor

POINTS = tuple(parse(text)[0] for text in ("4294967295", "4~13@0.4", "4~13@0.4~(7~9@0.2)@0.5", "3"))
TABS = ("gallery", "morph", "find", "verdict", "about")


def first_gallery(visitor: Visitor, given: Given) -> None:
    """the first gallery is Python's"""
    visitor.open()
    visitor.shows(given.large, range(16))
    assert visitor.link() == encode(View(weights=given.large.id)), visitor.link()


def readable(visitor: Visitor, given: Given) -> None:
    """the link that is seen in its box is the newest, from the beginning and on each tab"""

    def seen() -> np.ndarray:
        time.sleep(1)
        return np.asarray(visitor.picture("#link input").convert("L"))[5:-5, 5:-5].astype(int)  # without its border

    visitor.open(f"seeds=1-3&w={given.small.id}")
    visitor.shows(given.small, (1, 2, 3))
    for name in ("gallery", "about", "morph", "find", "gallery"):
        visitor.tab(name)
        before = seen()
        visitor.js("return document.querySelector('#link input').style.color = '#0f766e'")  # it is painted anew
        shape = [[picture[:, at : at + 8].std() > 9 for at in range(0, 900, 8)] for picture in (before, seen())]
        visitor.js("return document.querySelector('#link input').style.color = ''")
        assert any(shape[0]) and shape[0] == shape[1], f"{name}: the box does not show the link"


def opened_link(visitor: Visitor, given: Given) -> None:
    """a link shows what it says"""
    look = Look(0.8, age=1.5, smile=-1, directions=given.small.along().id)
    query = encode(View("gallery", POINTS, look, given.small.id))
    visitor.open(query)
    visitor.shows(given.small, POINTS, look)
    assert visitor.link() == query, visitor.link()
    assert visitor.js("document.querySelector('#gallery [data-name=age] [type=range]').value") == "1.5"
    assert visitor.text("#notes") == ""


def made_link(visitor: Visitor, given: Given) -> None:
    """a link that is made here is Python's, and opens again"""
    visitor.open(f"seeds=1&w={given.small.id}")
    visitor.shows(given.small, [1])
    visitor.type("#gallery form input", "Ada, 12, 4~13@0.4", Keys.ENTER)
    points = (word_seed("Ada"), 12, parse("4~13@0.4")[0])
    visitor.shows(given.small, points)
    visitor.wait_for("#gallery-said", f"“Ada” is seed {points[0]}.")
    visitor.click("#gallery .shape summary")
    visitor.tab_to("#gallery [data-name=smile] [type=range]")
    visitor.keys(*[Keys.ARROW_RIGHT] * 3)
    smile = float(visitor.js("document.activeElement.value"))
    look = Look(smile=smile, directions=given.small.along().id)
    visitor.shows(given.small, points, look)
    query = encode(View("gallery", points, look, given.small.id))
    visitor.wait(lambda: visitor.link() == query, f"the link is {visitor.link()}, not {query}")
    assert smile > 0
    visitor.open(query)
    visitor.shows(given.small, points, look)


def back(visitor: Visitor, given: Given) -> None:
    """Back and Forward lead through galleries, cards and tabs"""
    visitor.open(f"seeds=0-3&w={given.small.id}")
    visitor.shows(given.small, range(4))
    visitor.click("#gallery [name=next]")
    visitor.shows(given.small, range(4, 8))
    visitor.click(f"{GRID}[data-seed='5']")
    visitor.wait(lambda: visitor.visible("#card"), "no card opened")
    visitor.driver.back()
    visitor.wait(lambda: not visitor.visible("#card"), "Back did not close the card")
    visitor.shows(given.small, range(4, 8))
    visitor.driver.back()
    visitor.shows(given.small, range(4))
    visitor.driver.forward()
    visitor.shows(given.small, range(4, 8))
    visitor.tab("about")
    visitor.wait(lambda: "tab=about" in visitor.link(), "the tab is not in the link")
    visitor.driver.back()
    visitor.wait(lambda: visitor.visible("#gallery"), "Back did not lead to the gallery")
    visitor.shows(given.small, range(4, 8))


def keyboard(visitor: Visitor, given: Given) -> None:
    """by keyboard: to a face, its card, the next one, Keep, Escape; sliders by arrows"""
    visitor.open(f"seeds=5-7&w={given.small.id}")
    visitor.shows(given.small, range(5, 8))
    visitor.tab_to(f"{GRID}[data-seed='5']")
    visitor.keys(Keys.ENTER)
    visitor.wait(lambda: visitor.focused("#card [name=close]"), "the card has not the focus")
    visitor.keys(Keys.ARROW_RIGHT)
    visitor.wait_for("#card h2", "Seed 6")
    visitor.tab_to("#card [name=keep]")
    visitor.keys(Keys.SPACE)
    visitor.wait_for("#card [name=keep]", "Kept ✓")
    visitor.keys(Keys.ESCAPE)
    visitor.wait(lambda: visitor.focused(f"{GRID}[data-seed='6']"), "the focus is not on the face again")
    visitor.wait(lambda: not visitor.js("history.state.card"), "the card stayed in the history")
    visitor.tab_to("#gallery [data-name=variation] [type=range]")
    visitor.keys(*[Keys.ARROW_LEFT] * 4)
    variation = float(visitor.js("document.activeElement.value"))
    assert variation < 1
    visitor.shows(given.small, range(5, 8), Look(variation))
    visitor.open(f"seeds=1&w={given.small.id}")
    visitor.scroll_to("#kept-faces .face")  # drawn when it is seen
    visitor.shows(given.small, [6], grid="#kept-faces .face")  # in the next visit, too


def shape(visitor: Visitor, given: Given) -> None:
    """a Shape slider of the card changes the face"""
    visitor.open(f"seeds=3-4&w={given.small.id}")
    visitor.shows(given.small, (3, 4))
    visitor.click(f"{GRID}[data-seed='3']")
    visitor.click("#card .shape summary")
    visitor.tab_to("#card [data-name=age] input")
    visitor.keys(*[Keys.ARROW_RIGHT] * 6)
    age = float(visitor.js("document.activeElement.value"))
    wanted = given.small.faces([3], Look(age=age))[0].astype(int)
    assert age > 0 and np.abs(wanted - given.small.faces([3])[0]).mean() > 2

    def right() -> bool:
        large = Image.fromarray(visitor.pixels("#card canvas")[0])
        return np.abs(np.asarray(large.resize(wanted.shape[:2], Image.Resampling.BOX)) - wanted).mean() < 4

    visitor.wait(right, f"the card does not show age {age}")


def morph(visitor: Visitor, given: Given) -> None:
    """a morph plays, stops at a moment and opens it"""
    query = f"tab=morph&seeds=4,13&frames=3&loop=1&w={given.small.id}"
    visitor.open(query)
    seen = set()
    visitor.find("#morph canvas[data-frame]")
    visitor.wait(lambda: seen.add(visitor.pixels("#morph canvas")[0].tobytes()) or len(seen) > 3, "it does not play")
    visitor.click("#morph [name=pause]")
    visitor.tab_to("#morph .moment input")
    visitor.keys(Keys.HOME, Keys.ARROW_RIGHT)
    visitor.wait_for("#morph .moment bdi", "Seed 4~13@0.333")
    frame = given.small.morph((4, 13), frames=3)[1].astype(int)
    visitor.wait(lambda: np.abs(visitor.pixels("#morph canvas")[0] - frame).max() <= 1, "another moment is shown")
    visitor.click("#morph [name=open]")
    visitor.shows(given.small, [parse("4~13@0.333")[0]])


def files(visitor: Visitor, given: Given) -> None:
    """faces are saved as PNG, a morph as animated PNG and, where the browser writes it, WebP"""
    visitor.open(f"seeds=7,9&variation=0.8&w={given.small.id}")
    visitor.shows(given.small, (7, 9), Look(0.8))
    sheet = visitor.handed("#gallery [name=sheet]")
    wanted = np.concatenate(given.small.faces((7, 9), Look(0.8)), axis=1).astype(int)
    assert sheet.text["seeds"] == "7,9" and sheet.text["weights"] == given.small.id
    assert np.abs(np.asarray(sheet) - wanted[: sheet.height]).max() <= 1
    visitor.open(f"tab=morph&seeds=4,13&frames=3&loop=1&w={given.small.id}")
    visitor.find("#morph canvas[data-frame]")
    formats = ["png"] + ["webp"] * visitor.visible("#morph [name=webp]")
    for name in formats:
        saved = visitor.handed(f"#morph [name={name}]")
        assert (saved.n_frames, saved.info["loop"], saved.size) == (6, 0, (128, 128)), (name, saved.info)


def hostile_links(visitor: Visitor, given: Given) -> None:
    """hostile links get a sentence and run nothing"""
    for query, sentence in HOSTILE:
        visitor.open(query.removeprefix("?"))
        visitor.wait_for("#notes", sentence)
        visitor.find(GRID)


def phone(visitor: Visitor, given: Given) -> None:
    """at 390 px nothing is cut or beside the screen"""
    visitor.open_on_phone(f"seeds=273107-273122&variation=0.35&age=1&w={given.small.id}")
    visitor.shows(given.small, range(273107, 273123), Look(0.35, age=1))
    for name in TABS:
        visitor.tab(name)
        visitor.wait(lambda name=name: visitor.visible(f"#{name}"), f"{name} is not shown")
        visitor.js("return document.querySelectorAll('main details').forEach((each) => (each.open = true))")
        assert (cut := visitor.js(f"return ({CUT})()")) == [], f"{name}: {cut}"
    visitor.tab("gallery")
    visitor.click(f"{GRID}[data-seed='273108']")
    visitor.wait(lambda: visitor.visible("#card"), "no card opened")
    assert (cut := visitor.js(f"return ({CUT})()")) == [], f"card: {cut}"
    visitor.click("#card [name=close]")


def dark(visitor: Visitor, given: Given) -> None:
    """in dark mode it is dark, and texts have contrast"""
    visitor.open(f"seeds=1,2&w={given.small.id}")
    visitor.shows(given.small, (1, 2), AS_TRAINED)
    assert visitor.js("matchMedia('(prefers-color-scheme: dark)').matches"), "the browser is not dark"
    background = visitor.js("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", background)[:3])) < 200, background
    texts = ["#title h1", "#title p", "[role=tab][aria-selected=true]", "#gallery-heading p", "small", "#link input"]
    buttons = ["#link button", ".chooser [aria-pressed=true]", "[name=surprise]", "form input", "form button"]
    ratios = visitor.js(f"return ({CONTRAST})(arguments[0])", texts + buttons)
    assert min(ratios.values()) >= 4.5, ratios


# in a light browser, in one profile; without the server; in a dark browser
ONLINE = (
    first_gallery,
    readable,
    opened_link,
    made_link,
    back,
    keyboard,
    shape,
    morph,
    verdict,
    find,
    hostile_links,
    hostile_pictures,
    phone,
    files,  # the last: Firefox then shows its list of downloads, which takes the keys
)
OFFLINE = (offline,)
DARK = (dark,)
