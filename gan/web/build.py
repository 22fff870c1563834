"""Build the page that needs no server: a folder of static files, which any file server can hand out."""

import argparse
import hashlib
import io
import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from gan import UserError, expand_home, hub, show_anything
from gan.hub_name import FULL_NAME, hub_name
from gan.model import weights
from gan.parts import part
from gan.parts.sliders import CONTROLS
from gan.web.generators import ABOUT_FOLDER, WEIGHTS_FOLDER, write_weights
from gan.web.photos import FIND, VERDICT, write_photos

STATIC = Path(__file__).parent / "static"
WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
DETECTOR = WEIGHTS / "detector"
EMBEDDED = ("faces-128", "faces-64")  # the first is shown where a link names no weights
LIST = "weights.json"
ICON, SMALLER_ICONS = "icon-512.png", (180, 192)  # icon.svg for systems that take no SVG; sides in pixels: iOS, Android


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
        photos = write_photos(out, DETECTOR)
        (out / LIST).write_text(
            json.dumps({"weights": entries, "controls": CONTROLS, "photos": photos}, ensure_ascii=False),
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


def write_page(out: Path) -> None:
    """Write everything but the weights: the files in `static/`, and what both pages have in common."""
    page = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.is_file()}
    page |= {name: part(name).encode() for name in ("parts.css", "photos.css")}
    page |= {f"icon-{side}.png": smaller(page[ICON], side) for side in SMALLER_ICONS}
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


def smaller(png: bytes, side: int) -> bytes:
    """A square PNG file at another size."""
    file = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").resize((side, side), Image.Resampling.LANCZOS).save(file, "PNG")
    return file.getvalue()


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
