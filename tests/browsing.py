"""Checks on the page in a browser: which faces it shows, and which link."""

import base64
import io
import re
import time
from urllib.parse import urljoin

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from gan.model.look import Look
from gan.model.point import Point
from gan.serve.faces import FaceModel

SLOWER = """(() => {
  const fetched = window.fetch;
  window.fetch = async (...request) => {
    if (String(request[0].url || request[0]).includes("queue/join")) {
      window.asked = (window.asked || 0) + 1;
      await new Promise((go) => setTimeout(go, SECONDS * 1000));
    }
    return fetched(...request);
  };
})()"""


def slow(page, seconds: float | str) -> None:
    """Every request for an event of the page waits so long before it is sent; a text is JavaScript."""
    page.add_init_script(SLOWER.replace("SECONDS", str(seconds)))


def settled(condition, seconds: float = 30) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def face(page, seed: Point):
    return page.locator("#gallery-faces").get_by_alt_text(f"Face of seed {seed}", exact=True)


def pixels(locator) -> np.ndarray:
    """The pixels of an image: `(H, W, 3)` uint8. Its source may change at any moment, so that it is read once."""
    expect(locator).to_have_attribute("src", re.compile("."))
    source = locator.get_attribute("src")
    if source.startswith("data:"):
        data = base64.b64decode(source.split(",", 1)[1])
    else:
        data = locator.page.request.get(urljoin(locator.page.url, source)).body()
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def shown(page, model: FaceModel, seeds, variation: float = 1.0, **shape: float) -> None:
    """The gallery shows exactly these faces in this order, pixel by pixel."""
    expect(face(page, seeds[-1]).last).to_be_visible()
    expect(page.locator("#gallery-faces .face")).to_have_count(len(seeds))
    wanted = model.faces(seeds, Look(variation, **shape))
    deadline = time.monotonic() + 20
    while True:  # some faces may still be those of the previous gallery
        images = page.locator("#gallery-faces img").all()
        names, found = [image.get_attribute("alt") for image in images], [pixels(image) for image in images]
        right = names == [f"Face of seed {seed}" for seed in seeds] and all(map(np.array_equal, found, wanted))
        if right or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert right, names


def framed(page, html: str, site: str = "https://huggingface.co") -> None:
    """Open a page of another site, such as one with the page in an iframe."""
    page.route(f"{site}/around", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{site}/around")


def link_of(page) -> str:
    return page.get_by_label("Link to what you see").input_value()


def open_face(page, seed: Point):
    page.locator("#gallery-faces").get_by_role("button", name=f"Face of seed {seed}", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"Face of seed {seed}", exact=True)
    expect(dialog).to_be_visible()
    return dialog


def in_address(page, **wanted) -> None:
    """The address bar and the link box hold the same link, with these parameters."""
    box = page.get_by_label("Link to what you see")
    expect(box).to_be_visible()
    parts = [re.compile(rf"[?&]{name}={re.escape(str(value))}(&|$)") for name, value in wanted.items()]
    deadline = time.monotonic() + 20
    while True:  # the two do not change in one moment, and not for the last time
        link, at = box.input_value(), page.url
        if (link == at and all(part.search(at) for part in parts)) or time.monotonic() > deadline:
            break
        page.wait_for_timeout(50)
    assert link == at and all(part.search(at) for part in parts), (link, at, wanted)


# contrast of the text of each element against its background, by selector: WCAG's ratio
CONTRAST = """(selectors) => {
  const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour) => { context.clearRect(0, 0, 1, 1); context.fillStyle = colour; context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data]; };
  const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => c.slice(0, 3).map((v) => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const result = {};
  for (const selector of selectors) {
    const element = document.querySelector(selector);
    let behind = element;
    while (rgb(getComputedStyle(behind).backgroundColor)[3] < 255 && behind.parentElement)
      behind = behind.parentElement;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(rgb(getComputedStyle(behind).backgroundColor))];
    result[selector] = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  return result;
}"""

# visible elements that are cut off or lie beside the screen, in words
CUT = """() => {
  const found = [];
  for (const each of document.querySelectorAll("body *")) {
    const { display, overflowX } = getComputedStyle(each);
    if (!each.checkVisibility() || display === "inline" || /INPUT|CANVAS|IMG/.test(each.tagName)) continue;
    const { left, right } = each.getBoundingClientRect();
    const beside = left < -1 || right > document.documentElement.clientWidth + 1;
    const across = overflowX !== "auto" && each.scrollWidth > each.clientWidth + 1;
    const down = overflowX === "hidden" && each.scrollHeight > each.clientHeight + 1;
    const name = `${each.tagName.toLowerCase()}#${each.id}.${each.className}`;
    if (beside || across || down) found.push(`${name}: ${each.textContent.trim().slice(0, 60)}`);
  }
  return found;
}"""

# links to the page and what it says of them
HOSTILE = [
    ("?v=2&seeds=1", "This link comes from another version of this page."),
    ("?tab=%3Cimg%20src=x%20onerror=alert(1)%3E", "This page has no tab “<img src=x onerror=alert"),
    ("?seeds=99999999999,${alert(1)},<b>", "is not a seed"),
    ("?seeds=1&variation=1e9&age=9", "Variation “1e9” is not possible. 1 is used instead."),
    ("?seeds=0-4294967295", "Only 64 faces fit. These are the first 64."),
    ("?model=../../etc/passwd", "Write it as user/name or user/name@revision."),
]
