"""The static page's modules in every browser of this machine: Chromium, Firefox and WebKit.

    apt-get install chromium firefox-esr webkit2gtk-driver xvfb xauth
    python -m tests.browsers

says for each whether links, words, faces and what is said of photos are Python's. CI has Chromium only.
"""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import torch
from PIL import Image

from gan.model import face_finder, images, tensors
from gan.model.look import Look
from gan.model.point import parse
from gan.serve.faces import FaceModel
from gan.serve.finder import Finder, closest
from gan.serve.judge import Judge
from gan.serve.page.verdict import as_json
from gan.web import yunet
from gan.web.build import DETECTOR
from gan.web.photos import verdict_said

from .profiles import P3_PROFILE

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
NAMES, LOOK = ("faces-64", "faces-128"), {"variation": 0.9, "age": 1.5, "smile": -1}
SEED = 5000  # of the picture that is to be named
POINTS = [*map(str, range(31)), "4~13@0.4~(7~9@0.2)@0.5"]
SECONDS = 300  # until a browser has done all
MINI_BROWSER = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser"
BROWSERS = {
    "Chromium": ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=PROFILE", "ADDRESS"],
    "Firefox": ["firefox-esr", "--headless", "--no-remote", "--profile", "PROFILE", "ADDRESS"],
    "WebKit": ["xvfb-run", "--auto-servernum", MINI_BROWSER, "ADDRESS"],
}


class Answers(SimpleHTTPRequestHandler):
    """Serves the files and keeps what the browser sends."""

    def __init__(self, *args, received: queue.Queue, **options):
        self.received = received
        super().__init__(*args, **options)

    def do_POST(self):
        self.received.put((self.path[1:], self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def site(folder: Path) -> None:
    """All files that the browsers fetch."""
    (folder / "static").symlink_to(ROOT / "gan" / "web" / "static")
    (folder / "weights").symlink_to(ROOT / "weights")
    for name in ("browsers.js", "link_vectors.json", "word_vectors.json"):
        (folder / name).symlink_to(TESTS / name)
    (folder / "index.html").write_text('<!doctype html><script type="module" src="/browsers.js"></script>')
    (folder / "views.json").write_text(json.dumps({"points": POINTS, "look": LOOK, "names": NAMES, "seed": SEED}))
    (folder / "verdict.json").write_text(json.dumps(verdict_said(DETECTOR)))
    tensors.write(folder / "yunet.safetensors", {name: torch.tensor(value) for name, value in yunet.tensors().items()})
    model = FaceModel(ROOT / "weights" / NAMES[-1])
    group = Image.new("RGB", (420, 240), (96, 128, 80))
    for face, place, side in zip(model.faces((1, 4)), ((20, 60), (160, 40)), (100, 160)):
        group.paste(Image.fromarray(face).resize((side, side)), place)
    group.save(folder / "group.png", icc_profile=P3_PROFILE)
    Image.fromarray(model.faces([SEED])[0]).save(folder / "own.jpg", quality=80)


def run(command: list[str], folder: Path) -> dict[str, bytes]:
    """What a browser sends from the page in this folder."""
    received = queue.Queue()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        ThreadingHTTPServer(("127.0.0.1", 0), partial(Answers, received=received, directory=folder)) as server,
    ):
        Thread(target=server.serve_forever).start()
        words = {"ADDRESS": f"http://127.0.0.1:{server.server_port}/"}
        command = [words.get(word, word.replace("PROFILE", profile)) for word in command]
        # WebKit's own sandbox does not start inside another
        environment = {**os.environ, "HOME": profile, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
        browser = subprocess.Popen(command, env=environment, **silent)
        found = {}
        try:
            while "done" not in found:
                name, content = received.get(timeout=SECONDS)
                found[name] = content
        finally:
            os.killpg(browser.pid, 15)
            browser.wait()
            server.shutdown()
    return found


def photos(folder: Path) -> dict:
    """What Python says of the photos: as browsers.js sends it."""
    group, own = (images.decode((folder / name).read_bytes()) for name in ("group.png", "own.jpg"))
    said = as_json(Judge(DETECTOR).verdict(group), group)
    made = closest([Finder(FaceModel(ROOT / "weights" / NAMES[-1]))], own, face_finder.find(own))
    verdicts = [[each["headline"], *each["sentences"]] for each in (said, *said["others"])]
    return {
        "verdicts": verdicts,
        "nearest": made.seed,
        "likeness": made.likeness,
        "meadow": group.getpixel((0, 0)),  # in Display P3 another colour
    }


def check(found: dict[str, bytes], expected_photos: dict) -> list[str]:
    """What differs from Python, in words."""
    if "error" in found:
        return [found["error"].decode()]
    vectors, words = (json.loads((TESTS / f"{name}_vectors.json").read_text()) for name in ("link", "word"))
    links = [
        {"seeds": [*map(str, each["view"]["seeds"])], "link": each["link"], "notes": each["notes"]} for each in vectors
    ]
    faults = ["links"] * (json.loads(found["links"]) != links)
    faults += ["words"] * (json.loads(found["words"]) != [each["seed"] for each in words["words"]])
    for name in NAMES:
        expected = FaceModel(ROOT / "weights" / name).faces([parse(point)[0] for point in POINTS], Look(**LOOK))
        pixels = np.frombuffer(found[name], np.uint8).reshape(*expected.shape[:3], 4)[..., :3]
        most = int(np.abs(pixels.astype(int) - expected).max())
        faults += [f"{name} by {most} grey levels"] * (most > 1)
    said = json.loads(found["photos"])
    off = abs(said.pop("likeness") - expected_photos["likeness"])
    faults += [f"a likeness by {off:.4f}"] * (off > 0.002)
    colours = int(np.abs(np.subtract(said.pop("meadow"), expected_photos["meadow"])).max())
    faults += [f"colours of a photo by {colours} levels"] * (colours > 2)
    faults += ["photos"] * (said != {name: expected_photos[name] for name in said})
    return faults


def main() -> int:
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        site(Path(folder))
        expected_photos = photos(Path(folder))
        for name, command in BROWSERS.items():
            if not all(shutil.which(word) for word in command if word in (command[0], MINI_BROWSER)):
                print(f"{name}: not on this machine")
                continue
            found = run(command, Path(folder))
            faults = check(found, expected_photos)
            failed += bool(faults)
            print(f"{name}: {'; '.join(faults) or 'as Python'} ({found['done'].decode()})")
    return failed


if __name__ == "__main__":
    sys.exit(main())
