"""Visitors of the page that cost next to nothing: what its scripts would send, over HTTP, and what comes back."""

import asyncio
import base64
import io
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from gan.link import View as Link
from gan.link import decode, encode
from gan.model.look import Look
from gan.serve.models import Models

API = "/gradio_api"
MORPH_FRAMES = 20  # from face to face; with three faces that lead back to the first, 60
FACE = re.compile(rb'"src":"data:image/png;base64,([^"]+)","query":"([^"]+)"')
KINDS = ("new", "new", "known", "shape", "shape", "morph", "verdict", "find")  # one round of a visitor's clicks


class Refused(Exception):
    """The server said that it is busy."""


class Failed(Exception):
    """The server answered with an error."""


class Visitor:
    """One visitor, with an address of its own: `127.x.y.z`, all of which lead to this machine.

    Args:
        address: of the page, `http://127.0.0.1:7860`.
        number: of the visitor.
        uploads: files to upload, by kind of click.
    """

    def __init__(self, address: str, number: int, uploads: dict[str, bytes] | None = None):
        own = f"127.1.{number // 250}.{number % 250 + 1}"
        transport = httpx.AsyncHTTPTransport(local_address=own, limits=httpx.Limits(keepalive_expiry=60))
        self.http = httpx.AsyncClient(transport=transport, base_url=address, timeout=120, trust_env=False)
        self.random, self.session, self.uploads = random.Random(number), f"visitor{number}", uploads or {}

    async def open(self) -> bytes:
        """The page, and its first gallery."""
        for path in ("/", "/config"):
            got = await self.http.get(path)
            got.raise_for_status()
        self.events = events(got.json())
        answer = await self.ask("load")
        self.weights = decode(FACE.search(answer)[2].decode())[0].weights  # the card asks with those of the gallery
        return answer

    async def ask(self, name: str, data: list | None = None, **event) -> bytes:
        """The answer to an event of the page, as JSON.

        Raises:
            Refused: the server is busy.
            Failed: it answers with an error.
        """
        body = {"fn_index": self.events[name], "session_hash": self.session, "data": data or [], "event_data": event}
        got = await self.http.post(f"{API}/queue/join", json=body)
        if got.status_code == 503:
            raise Refused
        if got.status_code != 200:
            raise Failed(f"{got.status_code} {got.text[:200]}")
        return completed((await self.http.get(f"{API}/queue/data", params={"session_hash": self.session})).content)

    async def click(self, kind: str) -> bytes:
        """Do one of `KINDS`, or `faces`: 16 new faces of the API, which a page of any kind has."""
        seed = self.random.randrange(1000, 10**6)
        if kind == "faces":
            return await call(self.http, "generate", seeds=f"{seed}-{seed + 15}")
        if kind in ("verdict", "find"):
            files = {"files": ("photo.jpg", self.uploads[kind], "image/jpeg")}
            got = await self.http.post(f"{API}/upload", files=files)
            if got.status_code != 200:
                raise Failed(f"{got.status_code} {got.text[:200]}")
            return await self.ask(kind, [{"path": got.json()[0], "meta": {"_type": "gradio.FileData"}}])
        if kind == "shape":
            look = Look(variation=round(self.random.uniform(0.5, 1.2), 2), smile=round(self.random.uniform(-2, 2), 2))
            return await self.ask("pick", query=encode(Link("gallery", (seed % 64,), look, self.weights)))
        if kind == "morph":
            link = Link("morph", (seed, seed + 1, seed + 2), frames=MORPH_FRAMES)
        else:
            link = Link("gallery", tuple(range(16)) if kind == "known" else tuple(range(seed, seed + 16)))
        return await self.ask("ask", base="", at=link.tab, weights="", actions=[[1, "gallery", "go", encode(link)]])


def events(config: dict) -> dict[str, int]:
    """The page's events that a visitor sends, from Gradio's description of it: name → number."""
    found, uploads = {}, []
    ids = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
    for event in config["dependencies"]:
        for target, name in event["targets"]:
            if name in ("load", "ask", "pick"):
                found.setdefault(name, event["id"])
            if name == "upload":
                uploads.append((ids[target], event["id"]))
    of = dict(uploads)
    return {**found, "verdict": of.get("upload"), "find": of.get("find-upload")}


async def call(http: httpx.AsyncClient, name: str, **arguments) -> bytes:
    """The answer of an endpoint of the API, as `curl` gets it, as JSON.

    Raises:
        Refused, Failed: as for `Visitor.ask`.
    """
    got = await http.post(f"{API}/call/v2/{name}", json=arguments)
    if got.status_code == 503:
        raise Refused
    if got.status_code != 200:
        raise Failed(f"{got.status_code} {got.text[:200]}")
    stream = (await http.get(f"{API}/call/v2/{name}/{got.json()['event_id']}")).content
    if b"event: complete" not in stream:
        raise Failed(stream[-200:].decode())
    return stream[stream.rindex(b"data: ") + 6 :]


def completed(stream: bytes) -> bytes:
    """The answer in the server-sent events of the queue."""
    for line in stream.split(b"\n"):
        if b'"msg":"process_completed"' in line:
            if b'"success":true' not in line:
                raise Failed(line[:300].decode())
            return line[6:]
    raise Failed(f"no answer in {stream[-200:]!r}")


# --- a crowd ------------------------------------------------------------------------------------------------------


@dataclass
class Crowd:
    """What a crowd went through."""

    seconds: list[float] = field(default_factory=list)  # of each answer
    refused: int = 0
    failed: Counter = field(default_factory=Counter)  # what went wrong, and how often
    answers: list[tuple[str, int, int]] = field(default_factory=list)  # kind, offset and length in the file


async def crowd(visitors: list[Visitor], kinds: tuple[str, ...], seconds: float, pause: float, file) -> Crowd:
    """Visitors who each click every `pause` seconds for so many seconds. What they get is written to a file, to be
    looked at afterwards: looking at it now would take time from the server."""
    result, end = Crowd(), time.monotonic() + seconds

    async def visit(number: int, visitor: Visitor) -> None:
        await asyncio.sleep(pause * number / len(visitors))
        clicks = iter([] if "faces" in kinds else ["open"])
        while time.monotonic() < end:
            kind, start = next(clicks, None), time.monotonic()
            if kind is None:
                clicks = iter(visitor.random.sample(kinds, len(kinds)))
                continue
            try:
                answer = await (visitor.open() if kind == "open" else visitor.click(kind))
            except Refused:
                result.refused += 1
                if kind == "open":
                    clicks = iter(["open"])
            except (Failed, httpx.HTTPError) as error:
                result.failed[f"{kind}: {type(error).__name__} {error}"[:150]] += 1
            else:
                result.seconds.append(time.monotonic() - start)
                result.answers.append((kind, file.tell(), len(answer)))
                file.write(answer)
            await asyncio.sleep(max(0, start + pause - time.monotonic()))

    await asyncio.gather(*(visit(number, visitor) for number, visitor in enumerate(visitors)))
    for visitor in visitors:
        await visitor.http.aclose()
    return result


# --- is it right? -------------------------------------------------------------------------------------------------


class Checker:
    """Says of answers whether each of their faces is that of its seed, with these weights and this look.

    Args:
        weights: the folder of the embedded weights.
        judged: the seed whose face was uploaded for a verdict.
    """

    def __init__(self, weights: Path, default: str, judged: int):
        self.models, self.judged = Models(weights, default), judged
        self.checked = 0  # faces
        self._seen: set[tuple[bytes, bytes]] = set()

    def wrong(self, kind: str, answer: bytes) -> int:
        """The number of wrong faces in an answer; 1 for another one that is wrong."""
        if kind == "verdict":
            return int(f'"seed":{self.judged},'.encode() not in answer)
        if kind == "find":
            return int(b'"alike":[' not in answer)
        if kind == "morph":
            return int(self._frames(answer) != 3 * MORPH_FRAMES)
        faces = FACE.findall(answer)
        self.checked += len(faces)
        return int(not faces) + sum(self._is_wrong(face) for face in faces if face not in self._seen)

    def _is_wrong(self, face: tuple[bytes, bytes]) -> bool:
        pixels, query = face
        view, notes = decode(query.decode())
        expected = self.models.of(view.weights).made(view.seeds, view.look)[0]
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(pixels))).convert("RGB"))
        same = not notes and shown.shape == expected.shape and np.abs(shown.astype(int) - expected).max() <= 1
        if same:
            self._seen.add(face)
        return not same

    @staticmethod
    def _frames(answer: bytes) -> int:
        found = re.search(rb"data:image/webp;base64,([^\"]+)", answer)
        return Image.open(io.BytesIO(base64.b64decode(found[1]))).n_frames if found else 0
