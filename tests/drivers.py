"""Chromium, Firefox and WebKit of Debian, each driven by Selenium."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.file_detector import UselessFileDetector
from selenium.webdriver.remote.webdriver import WebDriver

from .marionette import Marionette

MINI_BROWSER = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser"
# what each needs, to be found on this machine
BROWSERS = {
    "Chromium": ("chromium", "chromedriver"),
    "Firefox": ("firefox-esr",),
    "WebKit": ("WebKitWebDriver", MINI_BROWSER, "Xvfb"),
}
WIDTH, HEIGHT = 1280, 1000  # of the window, in pixels


def missing(name: str) -> list[str]:
    """The programs that a browser needs and this machine lacks."""
    return [program for program in BROWSERS[name] if not shutil.which(program)]


@contextmanager
def driven(name: str, dark: bool = False) -> Iterator[WebDriver]:
    """A browser with a new profile, in light or dark mode."""
    opened = {"Chromium": chromium, "Firefox": firefox, "WebKit": webkit}[name]
    with ExitStack() as stack:
        profile = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        driver = opened(stack, profile, dark)
        stack.callback(driver.quit)
        driver.set_window_rect(width=WIDTH, height=HEIGHT)
        driver.set_script_timeout(120)
        yield driver


def chromium(stack: ExitStack, profile: str, dark: bool) -> WebDriver:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for word in ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"):
        options.add_argument(word)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    if dark:
        scheme = {"name": "prefers-color-scheme", "value": "dark"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    return driver


def firefox(stack: ExitStack, profile: str, dark: bool) -> WebDriver:
    port = free_port()
    scheme = 0 if dark else 1
    Path(profile, "user.js").write_text(
        f'user_pref("marionette.port", {port});\n'
        f'user_pref("layout.css.prefers-color-scheme.content-override", {scheme});\n'
    )
    running(stack, ["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", profile], HOME=profile)
    wait_for(port)
    return webdriver.Remote(Marionette(port), options=webdriver.FirefoxOptions(), file_detector=UselessFileDetector())


def webkit(stack: ExitStack, profile: str, dark: bool) -> WebDriver:
    screen = running(stack, ["Xvfb", "-displayfd", "1", "-screen", "0", "1400x1100x24"])
    port = free_port()
    running(
        stack,
        ["WebKitWebDriver", f"--port={port}"],
        DISPLAY=f":{screen.stdout.readline().decode().strip()}",
        HOME=profile,
        GTK_THEME="Adwaita:dark" if dark else "Adwaita",
        WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS="1",  # its own sandbox does not start inside another
    )
    wait_for(port)
    options = webdriver.WebKitGTKOptions()
    options.binary_location = MINI_BROWSER
    options.add_argument("--automation")
    return webdriver.Remote(f"http://127.0.0.1:{port}", options=options, file_detector=UselessFileDetector())


def running(stack: ExitStack, command: list[str], **environment: str) -> subprocess.Popen:
    """A program that runs until the stack is closed."""
    program = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )

    def end() -> None:
        program.terminate()
        program.wait()
        program.stdout.close()

    stack.callback(end)
    return program


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(port: int, seconds: float = 60) -> None:
    """Until a server listens there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"nothing listens on port {port}"
            time.sleep(0.1)
