"""Build the page that needs no server: a folder of static files, which any file server can hand out."""

import argparse
import hashlib
import io
import json
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from PIL import Image

from gan import UserError, expand_home, hub, show_anything
from gan.cards import detector, facts, find, verdict
from gan.hub_name import FULL_NAME, hub_name
from gan.model import additions, tensors, weights
from gan.parts import part
from gan.parts.sliders import CONTROLS
from gan.web import yunet

STATIC = Path(__file__).parent / "static"
WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
DETECTOR = WEIGHTS / "detector"
EMBEDDED = ("faces-128", "faces-64")  # the first is shown where a link names no weights
LIST, VERDICT, FIND = "weights.json", "verdict.json", "find.json"
# folders of the page that a build replaces as a whole
WEIGHTS_FOLDER, ABOUT_FOLDER = "weights", "about"
TIMELINE_STILL = "timeline-still.webp"  # its last picture, where nothing may move


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m gan.web.build", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="a new or empty folder, or one that this command built")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="FOLDER|user/name[@revision]",
        help="weights to show, the first by default; may be repeated; default: all embedded ones, older ones included",
    )
    given = parser.parse_args(expand_home(sys.argv[1:] if arguments is None else arguments))
    build(given.out, given.model)
    size = sum(path.stat().st_size for path in given.out.rglob("*") if path.is_file())
    print(f"Built {given.out}, {size / 1e6:.0f} MB. To see it: python -m http.server -d {given.out}")


def build(out: Path, models: list[str]) -> None:
    """Write the page into a folder; what an earlier build wrote is replaced, other files stay.

    Args:
        out: a folder, created if it does not exist.
        models: weights folders, or `user/name[@revision]` on the Hub; empty: the embedded ones.

    Raises:
        UserError: the folder holds something else or cannot be written, or weights are not there or damaged.
    """
    check_out(out)
    named = [(*found(model), True) for model in models] or embedded()
    loaded = [(name, weights.load_generator(folder), offered) for name, folder, offered in named]
    try:
        for folder in (WEIGHTS_FOLDER, ABOUT_FOLDER):
            shutil.rmtree(out / folder, ignore_errors=True)
        out.mkdir(parents=True, exist_ok=True)
        entries = [write_weights(out, name, each, offered) for name, each, offered in loaded]
        (out / LIST).write_text(
            json.dumps({"weights": entries, "controls": CONTROLS, "photos": write_photos(out)}, ensure_ascii=False),
            encoding="utf-8",
        )
        write_page(out)
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}): name another folder, or make room.") from None


def check_out(out: Path) -> None:
    """
    Raises:
        UserError: `out` is a file, or a folder of something else.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a new folder.")
    # a checkout of a repo for pages may hold nothing but .git
    others = [path.name for path in out.iterdir() if not path.name.startswith(".")] if out.exists() else []
    if others and not {LIST, "sw.js", "engine.wasm"} <= set(others):
        raise UserError(f"{out} holds files that are not of this page: name a new folder.")


def embedded() -> list[tuple[str, Path, bool]]:
    """The weights of this checkout: name, folder, and whether a visitor can choose them; older ones are for links."""
    older = sorted(path.parent for path in WEIGHTS.glob(f"older/*/{weights.GENERATOR}"))
    return [(name, WEIGHTS / name, True) for name in EMBEDDED] + [(folder.name, folder, False) for folder in older]


def found(model: str) -> tuple[str, Path]:
    """What people call weights, and their folder.

    Raises:
        UserError: it is neither a folder nor a name on the Hub, or cannot be fetched.
    """
    if Path(model).is_dir():
        folder = Path(model).resolve()
        return folder.parent.name if folder.name == "weights" else folder.name, folder
    name = hub_name(model)
    if not FULL_NAME.fullmatch(name):
        raise UserError(f"--model {model} is neither a folder of weights nor a repo on the Hub (user/name).")
    repo_id, _, revision = name.partition("@")
    return name, hub.pull(repo_id, revision or None)


def write_weights(out: Path, name: str, loaded: weights.Weights, offered: bool) -> dict:
    """Copy the files of a generator, and return its entry in weights.json.

    Files that a link needs lie in a folder named by the generator's id and never change under their names.
    """
    source, own = loaded.folder, f"{WEIGHTS_FOLDER}/{loaded.generator_id}"
    about = f"{ABOUT_FOLDER}/{loaded.generator_id}"
    (out / own).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / weights.GENERATOR, out / own / weights.GENERATOR)
    if (source / "LICENSE").is_file():
        shutil.copyfile(source / "LICENSE", out / own / "LICENSE")
    entry = {
        "id": loaded.generator_id,
        "name": name,
        "resolution": loaded.settings.resolution,
        "offered": offered,
        "generator": f"{own}/{weights.GENERATOR}",
        "directions": None,
        "along": "",
        "moves": [],
        "index": None,
        "about": f"{about}/",
    }
    if directions := additions.load_directions(source, loaded.settings.latent_dim):
        newest = directions[0]
        entry["directions"] = f"{own}/directions-{newest.id}.safetensors"
        entry |= {"along": newest.id, "moves": list(newest.of)}
        shutil.copyfile(source / additions.DIRECTIONS, out / entry["directions"])
    if index := additions.load_seed_index(source):
        entry["index"] = {file: f"{own}/{file}-{index.id}.safetensors" for file in ("descriptor", "seeds")}
        for file, address in entry["index"].items():
            shutil.copyfile(source / f"{file}.safetensors", out / address)
        entry["indexed"] = len(index.rows)
        entry["indexMegabytes"] = round(sum((out / file).stat().st_size for file in entry["index"].values()) / 1e6)
    return entry | write_about(out / about, about, name, loaded)


def write_about(folder: Path, address: str, name: str, loaded: weights.Weights) -> dict:
    """Write what the About tab says of a generator, and return the address of its card where it has one."""
    folder.mkdir(parents=True, exist_ok=True)
    source, pictures = loaded.folder, []
    # a picture alone was left by a measurement of other weights
    measured = {weights.CURVES: True, weights.QUALITY: "quality" in (loaded.config.get("metrics") or {})}
    for picture in (weights.TIMELINE, weights.CURVES, weights.QUALITY):
        if measured.get(picture, True) and (source / picture).is_file():
            shutil.copyfile(source / picture, folder / picture)
            pictures.append(picture)
    if weights.TIMELINE in pictures:
        still = last_picture(source / weights.TIMELINE)
        if still:
            (folder / TIMELINE_STILL).write_bytes(still)
        else:
            pictures.remove(weights.TIMELINE)
    said = [fact._asdict() for fact in facts.of_generator(loaded.config, loaded.generator_id, name)]
    (folder / "about.json").write_text(
        json.dumps({"facts": said, "pictures": pictures}, ensure_ascii=False), encoding="utf-8"
    )
    if not (source / "README.md").is_file():
        return {}
    shutil.copyfile(source / "README.md", folder / "README.md")
    return {"card": f"{address}/README.md"}


def verdict_said() -> dict:
    """What verdict.json holds: the words of a verdict, and what the detector's config says."""
    _, settings, config = weights.load_detector(DETECTOR)
    return {
        "words": verdict.WORDS,
        "trust": detector.trust(config),
        "model": asdict(settings),
        "calibration": config["calibration"],
        "limits": config["unseen"]["calibration"],
        "bounds": verdict.bounds(config["unseen"]["report"]),
    }


def write_photos(out: Path) -> dict[str, str]:
    """Write what is said of photos, and files to judge them with, whose addresses by name are returned."""
    for name, said in ((VERDICT, verdict_said()), (FIND, find.WORDS)):
        (out / name).write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    files = {name: (DETECTOR / f"{name}.safetensors").read_bytes() for name in ("detector", "traces")}
    files["yunet"] = tensors.serialize({name: torch.tensor(value) for name, value in yunet.tensors().items()})
    addresses = {}
    for name, content in files.items():
        addresses[name] = f"{WEIGHTS_FOLDER}/photos/{name}-{hashlib.sha256(content).hexdigest()[:12]}.safetensors"
        (out / addresses[name]).parent.mkdir(parents=True, exist_ok=True)
        (out / addresses[name]).write_bytes(content)
    return addresses


def last_picture(animation: Path) -> bytes:
    """The last picture of an animated WebP, as a WebP file; b"" if it is damaged."""
    file = io.BytesIO()
    try:
        with Image.open(animation, formats=["WEBP"]) as picture:
            picture.seek(picture.n_frames - 1)
            picture.convert("RGB").save(file, "WEBP")
    except Exception:  # Pillow raises many kinds of errors
        return b""
    return file.getvalue()


def write_page(out: Path) -> None:
    """Write everything but the weights: the files in `static/`, and what both pages have in common."""
    page = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.is_file()}
    page |= {name: part(name).encode() for name in ("parts.css", "photos.css")}
    modules = "\n  ".join(f'<link rel="modulepreload" href="{name}">' for name in imported(page, "app.js"))
    shape = part("about-shape.html").replace("<li>", '<li id="about-shape">')
    page["index.html"] = filled(page["index.html"], modules=modules, intro=part("about-intro.html"), shape=shape)
    # for a visit without a network
    listed = ["./", LIST, VERDICT, FIND, *(name for name in page if name != "sw.js")]
    written = [(out / name).read_bytes() for name in (LIST, VERDICT, FIND)]
    contents = hashlib.sha256(b"".join([*page.values(), *written]))
    script = page["sw.js"].decode().replace("seedfaces-BUILD", f"seedfaces-{contents.hexdigest()[:12]}")
    page["sw.js"] = script.replace("FILES = []", f"FILES = {json.dumps(listed)}").encode()
    for name, data in page.items():
        (out / name).write_bytes(data)


def imported(page: Mapping[str, bytes], module: str) -> list[str]:
    """A module and those that are loaded with it, by name."""
    found = [module]
    for name in found:  # it grows meanwhile
        found += [each for each in re.findall(r'from "\./(.+?)"', page[name].decode()) if each not in found]
    return found


def filled(page: bytes, **parts: str) -> bytes:
    """A page with `<!-- name -->` replaced by each part."""
    return re.sub(r"<!-- (\w+) -->", lambda match: parts[match[1]], page.decode()).encode()


if __name__ == "__main__":
    show_anything()
    try:
        main()
    except UserError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit("Stopped: run the same command again.")
