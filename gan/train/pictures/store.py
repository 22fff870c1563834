"""Pictures → a memory-mapped uint8 store of decoded pictures, made once and shared by all runs."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from filelock import FileLock
from tqdm import tqdm

from gan import UserError, reason
from gan.model import images
from gan.train import machine
from gan.train.pictures.sources import Picture, Source

STORE_FORMAT = 1
HELD_OUT_SHARE = 0.02  # of the pictures, where the source has no splits of its own
UNREADABLE_LIMIT = 0.01  # share of pictures that may fail to decode


@dataclass(frozen=True)
class Store:
    """Decoded pictures on disk, shared by every process and every later run."""

    folder: Path
    info: dict  # name, resolution, train and held_out (counts), unreadable (names), digest (of the content)
    train: np.ndarray  # (N, S, S, 3) uint8, memory-mapped
    held_out: np.ndarray  # (M, S, S, 3) uint8, memory-mapped, never trained on


def open_store(source: Source, resolution: int, store_dir: Path) -> Store:
    """The store of a source at a resolution; decodes the pictures if no earlier run has done so.

    The first process decodes, the others wait for its lock, so no collective call is needed.

    Raises:
        UserError: more than `UNREADABLE_LIMIT` of the pictures cannot be decoded, none is left to train on, the disk is
            full, or the source breaks off.
    """
    key = hashlib.sha256(f"{STORE_FORMAT} {source.fingerprint} {resolution}".encode()).hexdigest()[:16]
    folder = store_dir.expanduser() / f"{resolution}px-{key}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not folder.exists():
                _build(source, resolution, folder)
    except OSError as error:
        raise UserError(
            f"The decoded pictures cannot be kept in {folder.parent}: {error.strerror or error}. "
            "Free some space there or choose another --store_dir."
        ) from error
    # named after what is read now: older versions wrote where it lay, and a copy elsewhere has the same store
    info = {**json.loads((folder / "info.json").read_text()), "name": source.name}
    return Store(folder, info, *(_map(folder / f"{part}.u8", info[part], resolution) for part in ("train", "held_out")))


def _build(source: Source, resolution: int, folder: Path) -> None:
    temporary = folder.with_suffix(".tmp")
    shutil.rmtree(temporary, ignore_errors=True)  # left by a run that was killed while decoding
    temporary.mkdir()
    try:
        _check_space(source, resolution, temporary)
        info = {"name": source.name, "resolution": resolution, **_decode_all(source, resolution, temporary)}
        (temporary / "info.json").write_text(json.dumps(info, indent=2))
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_space(source: Source, resolution: int, folder: Path) -> None:
    needed, free = (source.count or 0) * resolution**2 * 3, shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{source.count:,} pictures at {resolution} px take {needed / 1e9:.1f} GB and {folder.parent} has "
            f"{free / 1e9:.1f} GB free. Free some space there or choose another --store_dir."
        )


def _decode_all(source: Source, resolution: int, folder: Path) -> dict:
    """Write train.u8 and held_out.u8 in the source's order, a few hundred pictures at a time."""
    counts, unreadable, digest = {"train": 0, "held_out": 0}, [], hashlib.sha256()
    with (
        tqdm(total=source.count, desc=f"Decoding to {resolution} px", unit="picture", smoothing=0.05) as progress,
        open(folder / "train.u8", "wb") as train,
        open(folder / "held_out.u8", "wb") as held_out,
        ThreadPoolExecutor(max(machine.cores(), 16)) as pool,  # pictures on the Hub are waited for
    ):
        files = {"train": train, "held_out": held_out}
        for chunk in _chunks(source.pictures(), 256):
            for picture, (pixels, part) in zip(chunk, pool.map(lambda item: _decode(item, resolution), chunk)):
                if part is None:
                    unreadable.append(f"{picture.name} ({pixels})")
                else:
                    files[part].write(pixels)
                    digest.update(part.encode() + pixels)
                    counts[part] += 1
                progress.update()
    _judge(source, counts, unreadable)
    return {**counts, "unreadable": unreadable, "digest": digest.hexdigest()}


def _decode(picture: Picture, resolution: int) -> tuple[bytes, str] | tuple[str, None]:
    """Pixels of one picture and the part that they belong to; for an unreadable one, the reason and None."""
    try:
        data = picture.read()
        pixels = images.training_crop(images.decode(data), resolution).tobytes()
    except UserError:
        raise
    except Exception as error:  # Pillow's plugins raise all kinds of errors on damaged files
        return reason(error).split(" <_io", 1)[0], None  # without the buffer's address in memory
    held_out = picture.held_out
    if held_out is None:
        # by content: copies of a picture land in the same part, whatever their names
        held_out = int.from_bytes(hashlib.sha256(data).digest()[:8], "big") < HELD_OUT_SHARE * 2**64
    return pixels, "held_out" if held_out else "train"


def _judge(source: Source, counts: dict[str, int], unreadable: list[str]) -> None:
    total = sum(counts.values()) + len(unreadable)
    named = "; ".join(unreadable[:5]) + (" …" if len(unreadable) > 5 else "")
    if len(unreadable) > UNREADABLE_LIMIT * total:
        raise UserError(
            f"{len(unreadable):,} of {total:,} pictures in {source.name} cannot be decoded, more than "
            f"{UNREADABLE_LIMIT:.0%}: {named}. Repair or remove them."
        )
    if not counts["train"]:
        raise UserError(
            f"None of the {total:,} pictures in {source.name} is left to train on: "
            "files and folders called test or validation are never trained on."
        )
    if unreadable:
        tqdm.write(f"{len(unreadable):,} of {total:,} pictures cannot be decoded and are left out: {named}")


def _chunks(items: Iterator, size: int) -> Iterator[list]:
    while chunk := list(islice(items, size)):
        yield chunk


def _map(path: Path, count: int, resolution: int) -> np.ndarray:
    shape = (count, resolution, resolution, 3)
    return np.memmap(path, np.uint8, "r", shape=shape) if count else np.zeros(shape, np.uint8)
