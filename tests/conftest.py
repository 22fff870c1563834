"""Pictures that tests train on, and programs run as a person would run them: the trainer, the page, a browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED = ROOT / "weights" / "faces-64"
TINY = ["--resolution", "16", "--widths", "16", "8", "--latent_dim", "8", "--train_batch_size", "4",
        "--report_to", "none"]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync"]


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
        return subprocess.run(words, cwd=ROOT, env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **environment},
                              capture_output=True, text=True, timeout=300)

    return run_program


# --- the page -----------------------------------------------------------------------------------------------------


@contextmanager
def serving(folder: Path, **environment):
    """`python app.py` in a process of its own, with a home of its own → its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "HOME": str(folder), "GRADIO_TEMP_DIR": str(folder / "uploads"), "TMPDIR": str(folder),
                   "GRADIO_SERVER_PORT": str(port), "GRADIO_SSR_MODE": "False", **environment}
    address, log = f"http://127.0.0.1:{port}", folder / "app.log"
    with open(log, "w") as output:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 120
        while not _answers(address):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address + "/config", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture(scope="session")
def address(tmp_path_factory) -> str:
    """The page with the embedded weights, for all tests that do it no harm."""
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
