"""How fast the page is, alone and in a crowd, beside a plain Gradio page that runs the network once per visitor.

    python benchmarks/serving.py                                   30 minutes
    python benchmarks/serving.py --crowds 5 --seconds 10 --rounds 2 --later 5      two minutes, to see that it works

The page is started as a user starts it and asked over HTTP, by visitors that cost next to nothing (visitors.py). What
they got is checked afterwards: each face against its seed. Nothing else should run on the machine.
"""

import asyncio
import io
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gradio as gr
import httpx
import numpy as np
import torch
import tyro
from gradio_client import Client
from PIL import Image
from playwright.sync_api import sync_playwright
from tqdm import tqdm
from visitors import KINDS, Checker, Visitor, call, crowd

from gan.serve import DEFAULT, WEIGHTS
from gan.serve.faces import FaceModel
from gan.serve.files import png
from gan.serve.judge import Judge
from gan.serve.memory import return_memory
from gan.serve.models import Models
from gan.serve.page.verdict import VerdictTab
from gan.serve.reader import READER
from gan.train.machine import hardware

ROOT = Path(__file__).resolve().parent.parent
JUDGED = 1003  # the seed whose face is uploaded
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--no-first-run"]


@dataclass(frozen=True)
class Settings:
    """Measure the page."""

    # visitors at once, one crowd after the other
    crowds: tuple[int, ...] = (1, 20, 100, 200)
    # of each crowd, seconds
    seconds: float = 60
    # between the clicks of a visitor, seconds
    pause: float = 3
    # how often a single visitor does each thing; the median counts
    rounds: int = 9
    # until memory is read once more, seconds
    later: float = 600
    # requests of all kinds after which memory is compared, beside those of the crowds
    requests: int = 2000
    # visitors of the two pages that are compared
    beside: int = 20


class Server:
    """A page in a process of its own, as a user starts it."""

    def __init__(self, command: list[str], folder: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address, self.started = f"http://127.0.0.1:{port}", time.monotonic()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GRADIO_"))}
        environment |= {
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_TEMP_DIR": str(folder),
            "GRADIO_ANALYTICS_ENABLED": "0",
        }
        self.process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )

    def first_byte(self) -> float:
        """Seconds from the start until the page answers."""
        while True:
            try:
                httpx.get(self.address, trust_env=False, timeout=60).raise_for_status()
                return time.monotonic() - self.started
            except httpx.HTTPError:
                if self.process.poll() is not None:
                    raise SystemExit("The page ended.") from None
                time.sleep(0.02)

    def memory(self) -> float:
        """Of the process, MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def cpu(self) -> float:
        """Seconds of CPU time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(*command: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(list(command), Path(folder))
        try:
            yield server
        finally:
            server.process.terminate()
            server.process.wait(30)


def row(*cells) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def head(*cells) -> None:
    print()
    row(*cells)
    row(*["---"] * len(cells))


def first_gallery(server: Server) -> float:
    """Seconds from the start until Chromium shows the first gallery."""
    with sync_playwright() as playwright:
        path = next(path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "") if Path(path).exists())
        browser = playwright.chromium.launch(executable_path=path or None, args=CHROMIUM)
        page = browser.new_page()
        server.first_byte()
        page.goto(server.address)
        page.locator("#gallery-faces img").nth(15).wait_for(timeout=60_000)
        taken = time.monotonic() - server.started
        browser.close()
    return taken


def uploads() -> dict[str, bytes]:
    """A face as the page saves it, and a photo of 12 megapixels with one."""
    face = FaceModel(WEIGHTS / DEFAULT).faces([JUDGED])[0]
    photo, file = Image.new("RGB", (4000, 3000), (90, 110, 130)), io.BytesIO()
    photo.paste(Image.fromarray(face).resize((1500, 1500)), (1200, 700))
    photo.save(file, "JPEG", quality=90)
    return {"verdict": png(face), "find": file.getvalue()}


async def timed(work: Callable[[], Awaitable], rounds: int) -> float:
    """Milliseconds of the median."""
    taken = []
    for _ in range(rounds + 1):  # what is done for the first time is not counted
        start = time.perf_counter()
        await work()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken[1:])


async def alone(server: Server, rounds: int, files: dict[str, bytes], checker: Checker) -> None:
    """What a single visitor waits for."""
    visitor = Visitor(server.address, 0, files)
    await visitor.open()
    for folder in ("faces-64", "faces-128"):
        weights, name = FaceModel(WEIGHTS / folder).id, folder.replace("faces-", "") + " px"
        news = iter(range(1, 10**6))

        def new(weights=weights, news=news):
            first = 10**6 + 100 * next(news)
            return call(visitor.http, "generate", seeds=f"{first}-{first + 15}", weights=weights)

        def known(weights=weights):
            return call(visitor.http, "generate", seeds="0-15", weights=weights)

        row(f"`/generate`, 16 new faces, {name}", f"{await timed(new, rounds):.0f} ms")
        row(f"the same, known faces, {name}", f"{await timed(known, rounds):.0f} ms")
    for kind, words in {
        "new": "the page, 16 new faces",
        "known": "the page, 16 known faces",
        "shape": "the shape slider, one face",
        "morph": "a morph of 60 frames",
        "verdict": "a verdict on a face",
        "find": "find, photo of 12 megapixels",
    }.items():
        answer = await visitor.click(kind)
        row(words, f"{await timed(lambda kind=kind: visitor.click(kind), rounds):.0f} ms")
        if checker.wrong(kind, answer):
            raise SystemExit(f"{words}: the answer is wrong.")
    visitor.uploads = {"verdict": files["find"]}
    row("a verdict, photo of 12 megapixels", f"{await timed(lambda: visitor.click('verdict'), rounds):.0f} ms")
    await visitor.http.aclose()


def with_client(server: Server, rounds: int) -> float:
    """Milliseconds of `/generate` for 16 new faces with gradio_client, all files downloaded."""
    with tempfile.TemporaryDirectory() as folder:
        client, taken = Client(server.address, download_files=folder, verbose=False), []
        for number in range(rounds + 1):
            first, start = 2 * 10**6 + 100 * number, time.perf_counter()
            client.predict(seeds=f"{first}-{first + 15}", api_name="/generate")
            taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken[1:])


def in_hand(rounds: int) -> float:
    """Milliseconds of a verdict on a photo that is there already: without HTTP and Gradio's queue, in a process of its
    own, with the setting of `app.py`."""
    code = f"import serving; print(serving.judging(serving.uploads()['find'], {rounds}))"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command, folder = [sys.executable, "-c", code], ROOT / "benchmarks"
    return float(subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True).stdout)


def judging(photo: bytes, rounds: int) -> float:
    return_memory()
    torch.set_num_threads(1)
    models, taken = Models(WEIGHTS, DEFAULT), []
    with gr.Blocks():
        tab = VerdictTab(models, Judge(WEIGHTS / "detector"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(photo)
        for _ in range(rounds + 1):
            start = time.perf_counter()
            tab.classify(path)
            taken.append(1000 * (time.perf_counter() - start))
    READER.end()
    return statistics.median(taken[1:])


def run_crowd(
    server: Server, count: int, kinds: tuple[str, ...], settings: Settings, files: dict[str, bytes], checker: Checker
) -> float:
    """Let a crowd in and print its row. Returns the answers a second."""
    with tempfile.TemporaryFile() as file:
        visitors = [Visitor(server.address, number, files) for number in range(1, count + 1)]
        own, cpu, start = time.process_time(), server.cpu(), time.monotonic()
        done = asyncio.run(crowd(visitors, kinds, settings.seconds, settings.pause, file))
        own, cpu, taken = time.process_time() - own, server.cpu() - cpu, time.monotonic() - start
        wrong = 0
        for kind, place, length in tqdm(done.answers, "Checking", leave=False) if checker else ():
            file.seek(place)
            wrong += checker.wrong(kind, file.read(length))
    if not done.seconds:
        raise SystemExit(f"No answer: {dict(done.failed)}")
    middle, late = np.percentile(done.seconds, [50, 95])
    speed = len(done.seconds) / taken
    row(
        count,
        f"{speed:.1f}",
        f"{1000 * middle:.0f} ms",
        f"{1000 * late:.0f} ms",
        done.refused,
        sum(done.failed.values()),
        wrong if checker else "not checked",
        f"{cpu:.0f} s + {own:.0f} s",
        f"{server.memory():.0f} MiB",
    )
    for words, times in done.failed.most_common(3):
        print(f"{times} times {words}", file=sys.stderr)
    return speed


CROWD = (
    "visitors",
    "answers a second",
    "median",
    "95 % within",
    "refused",
    "errors",
    "wrong",
    "CPU: page + visitors",
    "memory",
)


def main(settings: Settings) -> None:
    print(
        f"`python benchmarks/serving.py {' '.join(sys.argv[1:])}`, {hardware(torch.device('cpu'))}, torch "
        f"{torch.__version__}, {time.strftime('%-d %B %Y')}"
    )
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    files, checker = uploads(), Checker(WEIGHTS, DEFAULT, JUDGED)
    head("one visitor", "takes")
    with served("app.py") as server:
        row("start to first gallery in Chromium", f"{first_gallery(server):.1f} s")
    with served("app.py") as server:
        row("start to first byte", f"{server.first_byte():.1f} s")
        row("memory at the start", f"{server.memory():.0f} MiB")
        asyncio.run(alone(server, settings.rounds, files, checker))
        row("the same, once the photo is there", f"{in_hand(settings.rounds):.0f} ms")
        row("`/generate`, 16 new faces, with gradio_client", f"{with_client(server, settings.rounds):.0f} ms")
        head(*CROWD)
        for count in settings.crowds:
            run_crowd(server, count, KINDS, settings, files, checker)
        print(f"\n{checker.checked:,} faces were checked against their seeds.")
        head("memory", "MiB")
        row("after the crowds", f"{server.memory():.0f}")
        before = asyncio.run(many(server, settings.requests, files))
        row(f"after a tenth of {settings.requests:,} more requests of all kinds", f"{before:.0f}")
        row("after all of them", f"{server.memory():.0f}")
        time.sleep(settings.later)
        row(f"{settings.later / 60:.0f} minutes later", f"{server.memory():.0f}")
    beside(settings, files)


async def many(server: Server, count: int, files: dict[str, bytes]) -> float:
    """So many requests of all kinds, one after the other. Returns the memory after a tenth of them, MiB."""
    visitor, memory = Visitor(server.address, 0, files), 0.0
    await visitor.open()
    for number in tqdm(range(count), "Requests", leave=False):
        await visitor.click(KINDS[number % len(KINDS)])
        if number == count // 10:
            memory = server.memory()
    await visitor.http.aclose()
    return memory


def beside(settings: Settings, files: dict[str, bytes]) -> None:
    """Only 16 new faces of the API, which both pages have."""
    speeds = {}
    head("page", *CROWD)
    for name, command in {"plain Gradio": "benchmarks/plain_page.py", "SeedFaces": "app.py"}.items():
        with served(command) as server:
            server.first_byte()
            print(f"| {name} ", end="")
            speeds[name] = run_crowd(server, settings.beside, ("faces",), settings, files, None)
    print(f"\nSeedFaces gives {speeds['SeedFaces'] / speeds['plain Gradio']:.1f} times as many answers a second.")


if __name__ == "__main__":
    main(tyro.cli(Settings, use_underscores=True))
