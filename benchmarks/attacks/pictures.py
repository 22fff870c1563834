"""Malformed and odd uploads: a sentence or an answer, soon, without a trace; nothing stays on disk or in memory."""

import shutil
import sys
import time
from collections import Counter

from benchmarks.attacks.odd_pictures import pictures
from benchmarks.attacks.outcome import Outcome, times
from benchmarks.attacks.page import TRACE, Page, running, sentence

COUNT = 500
IN_BROWSER = 12
LONGEST = 10  # seconds until an answer
MORE_MEMORY = 1.05
LEFT_AFTER = 60  # seconds after which nothing of an upload is on disk
ENDPOINTS = ("classify", "find")


def attack(share: float, seed: int) -> list[Outcome]:
    with running() as page:
        for number, (_, name, data) in enumerate(pictures(40, seed + 1)):  # libraries load what they need
            page.judged(ENDPOINTS[number % 2], data, name)
        page.alive()
        time.sleep(15)
        before, memory = page.files(), page.memory()
        outcome = _through_api(page, times(COUNT, share), seed)
        browser = _through_page(page, times(IN_BROWSER, share), seed)
        time.sleep(LEFT_AFTER)
        after = page.memory()
        outcome.note += f", memory {memory / 2**20:.0f} MB before, {after / 2**20:.0f} after"
        if after > MORE_MEMORY * memory:
            outcome.broken.append(f"memory grew from {memory} to {after} bytes")
        outcome.broken += [f"left on disk: {path}" for path in sorted(page.files() - before)]
        outcome.broken += page.traces()
        if not page.alive():
            outcome.broken.append("the page makes no faces any more")
    return [outcome, browser]


def _through_api(page: Page, count: int, seed: int) -> Outcome:
    outcome, longest = Outcome("malformed and odd pictures through the API"), 0.0
    late = 0
    for number, (kind, name, data) in enumerate(pictures(count, seed)):
        for _ in range(2):  # a machine with other work may be late once
            began = time.monotonic()
            event, answer = page.judged(ENDPOINTS[number % 2], data, name)
            seconds = time.monotonic() - began
            if seconds <= LONGEST:
                break
            late += 1
        longest = max(longest, seconds)
        said = sentence(answer)
        end = "answered" if event == "complete" else "refused in a sentence" if said else f"{event} {answer[:60]}"
        outcome.ends[end] += 1
        folder = str(page.folder)
        if end.startswith(event) or seconds > LONGEST or TRACE.search(answer) or folder in answer:
            outcome.broken.append(f"picture {number}, {kind}, {name[:30]!r}: {seconds:.1f} s, {event} {answer[:100]}")
            print(outcome.broken[-1], file=sys.stderr, flush=True)
        if page.process.poll() is not None:
            print(page.log()[-3000:], file=sys.stderr, flush=True)
            break
    outcome.note = f"Longest {longest:.1f} s, {late} answers took more than {LONGEST} s"
    return outcome


def _through_page(page: Page, count: int, seed: int) -> Outcome:
    from playwright.sync_api import sync_playwright

    outcome = Outcome("some of them through the page in Chromium")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        visitor = browser.new_context().new_page()
        troubles: Counter = Counter()
        visitor.on("pageerror", lambda error: troubles.update([str(error)]))
        visitor.on("console", lambda said: troubles.update([said.text] if "Content Security" in said.text else []))
        for number, (kind, name, data) in enumerate(pictures(count, seed + 2)):
            visitor.goto(f"{page.address}/?tab=verdict")
            card = visitor.locator("#verdict")
            card.wait_for(state="attached")
            before = card.inner_text()
            visitor.locator("#upload input[type=file]").set_input_files(
                {"name": name.replace("\0", "").replace("/", "")[:100], "mimeType": "image/png", "buffer": data}
            )
            try:
                visitor.wait_for_function(
                    "before => ![before, ''].includes(document.querySelector('#verdict')?.innerText)",
                    arg=before,
                    timeout=1000 * 2 * LONGEST,
                )
                text = card.inner_text()
            except Exception as error:
                text = f"nothing is shown: {error}"
            shown = not text.startswith("nothing") and not TRACE.search(text)
            outcome.ends["shown" if shown else "nothing shown"] += 1
            if not shown:
                outcome.broken.append(f"picture {number}, {kind}, {name[:30]!r}: {text[:150]}")
        browser.close()
    outcome.broken += [f"an error of the page's scripts, {count} times: {text}" for text, count in troubles.items()]
    return outcome
