"""Pictures → a memory-mapped uint8 store of decoded pictures, made once and shared by all runs."""

import hashlib
import json
import shutil
import time
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
from gan.train.pictures.source import BrokeOff, Picture, Source, say
from gan.train.pictures.unfinished import PARTS, Unfinished

STORE_FORMAT = 1
HELD_OUT_SHARE = 0.02  # of the pictures, where the source has no splits of its own
UNREADABLE_LIMIT = 0.01  # share of pictures that may fail to decode; one may in any case
_UNREAD = "unread"  # instead of a part: the file may be readable later
_STARTED = time.time()  # before any process of this run has made a store


@dataclass(frozen=True)
class Store:
    """Decoded pictures on disk, shared by every process and every later run."""

    folder: Path
    # name, resolution, train and held_out (counts), unreadable (names with reasons), unread (names of those that may be
    # readable later), made (seconds since 1970), digest (of the content)
    info: dict
    train: np.ndarray  # (N, S, S, 3) uint8, memory-mapped
    held_out: np.ndarray  # (M, S, S, 3) uint8, memory-mapped, never trained on


def open_store(source: Source, resolution: int, store_dir: Path, digest: str | None = None) -> Store:
    """The store of a source at a resolution; decodes the pictures if no earlier run has done so.

    The first process decodes, the others wait for its lock, so no collective call is needed.

    A store lacks the pictures whose files could not be read (a network drive, a wrong mode). It serves the run that
    made it, one that resumes it, and later ones until a file can be read.

    Args:
        digest: of the store that a run which is resumed has used.

    Raises:
        UserError: more than `UNREADABLE_LIMIT` of the pictures cannot be decoded, none is left to train on, the disk is
            full, or the source breaks off.
    """
    key = hashlib.sha256(f"{STORE_FORMAT} {source.fingerprint} {resolution}".encode()).hexdigest()[:16]
    folder = store_dir.expanduser() / f"{resolution}px-{key}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            lacking = _lacking(folder)
            found = [made for made in lacking if _info(made)["digest"] == digest]
            found = found or [folder][: folder.exists()] or [made for made in lacking if _is_good_yet(made, source)]
            folder = found[0] if found else _build(source, resolution, folder)
    except OSError as error:
        raise UserError(
            f"The decoded pictures cannot be kept in {folder.parent}: {error.strerror or error}. "
            "Free some space there or choose another --store_dir."
        ) from error
    # named after what is read now: older versions wrote where it lay, and a copy elsewhere has the same store
    info = {**_info(folder), "name": source.name}
    _say_unreadable(info)
    return Store(folder, info, *(_map(folder / f"{part}.u8", info[part], resolution) for part in ("train", "held_out")))


def _lacking(folder: Path) -> list[Path]:
    """Stores of the same source and size that lack pictures which could not be read, the newest first."""
    made = [path for path in folder.parent.glob(f"{folder.name}-*") if (path / "info.json").is_file()]
    return sorted(made, key=lambda path: _info(path)["made"], reverse=True)


def _is_good_yet(made: Path, source: Source) -> bool:
    """Whether a store that lacks pictures is of this run, or none of them can be read now."""
    info = _info(made)
    if info["made"] > _STARTED:
        return True
    missing = set(info["unread"])
    return not any(_can_read(picture) for picture in source.pictures() if picture.name in missing)


def _can_read(picture: Picture) -> bool:
    try:
        picture.read()
    except (OSError, UserError):
        return False
    except Exception:  # it can be read, and is no picture
        pass
    return True


def _info(folder: Path) -> dict:
    return json.loads((folder / "info.json").read_text(encoding="utf-8"))


def _build(source: Source, resolution: int, folder: Path) -> Path:
    """Decode the pictures of a source; returns the folder of the store, which has a longer name if it lacks some."""
    temporary = folder.with_suffix(".tmp")
    temporary.mkdir(exist_ok=True)  # may hold what an earlier run has decoded
    try:
        _check_space(source, resolution, temporary)
        info = {"name": source.name, "resolution": resolution, **_decode_all(source, resolution, temporary)}
        (temporary / "info.json").write_text(json.dumps({**info, "made": time.time()}, indent=2), encoding="utf-8")
        if info["unread"]:
            folder = folder.with_name(f"{folder.name}-{info['digest'][:8]}")
            shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except (BrokeOff, KeyboardInterrupt):
        raise
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return folder


def _check_space(source: Source, resolution: int, folder: Path) -> None:
    needed, free = (source.count or 0) * resolution**2 * 3, shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{source.count:,} pictures at {resolution} px take {needed / 1e9:.1f} GB and {folder.parent} has "
            f"{free / 1e9:.1f} GB free. Free some space there or choose another --store_dir."
        )


def _decode_all(source: Source, resolution: int, folder: Path) -> dict:
    """Write train.u8 and held_out.u8 in the source's order, a few hundred pictures at a time."""
    made = Unfinished(folder, 3 * resolution**2)
    finished = False
    with (
        tqdm(
            total=source.count, initial=made.read, desc=f"Decoding to {resolution} px", unit="picture", smoothing=0.05
        ) as progress,
        ThreadPoolExecutor(max(machine.cores(), 16)) as pool,  # pictures on the Hub are waited for
    ):
        try:
            for chunk in _chunks(source.after(made.read, made.position), 256):
                for picture, (pixels, part) in zip(chunk, pool.map(lambda item: _decode(item, resolution), chunk)):
                    if part in PARTS:
                        made.add(part, pixels)
                    else:
                        made.unreadable.append(f"{picture.name} ({pixels})")
                    if part == _UNREAD:
                        made.unread.append(picture.name)
                    progress.update()
                made.note(chunk[-1].position)
            finished = True
        except BrokeOff:
            made.note(made.position, now=True)
            raise
        finally:
            made.close(finished)
    _judge(source, made.counts, made.unreadable)
    return {**made.counts, "unreadable": made.unreadable, "unread": made.unread, "digest": made.digest.hexdigest()}


def _decode(picture: Picture, resolution: int) -> tuple[bytes, str] | tuple[str, str | None]:
    """Pixels of one picture and the part that they belong to; for an unreadable one, the reason, and whether the file
    may be readable later or not."""
    try:
        data = picture.read()
    except UserError:
        raise
    except OSError as error:  # of a network drive, say: nothing is known about the picture
        return reason(error), _UNREAD
    except Exception as error:
        return reason(error), None
    try:
        pixels = images.training_crop(images.decode(data), resolution).tobytes()
    except Exception as error:  # Pillow's plugins raise all kinds of errors on damaged files
        return reason(error).split(" <_io", 1)[0], None  # without the buffer's address in memory
    held_out = picture.held_out
    if held_out is None:
        # by content: copies of a picture land in the same part, whatever their names
        held_out = int.from_bytes(hashlib.sha256(data).digest()[:8], "big") < HELD_OUT_SHARE * 2**64
    return pixels, "held_out" if held_out else "train"


def _judge(source: Source, counts: dict[str, int], unreadable: list[str]) -> None:
    total = sum(counts.values()) + len(unreadable)
    if len(unreadable) > max(1, UNREADABLE_LIMIT * total):
        raise UserError(
            f"{len(unreadable):,} of {total:,} pictures in {source.name} cannot be decoded, more than "
            f"{UNREADABLE_LIMIT:.0%}: {_some(unreadable)}. Repair or remove them."
        )
    if not counts["train"]:
        raise UserError(
            f"None of the {total:,} pictures in {source.name} is left to train on: "
            "files and folders called test or validation are never trained on."
        )


def _say_unreadable(info: dict) -> None:
    if info["unreadable"]:
        total = info["train"] + info["held_out"] + len(info["unreadable"])
        say(
            f"{len(info['unreadable']):,} of {total:,} pictures cannot be decoded and are left out: "
            f"{_some(info['unreadable'])}"
        )


def _some(names: list[str]) -> str:
    return "; ".join(names[:5]) + (" …" if len(names) > 5 else "")


def _chunks(items: Iterator, size: int) -> Iterator[list]:
    while chunk := list(islice(items, size)):
        yield chunk


def _map(path: Path, count: int, resolution: int) -> np.ndarray:
    shape = (count, resolution, resolution, 3)
    return np.memmap(path, np.uint8, "r", shape=shape) if count else np.zeros(shape, np.uint8)
