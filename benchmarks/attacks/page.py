"""`python app.py` as a user starts it, attacked over HTTP, and what it leaves in memory, on disk and in its log."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx

ROOT = Path(__file__).resolve().parents[2]
API = "/gradio_api"
# what no answer and no log may hold: a traceback, or where the program lies
TRACE = re.compile(rf"Traceback|site-packages|File \"|{re.escape(str(ROOT))}/")


class Page:
    """A running page. `folder` is its home and its folder for temporary files."""

    def __init__(self, folder: Path, process: subprocess.Popen, address: str):
        self.folder, self.process, self.address = folder, process, address
        self.client = httpx.Client(base_url=address, timeout=60, trust_env=False)

    def upload(self, data: bytes, name: str) -> httpx.Response:
        return self.client.post(f"{API}/upload", files={"files": (name, data)})

    def call(self, endpoint: str, *data) -> tuple[str, str]:
        """The last event that an endpoint streams, and its data; or the status of the request, and its text."""
        first = self.client.post(f"{API}/call/{endpoint}", json={"data": data})
        if first.status_code != 200:
            return str(first.status_code), first.text
        text = self.client.get(f"{API}/call/{endpoint}/{first.json()['event_id']}").text
        event, _, answer = text.strip().rpartition("event: ")[2].partition("\ndata: ")
        return event, answer

    def judged(self, endpoint: str, data: bytes, name: str) -> tuple[str, str]:
        """What an endpoint says of an upload; "broken off", and how, where it gave no whole answer."""
        try:
            sent = self.upload(data, name)
            if sent.status_code != 200:
                return str(sent.status_code), sent.text
            file = {"path": sent.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}
            return self.call(endpoint, file)
        except httpx.HTTPError as error:
            ended = self.process.poll()
            return "broken off", f"{error!r}, the page {'runs' if ended is None else f'has ended with {ended}'}"

    def memory(self) -> int:
        """Bytes that the page and the processes that it has started hold."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        children = [pid for each in threads for pid in each.read_text(encoding="ascii").split()]
        total = 0
        for pid in [self.process.pid, *children]:
            for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
                total += 1024 * int(line.split()[1]) if line.startswith("VmRSS") else 0
        return total

    def seconds(self) -> float:
        """Processor time that the page has taken so far."""
        numbers = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return sum(map(int, numbers[11:15])) / os.sysconf("SC_CLK_TCK")

    def files(self) -> set[str]:
        """What lies in its folder, without its log and the caches of libraries."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*"))
        return {str(path) for path in found if path.name != "app.log" and path.parts[0][0] != "."}

    def log(self) -> str:
        return (self.folder / "app.log").read_text(encoding="utf-8", errors="replace")

    def traces(self) -> list[str]:
        """Each kind of traceback in its log, and each line that tells where the program lies, with how often."""
        blocks = re.split(r"^Traceback.*\n", self.log(), flags=re.MULTILINE)
        last = [
            next(
                (line for line in block.splitlines() if re.match(r"[\w.]+(Error|Exception|Group)\b", line)), block[:200]
            )
            for block in blocks[1:]
        ]
        last += [line for line in blocks[0].splitlines() if TRACE.search(line)]
        return [f"in the log, {count} times: {line}" for line, count in Counter(last).items()]

    def alive(self) -> bool:
        """Whether it still makes faces."""
        event, answer = self.call("generate", "0", 1.0, "")
        return event == "complete" and "seed-0" in answer


def sentence(answer: str) -> str:
    """The sentence of a refusal, or nothing."""
    try:
        value = json.loads(answer)
    except ValueError:
        return ""
    text = value.get("error") if isinstance(value, dict) else value
    return text if isinstance(text, str) and text.endswith(".") else ""


def canary(asked: list[str]) -> ThreadingHTTPServer:
    """A server, and a proxy, that nobody may ask; who did is in `asked`."""

    class Canary(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_CONNECT = do_GET

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Canary)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@contextmanager
def running(**environment: str) -> Iterator[Page]:
    """The page, with the embedded weights, a home of its own, and more variables."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="seedfaces-attacked-") as name:
        folder = Path(name)
        own = {"HOME": name, "TMPDIR": name, "GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1"}
        environment = {**os.environ, "no_proxy": "*", **own, **environment}
        with open(folder / "app.log", "w", encoding="utf-8") as log:
            process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=log)
        page = Page(folder, process, f"http://127.0.0.1:{port}")
        try:
            _wait(page)
            yield page
        finally:
            page.client.close()
            process.terminate()
            process.wait(60)


def _wait(page: Page) -> None:
    deadline = time.monotonic() + 180
    while True:
        try:
            if page.client.get("/config").status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
        if page.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the page does not start: {page.log()[-500:]}")
