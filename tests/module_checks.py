"""The static page's modules in a browser: whether links, words, faces and what is said of photos are Python's."""

import json
import queue
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import torch
from PIL import Image
from selenium.webdriver.remote.webdriver import WebDriver

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
    for name in ("modules.js", "link_vectors.json", "word_vectors.json"):
        (folder / name).symlink_to(TESTS / name)
    (folder / "index.html").write_text('<!doctype html><script type="module" src="/modules.js"></script>')
    (folder / "views.json").write_text(json.dumps({"points": POINTS, "look": LOOK, "names": NAMES, "seed": SEED}))
    (folder / "verdict.json").write_text(json.dumps(verdict_said(DETECTOR)))
    tensors.write(folder / "yunet.safetensors", {name: torch.tensor(value) for name, value in yunet.tensors().items()})
    model = FaceModel(ROOT / "weights" / NAMES[-1])
    group = Image.new("RGB", (420, 240), (96, 128, 80))
    for face, place, side in zip(model.faces((1, 4)), ((20, 60), (160, 40)), (100, 160)):
        group.paste(Image.fromarray(face).resize((side, side)), place)
    group.save(folder / "group.png", icc_profile=P3_PROFILE)
    Image.fromarray(model.faces([SEED])[0]).save(folder / "own.jpg", quality=80)


def run(driver: WebDriver, folder: Path) -> dict[str, bytes]:
    """What a browser sends from the page in this folder."""
    received = queue.Queue()
    handler = partial(Answers, received=received, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        found = {}
        try:
            driver.get(f"http://127.0.0.1:{server.server_port}/")
            while "done" not in found:
                name, content = received.get(timeout=SECONDS)
                found[name] = content
        finally:
            server.shutdown()
    return found


def photos(folder: Path) -> dict:
    """What Python says of the photos: as modules.js sends it."""
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
