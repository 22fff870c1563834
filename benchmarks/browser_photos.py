"""Photos on the page without a server: are its verdicts and the seeds that it names those of the server?

    python benchmarks/browser_photos.py --wild wild.parquet --count 100 --seeds 25

builds the page, and judges files as they are on both sides, from their bytes on, in Chromium: photographs and faces of
other generators (parquet with `image` and `kind`, real or fake), and the embedded generators' own faces as PNG, JPEG,
at half their size and in screenshots.
"""

import base64
import io
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow.parquet as pq
import tyro
from browser import _Quiet
from PIL import Image
from playwright.sync_api import sync_playwright

from gan.model import face_finder, images
from gan.serve import DEFAULT, WEIGHTS
from gan.serve.finder import SAME_FROM, Finder, closest
from gan.serve.judge import Judge
from gan.serve.models import Models
from gan.serve.page.verdict import as_json
from gan.web.build import DETECTOR, build

ALMOST = 0.9  # as in named.js
ASK = """async (text) => {
  const names = ["models", "named", "photos"].map((name) => import(`./${name}.js`));
  const [{ photoFiles }, { closest }, { opener, wordsOf }] = await Promise.all(names);
  const config = async () => ({ config: await wordsOf("verdict.json") });
  globalThis.judging ??= opener("openJudge", () => photoFiles, config);
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt());
  const { said, squares } = await (await judging())({ task: "judge", file: new File([bytes], "photo") });
  const { percent, decidedBy } = said.opinion ?? said.middle ?? {};
  return { headline: said.headline, sentences: said.sentences, percent, decidedBy, made: await closest(squares) };
}"""


@dataclass
class Benchmark:
    """Compare the static page with the server."""

    # parquet with `image` and `kind`; none: only own faces
    wild: Path | None = None
    # of each kind in it
    count: int = 100
    # seeds of each embedded generator, four pictures of each
    seeds: int = 25

    def run(self) -> None:
        models, judge = Models(WEIGHTS, DEFAULT), Judge(DETECTOR)
        finders = Finder.of(models)
        compared: dict[str, list[tuple]] = {}
        with tempfile.TemporaryDirectory() as site, sync_playwright() as playwright:
            build(Path(site), [])
            server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=site))
            Thread(target=server.serve_forever, daemon=True).start()
            options = {"executable_path": shutil.which("chromium"), "args": ["--no-sandbox", "--disable-gpu"]}
            page = playwright.chromium.launch(**options).new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/?tab=verdict")
            for kind, data, seed in self._files(finders):
                picture = images.decode(data)
                faces = face_finder.find(picture)
                verdict = as_json(judge.verdict(picture, faces), picture)
                made = closest(finders, picture, faces)
                found = page.evaluate(ASK, base64.b64encode(data).decode())
                first = closest(finders[:1], picture, faces)
                compared.setdefault(kind, []).append((verdict, made, found, seed, first))
            server.shutdown()
        for kind, rows in compared.items():
            print(f"{kind}: {_summary(rows)}", flush=True)

    def _files(self, finders: list[Finder]) -> Iterator[tuple[str, bytes, tuple[int, str] | None]]:
        """Kind, content, and whose face it is: seed and weights."""
        chance = random.Random(0)
        for finder in finders:
            for seed in chance.sample(range(len(finder.index.rows)), self.seeds):
                face = Image.fromarray(finder.model.faces([seed])[0])
                for kind, data in _saved(face, chance):
                    yield f"own, {kind}", data, (seed, finder.model.id)
        if self.wild:
            rows = pq.read_table(self.wild, columns=["image", "kind"]).to_pylist()
            chance.shuffle(rows)
            for kind in ("real", "fake"):
                for row in [row for row in rows if row["kind"] == kind][: self.count]:
                    yield kind, row["image"]["bytes"], None


def _saved(face: Image.Image, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """A face as people pass it on."""
    side = round(chance.uniform(1.2, 2.6) * face.width)
    screen = Image.new("RGB", (side + chance.randint(40, 300), side + chance.randint(40, 300)), (250, 250, 250))
    place = [chance.randint(0, length - side) for length in screen.size]
    screen.paste(face.resize((side, side), Image.Resampling.BICUBIC), place)
    half = face.resize((face.width // 2, face.height // 2), Image.Resampling.LANCZOS)
    for kind, picture, options in (
        ("PNG", face, {"format": "PNG"}),
        ("JPEG 70", face, {"format": "JPEG", "quality": 70}),
        ("half", half, {"format": "PNG"}),
        ("screenshot", screen, {"format": "JPEG", "quality": 80}),
    ):
        file = io.BytesIO()
        picture.save(file, **options)
        yield kind, file.getvalue()


def _summary(rows: list[tuple]) -> str:
    """What the two sides say of the same files."""
    alike, off, named, right, likenesses = 0, [], 0, [0, 0], []
    for verdict, made, found, seed, _ in rows:
        opinion = verdict["opinion"] or verdict["middle"]
        shown = [verdict["headline"].partition(":")[0], *verdict["sentences"]]
        ours = [found["headline"].partition(":")[0], *found["sentences"]]
        alike += shown == ours
        if shown != ours:
            print(f"server: {verdict['headline']} {shown[1:]}; page: {found['headline']} {ours[1:]}")
        if None not in (opinion["percent"] if opinion else None, found.get("percent")):
            off.append(abs(opinion["percent"] - found["percent"]))
        names = [
            name and name[0] >= SAME_FROM and tuple(name[1:])
            for name in (
                made and (made.likeness, made.seed, made.weights),
                found["made"] and (found["made"]["likeness"], found["made"]["seed"], found["made"]["weights"]),
            )
        ]
        named += (names[0] or None) == (names[1] or None)
        right = [count + bool(name and name == seed) for count, name in zip(right, names)]
        if names[0] and names[0] == names[1]:
            likenesses.append(abs(made.likeness - found["made"]["likeness"]))
    others = sum(bool(first) and first.likeness >= ALMOST for *_, first in rows)
    return (
        f"{len(rows)} pictures; {alike} the same verdict, at most {max(off, default=0)} % apart; {named} named alike; "
        f"{right[0]} named rightly by the server, {right[1]} by the page; their likenesses at most "
        f"{np.max(likenesses, initial=0):.5f} apart; {others} load the index of other weights"
    )


if __name__ == "__main__":
    tyro.cli(Benchmark).run()
