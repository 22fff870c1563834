"""The files of a generator for the static page: its weights, and what About says of it."""

import io
import json
import shutil
from pathlib import Path

from PIL import Image

from gan.cards import facts
from gan.model import additions, weights

# folders of the page that a build replaces as a whole
WEIGHTS_FOLDER, ABOUT_FOLDER = "weights", "about"
TIMELINE_STILL = "timeline-still.webp"  # its last picture, where nothing may move


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
        "directions": _write_directions(out, own, loaded),
        "about": f"{about}/",
    }
    return entry | _write_index(out, own, source) | _write_about(out / about, about, name, loaded)


def _write_directions(out: Path, own: str, loaded: weights.Weights) -> list[dict]:
    """Copy a generator's directions, the newest first, and those that older links name."""
    source, entries = loaded.folder, []
    for directions in additions.load_directions(source, loaded.settings.latent_dim):
        older = source / additions.OLDER_DIRECTIONS / f"{directions.id}.safetensors"
        file = f"{own}/directions-{directions.id}.safetensors"
        shutil.copyfile(older if entries else source / additions.DIRECTIONS, out / file)
        entries.append({"id": directions.id, "moves": list(directions.of), "file": file})
    return entries


def _write_index(out: Path, own: str, source: Path) -> dict:
    """Copy the index of a generator's seeds, and return what weights.json says of it."""
    index = additions.load_seed_index(source)
    if not index:
        return {"index": None}
    files = {file: f"{own}/{file}-{index.id}.safetensors" for file in ("descriptor", "seeds")}
    for file, address in files.items():
        shutil.copyfile(source / f"{file}.safetensors", out / address)
    size = sum((out / address).stat().st_size for address in files.values())
    return {"index": files, "indexed": len(index.rows), "indexMegabytes": round(size / 1e6)}


def _write_about(folder: Path, address: str, name: str, loaded: weights.Weights) -> dict:
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
        still = _last_picture(source / weights.TIMELINE)
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


def _last_picture(animation: Path) -> bytes:
    """The last picture of an animated WebP, as a WebP file; b"" if it is damaged."""
    file = io.BytesIO()
    try:
        with Image.open(animation, formats=["WEBP"]) as picture:
            picture.seek(picture.n_frames - 1)
            picture.convert("RGB").save(file, "WEBP")
    except Exception:  # Pillow raises many kinds of errors
        return b""
    return file.getvalue()
