"""What strangers get: few of Gradio's addresses, headers on every answer, and a page that its own policy allows."""

import httpx
import pytest
from browsing import framed, shown
from conftest import EMBEDDED
from playwright.sync_api import expect

from gan.serve.faces import FaceModel

API = "/gradio_api"
SHUT = [
    f"{API}/file=http://example.com/x.png",
    f"{API}/file=HTTPS://example.com/x.png",
    f"{API}/proxy=https://huggingface.co/",
    f"{API}/monitoring",
    f"{API}/deep_link?session_hash=x",
    f"{API}/runs",
    f"{API}/token",
    f"{API}/vibe-code",
    "/monitoring",
    "/monitoring/summary",
    "/monitoring/key",
    "/openapi.json",
    "/docs",
    "/pwa_icon/9",
    "/login_check",
    "//monitoring",
    "/config/../monitoring",
]
OPEN = ["/", "/config", "/theme.css", "/robots.txt", "/manifest.json", "/face/1.png", "/preview.jpg", "/favicon.ico"]
OPEN += [f"{API}/{name}" for name in ("info", "openapi.json", "startup-events", "queue/status", "app_id")]


@pytest.mark.parametrize("path", SHUT)
def test_addresses_of_gradio_that_the_page_has_no_use_for_are_shut(address, path):
    answer = httpx.get(f"{address}{path}")
    assert (answer.status_code, answer.text) == (404, "There is nothing here.\n")


@pytest.mark.parametrize("path", ["component_server", "process_recording", "vibe-edit", "login", "stream/x/close"])
def test_so_are_those_that_take_something(address, path):
    assert httpx.post(f"{address}{API}/{path}", json={}).status_code == 404


@pytest.mark.parametrize("path", OPEN)
def test_every_answer_tells_the_browser_what_to_refuse(address, path):
    answer = httpx.get(f"{address}{path}")
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert ("content-security-policy" in answer.headers) == (path == "/")


def test_refusals_have_the_headers_too(address):
    for path in ("/monitoring", f"{API}/file=/etc/passwd", "/face/x.png", "/assets/none.js"):
        answer = httpx.get(f"{address}{path}")
        assert answer.status_code in (403, 404) and answer.headers["x-content-type-options"] == "nosniff"


def test_no_other_site_may_frame_the_page_than_the_hub(address):
    rules = httpx.get(address).headers["content-security-policy"].split("; ")
    assert "frame-ancestors 'self' https://huggingface.co" in rules and "default-src 'none'" in rules
    (scripts,) = [rule for rule in rules if rule.startswith("script-src")]
    assert "'unsafe-inline'" not in scripts and "http" not in scripts and scripts.count("sha256-") >= 3


def test_within_its_policy_the_page_works_and_other_scripts_do_not(address, chromium):
    """That it works is the subject of all browser tests, see `conftest.page`."""
    context = chromium.new_context()
    page, forbidden, asked = context.new_page(), [], []
    page.on("console", lambda said: forbidden.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("request", lambda request: asked.append(request.url))
    expect.set_options(timeout=20_000)
    page.goto(address)
    shown(page, FaceModel(EMBEDDED), range(16))
    assert forbidden == [] and [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.strange = 1";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.strange = 2'>");
    }""")
    page.wait_for_timeout(300)
    assert page.evaluate("window.strange") is None and len(forbidden) == 2
    framed(page, f"<iframe src='{address}'></iframe>", site="https://evil.example")
    page.wait_for_timeout(1000)
    assert "frame-ancestors" in forbidden[-1]
    context.close()
