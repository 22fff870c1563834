"""What the page tells browsers to refuse, what it tells others, and what it keeps of an upload."""

import random
import shutil
import time
from collections import Counter
from pathlib import Path

from benchmarks.attacks.odd_pictures import drawn, saved
from benchmarks.attacks.outcome import Outcome, times
from benchmarks.attacks.page import API, Page, canary, running

UPLOADS = 40
GONE_AFTER = 20  # seconds after an upload was read: ten, and what the machine is late
HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}
ANSWERS = [
    "/",
    "/config",
    "/theme.css",
    "/favicon.ico",
    "/manifest.json",
    "/face/1.png",
    "/face/x",
    "/preview.jpg",
    "/none",
]
ANSWERS += [
    f"{API}/{name}" for name in ("info", "openapi.json", "queue/status", "file=/etc/passwd", "monitoring", "token")
]


def attack(share: float, seed: int) -> list[Outcome]:
    asked: list[str] = []
    with canary(asked) as proxy:
        address = f"http://127.0.0.1:{proxy.server_port}"
        # whoever would be told something is told it through this proxy
        proxies = {"http_proxy": address, "https_proxy": address, "no_proxy": "", "HF_HUB_OFFLINE": "0"}
        with running(**proxies) as page:
            outcomes = [_headers(page), _visit(page), _kept(page, times(UPLOADS, share), seed)]
        proxy.shutdown()
    told = Outcome("requests of the program to other machines meanwhile", broken=asked)
    told.ends["sent"] += len(asked)
    return [*outcomes, told]


def _headers(page: Page) -> Outcome:
    outcome = Outcome("answers and refusals, their headers")
    for path in ANSWERS:
        headers = page.client.get(path).headers
        missing = [name for name, value in HEADERS.items() if headers.get(name) != value]
        rules = headers.get("content-security-policy", "")
        if path == "/" and not (
            "default-src 'none'" in rules and "frame-ancestors 'self' https://huggingface.co" in rules
        ):
            missing.append("content-security-policy")
        outcome.ends["without a header" if missing else "all there"] += 1
        outcome.broken += [f"{path} lacks {name}" for name in missing]
    return outcome


def _visit(page: Page) -> Outcome:
    """Every tab, a face, a photo and a download in Chromium: nothing is forbidden, and nobody else is asked."""
    from playwright.sync_api import sync_playwright

    outcome, others, forbidden = Outcome("a visit to every tab in Chromium"), Counter(), Counter()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        visitor = browser.new_context(accept_downloads=True).new_page()
        own = (page.address, "data:", "blob:")
        visitor.on("request", lambda request: others.update([request.url] if not request.url.startswith(own) else []))
        said = ("Content Security Policy",)
        visitor.on("console", lambda line: forbidden.update([line.text] if said[0] in line.text else []))
        visitor.goto(page.address)
        visitor.locator("#gallery-faces img").nth(15).wait_for()
        visitor.locator("#gallery-faces .face").first.click()
        visitor.get_by_role("dialog").wait_for()
        visitor.keyboard.press("Escape")
        with visitor.expect_download():
            visitor.get_by_role("button", name="ZIP").click()
        for tab in ("Morph", "Find", "Real or fake", "About"):
            visitor.get_by_role("tab", name=tab).click()
            visitor.wait_for_timeout(1500)
        visitor.get_by_role("tab", name="Real or fake").click()
        face = page.client.get("/face/1003.png?size=256").content
        visitor.locator("#upload input[type=file]").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": face}
        )
        visitor.locator("#verdict").get_by_text("Generated").first.wait_for()
        browser.close()
    outcome.ends["requests to others"] += others.total()
    outcome.ends["things forbidden by the policy"] += forbidden.total()
    outcome.ends["visited"] += 1
    outcome.broken += [*others, *forbidden]
    return outcome


def _kept(page: Page, count: int, seed: int) -> Outcome:
    """Pictures of which an upload is judged, refused, broken off or never asked about."""
    outcome, chance = Outcome("uploads, and what is left of them on disk"), random.Random(seed)
    before = page.files()
    never = Path(page.upload(saved(drawn(chance), "PNG"), "never.png").json()[0]).relative_to(page.folder)
    for number in range(count):
        data = saved(drawn(chance), "PNG")
        page.judged("classify", data if number % 2 else data[:50], f"{number}.png")
        outcome.ends["judged or refused"] += 1
    time.sleep(GONE_AFTER)
    left = page.files() - before - {str(never), str(never.parent)}
    outcome.broken += [f"left on disk after {GONE_AFTER} s: {path}" for path in sorted(left)]
    outcome.note = f"{len(left)} left {GONE_AFTER} s later; one that nobody asked about stays up to 310 s"
    return outcome
