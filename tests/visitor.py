"""A visitor of the static page in a browser that Selenium drives: what they do and see."""

import base64
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

from gan.model.look import AS_TRAINED, Look
from gan.serve.faces import FaceModel

SECONDS = 60  # until what is waited for is there, on a busy core
GRID = "#gallery-faces .face"
PIXELS = """
  const text = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
  };
  return [...document.querySelectorAll(arguments[0])].map((canvas) => {
    const { width, height } = canvas;
    return [width, height, text(canvas.getContext("2d").getImageData(0, 0, width, height).data)];
  });
"""
HANDED = """
  const reader = new FileReader();
  reader.onload = () => arguments[0](reader.result);
  window.handed ? reader.readAsDataURL(window.handed) : arguments[0]("");
"""


class Visitor:
    """driver: of the browser; site: the address of the page, without a slash at its end."""

    def __init__(self, driver: WebDriver, site: str):
        self.driver, self.site = driver, site

    def open(self, query: str = "") -> None:
        self.driver.get(f"{self.site}/{query and '?'}{query}")

    def open_on_phone(self, query: str, width: int = 390, height: int = 844) -> None:
        """In a frame, since windows of Firefox and WebKit are at least 447 px wide."""
        self.driver.switch_to.default_content()
        self.driver.get(f"{self.site}/phone.html")
        frame = self.find("iframe")
        self.js("Object.assign(arguments[0], { width: arguments[1], height: arguments[2] })", frame, width, height)
        self.js("arguments[0].src = arguments[1]", frame, f"./?{query}")
        self.driver.switch_to.frame(frame)

    def js(self, script: str, *given):
        return self.driver.execute_script(script if "return" in script else f"return {script}", *given)

    def find(self, selector: str) -> WebElement:
        """The first such element, when it is there."""
        self.wait(lambda: self.js("document.querySelector(arguments[0])", selector), f"there is no {selector}")
        return self.driver.find_element("css selector", selector)

    def scroll_to(self, selector: str) -> WebElement:
        """Into the middle: the link covers what is at the bottom."""
        element = self.find(selector)
        self.js("return arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", element)
        return element

    def click(self, selector: str) -> None:
        self.scroll_to(selector).click()

    def tab(self, name: str) -> None:
        self.click(f"#{name}-tab")

    def keys(self, *keys: str, shift: bool = False) -> None:
        chain = ActionChains(self.driver).send_keys(*keys)
        if shift:
            chain = ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(*keys).key_up(Keys.SHIFT)
        chain.perform()

    def tab_to(self, selector: str, most: int = 60) -> None:
        """Press Tab until such an element has the focus.

        At the end of a page Firefox hands the focus to the browser, so Shift+Tab comes next. WebKit's driver knows no
        Shift+Tab; there Tab begins again at the top.
        """
        for shift in (False, True):
            for _ in range(most):
                self.keys(Keys.TAB, shift=shift)
                if self.focused(selector):
                    return
        raise AssertionError(f"Tab did not reach {selector}")

    def type(self, selector: str, *keys: str) -> None:
        """In a box, in place of what is in it."""
        box = self.scroll_to(selector)
        box.clear()
        box.send_keys(*keys)

    def focused(self, selector: str) -> bool:
        return self.js("document.activeElement.matches(arguments[0])", selector)

    def text(self, selector: str) -> str:
        return self.js("document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def visible(self, selector: str) -> bool:
        return self.js("document.querySelector(arguments[0])?.checkVisibility() ?? false", selector)

    def link(self) -> str:
        """What follows the question mark in the link to the view, which is also in the address bar."""
        at, box = self.js("[location.href, document.querySelector('#link input').value]")
        return box.partition("?")[2] if at == box else ""

    def wait(self, condition: Callable[[], object], why: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, why
            time.sleep(0.05)

    def wait_for(self, selector: str, words: str) -> None:
        """Until the element says so."""
        deadline = time.monotonic() + SECONDS
        while words not in (said := self.text(selector)):
            assert time.monotonic() < deadline, f"{selector} says “{said}”, not “{words}”"
            time.sleep(0.05)

    def pixels(self, selector: str) -> list[np.ndarray]:
        """The pixels of all such canvases, `(H, W, 3)` uint8 each."""
        found = self.js(PIXELS, selector)
        return [np.frombuffer(base64.b64decode(data), np.uint8).reshape(h, w, 4)[..., :3] for w, h, data in found]

    def picture(self, selector: str) -> Image.Image:
        """What is seen of an element that is on the screen, at 1 pixel of the screen for each of the page."""
        screen = Image.open(io.BytesIO(self.driver.get_screenshot_as_png()))
        left, top, right, bottom = self.js(
            "const { left, top, right, bottom } = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [left, top, right, bottom]",
            selector,
        )
        return screen.crop((left, top, right, bottom))

    def shows(self, model: FaceModel, points, look: Look = AS_TRAINED, grid: str = GRID) -> None:
        """Until a grid shows these faces in this order, each within one grey level."""
        wanted = model.faces(points, look).astype(int)
        names = [f"Face of seed {point}" for point in points]

        def right() -> bool:
            if self.js("[...document.querySelectorAll(arguments[0])].map((face) => face.ariaLabel)", grid) != names:
                return False
            found = self.pixels(f"{grid} canvas")
            return all(face.shape == own.shape and np.abs(face - own).max() <= 1 for face, own in zip(found, wanted))

        self.wait(right, f"the faces are not those of {', '.join(map(str, points))}")

    def handed(self, selector: str) -> Image.Image:
        """The picture file that a button hands out."""
        self.js("window.handed = null")
        self.click(selector)
        found = []
        self.wait(
            lambda: found.append(self.driver.execute_async_script(HANDED)) or found[-1], f"{selector} saved nothing"
        )
        return Image.open(io.BytesIO(base64.b64decode(found[-1].partition(",")[2])))

    def upload(self, tab: str, file: Path) -> None:
        self.find(f"#{tab} input[type=file]").send_keys(str(file))

    def faults(self) -> list[str]:
        """What must not have happened since this was asked last: see watch.js."""
        said = self.js("const said = localStorage.watched ?? ''; localStorage.removeItem('watched'); return said")
        return said.splitlines()
