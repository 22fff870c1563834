"""Pictures that tests train on, and programs run as a person would run them: the trainer, the page, a browser."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from gan.serve import DEFAULT, WEIGHTS

pytest.register_assert_rewrite("browsing")
ROOT = Path(__file__).resolve().parent.parent


# a shell lets what it starts in the background ignore Ctrl-C, and so would the programs that tests start
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


# no test may reach the real Hub; huggingface_hub reads the address when it is imported
HUB_PORT = free_port()
HUB = f"http://127.0.0.1:{HUB_PORT}"
os.environ |= {
    "HF_ENDPOINT": HUB,
    "HF_HOME": tempfile.mkdtemp(prefix="seedfaces-hf-"),
    "HF_TOKEN": "hf_write",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}

if "PYTEST_XDIST_WORKER" in os.environ:
    # one core for each worker; the trainer takes all cores, so its threads sleep instead of spinning while they wait
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

EMBEDDED = WEIGHTS / DEFAULT
TINY = [
    "--resolution",
    "16",
    "--widths",
    "16",
    "8",
    "--latent_dim",
    "8",
    "--train_batch_size",
    "4",
    "--report_to",
    "none",
]
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # in tests, a site on the internet may frame the page on this machine
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
]


LONGEST = (
    "test_train_end_to_end.py",
    "test_browser.py",
    "test_browser_accessibility.py",
    "test_browser_controls.py",
    "test_browser_card.py",
    "test_hub.py",
    "test_notebook.py",
    "test_page_safety.py",
    "test_models.py",
    "test_detector.py",
)


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(items) -> None:
    """Start the files that take minutes first, so that no core has to wait for one of them at the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def picture(number: int, width: int = 20, height: int = 20) -> np.ndarray:
    """An RGB picture `(height, width, 3)` uint8 unlike any other: a smooth blob of its own colour and place."""
    random = np.random.RandomState(number)
    y, x = np.mgrid[0:height, 0:width]
    centre, colour = random.rand(2) * (height, width), random.randint(60, 255, 3)
    blob = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / 40)
    return (blob[..., None] * colour + random.randint(0, 20, 3)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """A folder of 40 training and 6 test pictures, PNG."""
    folder = tmp_path_factory.mktemp("pictures")
    for part, numbers in (("train", range(40)), ("test", range(40, 46))):
        (folder / part).mkdir()
        for number in numbers:
            Image.fromarray(picture(number)).save(folder / part / f"{number:03d}.png")
    return folder


@pytest.fixture
def run(tmp_path_factory):
    """Run a program of this project: `run("train_accelerate.py", "--output_dir", …)` → CompletedProcess."""
    store = tmp_path_factory.mktemp("store")

    def run_program(*arguments, launcher=(sys.executable,), **environment) -> subprocess.CompletedProcess:
        words = [*launcher, *map(str, arguments)]
        if "train_accelerate.py" in words or any(word.endswith("hooked_training.py") for word in words):
            words += ["--store_dir", str(store)]
        return subprocess.run(
            words,
            cwd=ROOT,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run_program


# --- the Hub ------------------------------------------------------------------------------------------------------


class HubServer:
    """The stand-in for the Hub (hub_server.py), as a process that can be stopped, killed and started again."""

    def __init__(self, folder: Path):
        self.folder, self.process = folder, None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "tests" / "hub_server.py"],
            env={**os.environ, "PORT": str(HUB_PORT), "HUB_STATE": str(self.folder)},
        )
        while not _answers(f"{HUB}/_stub/log"):
            assert self.process.poll() is None
            time.sleep(0.1)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def faults(self, *faults: dict) -> None:
        self._post("faults", list(faults))

    def change(self, repo_id: str, kind: str = "model", **fields) -> None:
        self._post("repo", {"type": kind, "id": repo_id, "set": fields})

    def log(self, clear: bool = False) -> list[dict]:
        with urllib.request.urlopen(f"{HUB}/_stub/log{'?clear=1' if clear else ''}") as answer:
            return json.load(answer)

    def _post(self, what: str, body) -> None:
        request = urllib.request.Request(
            f"{HUB}/_stub/{what}", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        urllib.request.urlopen(request).close()


@pytest.fixture(scope="session")
def hub_process(tmp_path_factory) -> HubServer:
    server = HubServer(tmp_path_factory.mktemp("hub"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def hub_server(hub_process) -> HubServer:
    """The Hub, in good health before and after."""
    yield hub_process
    if hub_process.process.poll() is not None:
        hub_process.start()
    hub_process.faults()


_numbers = count()


@pytest.fixture
def repo_id() -> str:
    """The name of a repo that no other test uses."""
    return f"alice/faces-{next(_numbers)}"


# --- the page -----------------------------------------------------------------------------------------------------


@contextmanager
def serving(folder: Path, **environment):
    """`python app.py` in a process of its own, with a home of its own → its address."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "HOME": str(folder),
        "GRADIO_TEMP_DIR": str(folder / "uploads"),
        "TMPDIR": str(folder),
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_SSR_MODE": "False",
        **environment,
    }
    address, log = f"http://127.0.0.1:{port}", folder / "app.log"
    with open(log, "w") as output:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 120
        while not _answers(f"{address}/config"):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture(scope="session")
def address(tmp_path_factory) -> str:
    """The page with the embedded weights, shared by all tests that leave it as it was."""
    with serving(tmp_path_factory.mktemp("page")) as url:
        yield url


@pytest.fixture(scope="session")
def chromium():
    """A real browser. `.ci/run` installs one and sets SEEDFACES_BROWSER=required, so that no test is skipped there."""
    if not CHROMIUM:
        message = "no Chromium on this machine: apt-get install chromium"
        pytest.fail(message) if os.environ.get("SEEDFACES_BROWSER") == "required" else pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, request):
    """A fresh visitor; errors of our scripts, and what the page's own policy forbids, fail the test."""
    from playwright.sync_api import expect

    options = getattr(request, "param", {"viewport": DESKTOP})
    context = chromium.new_context(**options)
    context.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert errors == []


# --- the static page's modules ------------------------------------------------------------------------------------


SCRIPTS = "script-src 'self' 'wasm-unsafe-eval'"


class _StaticFiles(SimpleHTTPRequestHandler):
    """Files as a careful host would serve the static page."""

    def end_headers(self):
        self.send_header(
            "Content-Security-Policy", "default-src 'none'; connect-src 'self'; worker-src 'self'; " + SCRIPTS
        )
        super().end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def static_files(tmp_path_factory) -> Path:
    """What `modules` can fetch: the static page's modules, the weights, and what tests add."""
    folder = tmp_path_factory.mktemp("static")
    (folder / "static").symlink_to(ROOT / "gan" / "web" / "static")
    (folder / "weights").symlink_to(ROOT / "weights")
    (folder / "empty.html").write_text("<!doctype html>")
    return folder


@pytest.fixture(scope="module")
def modules(chromium, static_files):
    """A visitor of an empty page beside `static_files`."""
    context, errors = chromium.new_context(), []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_StaticFiles, directory=static_files)) as server:
        Thread(target=server.serve_forever).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/empty.html")
        yield page
        server.shutdown()
    context.close()
    assert errors == []
