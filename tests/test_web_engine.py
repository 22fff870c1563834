"""The static page's engine in a real browser: faces within one grey level of PyTorch's."""

import base64
import os
import re
import shutil
import subprocess

import numpy as np
import pytest
import torch
from conftest import ROOT
from goldens import GOLDEN, SEEDS, SHAPED, VARIATIONS, released
from PIL import Image

from gan import UserError
from gan.model import images, sampling, weights
from gan.model.look import Look
from gan.model.networks import Discriminator, Generator
from gan.model.point import parse
from gan.model.settings import ModelSettings, ladder
from gan.serve.faces import FaceModel

STATIC = ROOT / "gan" / "web" / "static"
# draws [points, look] after [points, look] with a generator → its settings, and all pixels in base64
DRAW = """async ({ views, ...options }) => {
  const names = ["faces", "look", "point"].map((name) => import(`/static/${name}.js`));
  const [{ Faces }, { lookOf }, { parse }] = await Promise.all(names);
  const faces = await Faces.open(options);
  const parts = [];
  for (const [points, look] of views) {
    const drawn = await faces.draw(points.map((point) => parse(String(point)).point), lookOf(look));
    parts.push(...drawn.map(({ data }) => data));
  }
  faces.close();
  const reader = new FileReader();
  reader.readAsDataURL(new Blob(parts));
  await new Promise((resolve) => (reader.onload = resolve));
  return { ...faces, pixels: reader.result.split(",")[1] };
}"""


def drawn(modules, generator: str, *views, **options) -> tuple[np.ndarray, dict]:
    """Faces of views, (points, look), by the page: `(N, S, S, 3)` uint8, and what it says of the generator."""
    found = modules.evaluate(DRAW, {"generator": generator, "views": views, "workers": 1, **options})
    size = found["settings"]["resolution"]
    pixels = np.frombuffer(base64.b64decode(found.pop("pixels")), np.uint8).reshape(-1, size, size, 4)
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :3], found


def same(found: np.ndarray, expected: np.ndarray) -> None:
    """Within one grey level, and of faces, not of one colour."""
    assert found.shape == expected.shape and expected.std() > 20
    difference = np.abs(found.astype(int) - expected)
    assert difference.max() <= 1 and (difference > 0).mean() < 0.001


def golden(name: str, columns: int) -> np.ndarray:
    with Image.open(GOLDEN / f"{name}.png") as picture:
        return images.unsheet(picture, picture.width // columns)


@pytest.mark.parametrize("folder", released(), ids=lambda folder: folder.name)
def test_released_weights_make_the_same_faces(modules, folder):
    generator = f"/weights/{folder.relative_to(ROOT / 'weights')}/generator.safetensors"
    id = weights.sha256(folder / weights.GENERATOR)[:12]
    found, about = drawn(modules, generator, *[[SEEDS, {"variation": variation}] for variation in VARIATIONS], id=id)
    same(found, golden(id, len(SEEDS)))
    settings = weights.load_generator(folder).settings
    assert about["id"] == id
    assert (about["settings"]["resolution"], about["settings"]["widths"]) == (settings.resolution, [*settings.widths])


@pytest.mark.parametrize("name", ["faces-64", "faces-128"])
def test_looks_and_places_are_the_same(modules, name):
    model = FaceModel(ROOT / "weights" / name)
    files = {part: f"/weights/{name}/{part}.safetensors" for part in ("generator", "directions")}
    along = model.along()
    views = [[SHAPED, {attribute: 1.5}] for attribute in along.of]
    points, look = ["4~13@0.4~(7~9@0.2)@0.5", "12"], {"variation": 1.3, "age": -2, "smile": 1}
    found, _ = drawn(modules, files["generator"], *views, [points, look], directions=files["directions"])
    same(found[:-2], golden(f"{model.id}-{along.id}", len(SHAPED)))
    same(found[-2:], model.faces([parse(point)[0] for point in points], Look(**look)))


ODD = {
    "150 px with skips": ModelSettings(150, latent_dim=7, widths=(12, 9, 8, 7, 5, 3), skips=True),
    "100 px": ModelSettings(100, latent_dim=100, widths=(5, 16, 3, 1, 9)),
    "17 px": ModelSettings(17, latent_dim=2, widths=(8, 5, 3)),
    "16 px with skips": ModelSettings(16, latent_dim=3, widths=(11, 2), skips=True),
}


def network(settings: ModelSettings) -> Generator:
    """A generator whose faces have contrast and whose BatchNorm does something, as after training."""
    torch.manual_seed(settings.resolution)
    generator = Generator(settings)
    for module in generator.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0  # statistics of one batch are those of all
            torch.nn.init.normal_(module.bias, 0.0, 0.3)
    for layer in (generator.to_rgb, *generator.skips):
        torch.nn.init.normal_(layer.weight, 0.0, 0.5 * layer.in_channels**-0.5)
    with torch.no_grad():
        generator(torch.randn(64, settings.latent_dim))
    return generator


@pytest.mark.parametrize("name", ODD)
def test_odd_sizes_and_widths_are_the_same(modules, static_files, name):
    settings, folder = ODD[name], static_files / name
    folder.mkdir()
    weights.save(folder, network(settings), Discriminator(settings), settings, {"training": {}, "metrics": {}})
    generator = weights.load_generator(folder).generator
    points, looks = [0, "1~2@0.5", 3, 4, 5], [0.0, 0.6, 1.0, 1.5]
    found, _ = drawn(modules, f"/{name}/{weights.GENERATOR}", *[[points, {"variation": each}] for each in looks])
    expected = [sampling.faces(generator, [parse(str(point))[0] for point in points], Look(each)) for each in looks]
    same(found, np.concatenate(expected))


def test_a_face_depends_neither_on_the_others_nor_on_the_workers(modules):
    file, seeds = "/weights/faces-64/generator.safetensors", [5, 9, 2, 7, 1, 8, 3, 6, 4]
    together, _ = drawn(modules, file, [seeds, {}], workers=2)
    alone, _ = drawn(modules, file, *[[[seed], {}] for seed in seeds])
    assert np.array_equal(together, alone) and len(np.unique(together, axis=0)) == len(seeds)


def test_what_nobody_waits_for_is_not_drawn(modules):
    """An aborted draw gives way to the next; a closed generator draws nothing."""
    code = """async () => {
      const [{ Faces }, { lookOf }] = [await import("/static/faces.js"), await import("/static/look.js")];
      const faces = await Faces.open({ generator: "/weights/faces-64/generator.safetensors", workers: 1 });
      const seeds = [...Array(64).keys()];
      const stop = new AbortController();
      const name = ({ name }) => name;
      const order = [];
      const first = faces.draw(seeds, lookOf(), { signal: stop.signal }).catch(name).finally(() => order.push(1));
      stop.abort();
      const second = faces.draw([1], lookOf()).finally(() => order.push(2));
      const found = [await first, (await second).length, await faces.draw([], lookOf())];
      const waiting = [faces.draw([1], lookOf()), faces.draw(seeds, lookOf())].map((draw) => draw.catch(name));
      faces.close();
      return [...found, order, ...(await Promise.all(waiting)), await faces.draw([1], lookOf()).catch(name)];
    }"""
    assert modules.evaluate(code) == ["AbortError", 1, [], [1, 2], "AbortError", "AbortError", "AbortError"]


def test_settings_are_pythons(modules):
    """What a header may say, and the sizes that follow from it."""
    code = """async (models) => {
      const { ladder, settingsOf } = await import("/static/settings.js");
      const isPossible = (model) => {
        const seedfaces = JSON.stringify({ model, variation: "scale_latent" });
        try { return Boolean(settingsOf({ seedfaces }, "file")); } catch { return false; }
      };
      return [models.map(isPossible), Array.from({ length: 1009 }, (_, i) => ladder(16 + i))];
    }"""
    models = [
        {"resolution": side, "latent_dim": 1, "widths": [1] * (len(ladder(side)) - 1)} for side in (15, 16, 1024, 1025)
    ]
    models += [{"resolution": 16, "latent_dim": size, "widths": [1, 1]} for size in (0, 1, 4096, 4097)]
    models += [
        {"resolution": 16, "latent_dim": 1, "widths": list(widths)} for widths in ((0, 1), (1, 4096), (4097, 1), (1,))
    ]
    possible, ladders = modules.evaluate(code, models)
    assert possible == [_is_possible(model) for model in models] and sum(possible) == 5
    assert ladders == [ladder(side) for side in range(16, 1025)]


def _is_possible(model: dict) -> bool:
    try:
        return bool(ModelSettings(**{**model, "widths": tuple(model["widths"])}))
    except UserError:
        return False


def test_workers_of_a_device(modules):
    assert modules.evaluate("async () => (await import('/static/faces.js')).workersHere()") in (1, 2, 3, 4)


# --- the binary ----------------------------------------------------------------------------------------------------

CLANG = 14  # the major version that built engine.wasm


def test_engine_is_what_its_source_builds(tmp_path):
    version = shutil.which("clang") and subprocess.run(["clang", "--version"], capture_output=True, text=True).stdout
    found = re.search(r"version (\d+)", version or "")
    if not found or int(found[1]) != CLANG or not shutil.which("wasm-ld"):
        message = f"needs clang {CLANG} and lld, here is {found and found[0]}: apt-get install clang lld on Debian 12"
        pytest.fail(message) if os.environ.get("SEEDFACES_BROWSER") == "required" else pytest.skip(message)
    subprocess.run([ROOT / "gan" / "web" / "engine" / "build.sh", tmp_path], check=True)
    for name in ("engine.wasm", "filters.wasm"):
        built = (tmp_path / name).read_bytes()
        assert built == (STATIC / name).read_bytes(), "its source has changed: run gan/web/engine/build.sh"
        assert len(built) < 10_000
