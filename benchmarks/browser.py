"""The static page's engine in Chromium: how fast and how exact it is, and ONNX Runtime Web where that is at hand.

    python benchmarks/browser.py weights/faces-64 weights/faces-128
    python benchmarks/browser.py weights/older/c7fadd48efd5 --onnx faces.onnx --onnxruntime package/dist

CPU time of the whole browser is measured, so that other programs on the machine count little. The second command
also runs `faces.onnx`, the same generator for batches of 4 as torch.onnx.export writes it, with the files of the npm
package onnxruntime-web, on one thread. Faces are compared with those that PyTorch makes here.
"""

import base64
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import tyro
from playwright.sync_api import sync_playwright

from gan.model import sampling, weights
from gan.model.look import Look

STATIC = Path(__file__).resolve().parent.parent / "gan" / "web" / "static"
FACES = 64  # of one measurement
OPEN = """async () => {
  const { Faces } = await import("/static/faces.js");
  window.faces = await Faces.open({ generator: "/weights/generator.safetensors", workers: 1 });
}"""
DRAW = """async () => {
  const { lookOf } = await import("/static/look.js");
  await faces.draw([...Array(64).keys()], lookOf());
}"""
PIXELS = """async (variation) => {
  const { lookOf } = await import("/static/look.js");
  const drawn = await faces.draw([...Array(256).keys()], lookOf({ variation }));
  const reader = new FileReader();
  reader.readAsDataURL(new Blob(drawn.map(({ data }) => data)));
  await new Promise((resolve) => (reader.onload = resolve));
  return reader.result.split(",")[1];
}"""
OPEN_ONNX = """async () => {
  const runtime = await import("/onnxruntime/ort.wasm.min.mjs");
  Object.assign(runtime.env.wasm, { numThreads: 1, proxy: true });
  const { fromSeed } = await import("/static/latents.js");
  const session = await runtime.InferenceSession.create("/faces.onnx", { executionProviders: ["wasm"] });
  const [input] = session.inputNames;
  window.drawOnnx = async (seeds) => {
    const latents = new Float32Array(seeds.length * 100);
    seeds.forEach((seed, i) => latents.set(fromSeed(seed, 100), 100 * i));
    await session.run({ [input]: new runtime.Tensor("float32", latents, [seeds.length, 100]) });
  };
}"""
DRAW_ONNX = (
    "async () => { for (let seed = 0; seed < 64; seed += 4) await drawOnnx([0, 1, 2, 3].map((i) => seed + i)); }"
)


@dataclass
class Benchmark:
    """Measure the engine."""

    # weights folders
    weights: tyro.conf.Positional[tuple[Path, ...]]
    # the same generator as ONNX, and the folder `dist` of onnxruntime-web
    onnx: Path | None = None
    onnxruntime: Path | None = None
    rounds: int = 5

    def run(self) -> None:
        for folder in self.weights:
            self._measure(str(folder), folder, OPEN, DRAW)
            if self.onnx:
                self._measure("onnxruntime-web", folder, OPEN_ONNX, DRAW_ONNX)

    def _measure(self, name: str, folder: Path, to_open: str, to_draw: str) -> None:
        with tempfile.TemporaryDirectory() as site, sync_playwright() as playwright:
            links = {"static": STATIC, "weights": folder, "onnxruntime": self.onnxruntime, "faces.onnx": self.onnx}
            for link, target in links.items():
                if target:
                    (Path(site) / link).symlink_to(target.resolve())
            (Path(site) / "empty.html").write_text("<!doctype html>", encoding="utf-8")
            server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=site))
            Thread(target=server.serve_forever, daemon=True).start()
            options = {"executable_path": shutil.which("chromium"), "args": ["--no-sandbox", "--disable-gpu"]}
            page = playwright.chromium.launch(**options).new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/empty.html")
            opening = _timed(lambda: page.evaluate(to_open))
            page.evaluate(to_draw)  # the browser compiles the loops once more, with care
            rounds = sorted(_timed(lambda: page.evaluate(to_draw)) for _ in range(self.rounds))
            rates = [FACES / seconds for seconds in rounds]
            middle = rates[len(rates) // 2]
            print(f"{name}: {middle:.0f} ({rates[-1]:.0f}–{rates[0]:.0f}) faces a CPU second; opened in {opening:.2f}")
            if to_draw == DRAW:
                _compare(page, folder)
            server.shutdown()


def _compare(page, folder: Path) -> None:
    """Faces of seeds 0 to 255, as trained and with variation 0.7, against PyTorch's."""
    generator = weights.load_generator(folder).generator
    differences = []
    for variation in (1.0, 0.7):
        expected = sampling.faces(generator, range(256), Look(variation))
        pixels = np.frombuffer(base64.b64decode(page.evaluate(PIXELS, variation)), np.uint8)
        differences.append(np.abs(pixels.reshape(*expected.shape[:3], 4)[..., :3].astype(int) - expected))
    found = np.stack(differences)
    print(f"    at most {found.max()} grey level from PyTorch, {100 * (found > 0).mean():.4f} % of values differ")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def _timed(action) -> float:
    """CPU seconds that the browser takes for an action."""
    before = _cpu_seconds()
    action()
    time.sleep(0.2)  # what still runs belongs to it
    return _cpu_seconds() - before


def _cpu_seconds() -> float:
    """CPU seconds of all processes that this one has started, Linux only."""
    parents, ticks = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            process, rest = path.parent.name, path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[process], ticks[process] = rest[1], int(rest[11]) + int(rest[12])
    ours = {str(os.getpid())}
    while more := {process for process, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(ticks[process] for process in ours - {str(os.getpid())}) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    tyro.cli(Benchmark).run()
