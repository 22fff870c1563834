"""What the static page must do with photos in every browser, and without its server: as in page_checks.py."""

import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from selenium.webdriver import Keys

from gan.model import face_finder
from gan.model.look import Look
from gan.serve.faces import FaceModel
from gan.serve.finder import Finder
from gan.serve.judge import Judge
from gan.serve.page.verdict import as_json

from .visitor import Visitor

NAMED_SEED = 5000  # of the picture whose seed is found


@dataclass
class Given:
    """What the checks compare with: the page's weights, small and large, and files in a folder."""

    small: FaceModel
    large: FaceModel
    folder: Path
    said: dict  # the server's verdict on group.png


def comparison(folder: Path, weights: Path, detector: Path) -> Given:
    """Pictures in a folder, good and hostile ones, and what Python says of them."""
    small, large = (FaceModel(weights / name) for name in ("faces-64", "faces-128"))
    group = Image.new("RGB", (420, 240), (96, 128, 80))
    for face, place, side in zip(small.faces((1, 4), Look(0.8)), ((20, 60), (160, 40)), (100, 160)):
        group.paste(Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC), place)
    group.save(folder / "group.png")
    Image.fromarray(large.faces([NAMED_SEED])[0]).save(folder / "own.jpg", quality=85)
    (folder / "text.png").write_text("<script>alert(1)</script>")
    (folder / "script.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
    )
    (folder / "cut.png").write_bytes((folder / "group.png").read_bytes()[:900])
    Image.new("1", (20_000, 20_000)).save(folder / "bomb.png")
    (folder / "long.jpg").write_bytes(bytes(20 * 2**20 + 1))
    return Given(small, large, folder, as_json(Judge(detector).verdict(group), group))


def verdict(visitor: Visitor, given: Given) -> None:
    """“Real or fake” says of a photo of two what Python says"""
    visitor.open("tab=verdict")
    visitor.upload("verdict", given.folder / "group.png")
    visitor.wait_for("#verdict .answer", given.said["headline"])
    said = visitor.text("#verdict .answer")
    for sentence in (*given.said["sentences"], *given.said["opinion"]["sentences"]):
        assert sentence in said, f"“{sentence}” is not said"
    assert visitor.js("document.querySelectorAll('#verdict .answer [data-face]').length") == 2
    assert visitor.link() == "v=1&tab=verdict"


def find(visitor: Visitor, given: Given) -> None:
    """“Find”, by keyboard, names the seed of a picture and shows those that are alike"""
    visitor.open("tab=find")
    visitor.wait(lambda: visitor.visible("#find-upload"), "no picture can be chosen")
    visitor.tab_to("#find input[type=file]")
    visitor.upload("find", given.folder / "own.jpg")  # a file dialog belongs to no page
    visitor.wait_for("#find .answer h2", f"This is seed {NAMED_SEED}")
    visitor.tab_to("#find-faces .face")
    seed = visitor.js("document.activeElement.dataset.seed")
    assert seed == str(NAMED_SEED)
    visitor.keys(Keys.ENTER)
    visitor.wait_for("#card h2", f"Seed {seed}")
    visitor.keys(Keys.ESCAPE)
    visitor.wait(lambda: not visitor.visible("#card"), "Escape did not close the card")
    picture = Image.open(given.folder / "own.jpg")
    expected = Finder(given.large).find(picture, face_finder.find(picture))[0].points
    found = visitor.js("[...document.querySelectorAll('#find-faces .face')].map((face) => face.dataset.seed)")
    assert len({*map(str, expected)} & {*found}) >= 10, found


def hostile_pictures(visitor: Visitor, given: Given) -> None:
    """files that are no pictures, or too large, get a sentence and run nothing"""
    for tab in ("verdict", "find"):
        visitor.open(f"tab={tab}")
        visitor.wait(lambda tab=tab: visitor.visible(f"#{tab} .upload"), "no picture can be chosen")
        for name in ("text.png", "script.svg", "cut.png", "bomb.png", "long.jpg"):
            visitor.js(f"return document.querySelector('#{tab} .answer').replaceChildren()")
            visitor.upload(tab, given.folder / name)
            visitor.find(f"#{tab} .answer :is(.refused, h2)")
            said = visitor.text(f"#{tab} .answer")
            assert re.search("cannot read|too large|larger than|more than|No face", said), f"{name}: {said}"


def offline(visitor: Visitor, given: Given) -> None:
    """without the server, after a visit: gallery, morph, verdict, find, about"""
    visitor.open(f"seeds=20-22&variation=0.9&w={given.small.id}")
    visitor.shows(given.small, (20, 21, 22), Look(0.9))
    visitor.tab("morph")
    visitor.find("#morph canvas[data-frame]")
    verdict(visitor, given)
    visitor.open("tab=find")
    visitor.upload("find", given.folder / "own.jpg")
    visitor.wait_for("#find .answer h2", f"This is seed {NAMED_SEED}")
    visitor.tab("about")
    visitor.wait(lambda: len(visitor.text("#about")) > 1000, "there is nothing about the page")
