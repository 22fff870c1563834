"""Pictures → a memory-mapped uint8 store of decoded pictures, made once and shared by all runs."""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from filelock import FileLock
from tqdm import tqdm

from gan import UserError, reason
from gan.model import images
from gan.train import machine
from gan.train.pictures.crops import crops
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
    # name, resolution, pictures (that were read), train and held_out (counts of crops), unreadable (names with
    # reasons), unread (names of those that may be readable later), left_out (names of those with no face, or with too
    # small ones), made (seconds since 1970), digest (of the content)
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
    key = f"{STORE_FORMAT} {source.fingerprint} {resolution}" + f" {source.crop}" * (source.crop != "middle")
    key = hashlib.sha256(key.encode()).hexdigest()[:16]
    try:
        folder = store_dir.expanduser() / f"{resolution}px-{key}"
    except RuntimeError:
        raise UserError("The home folder is not known: choose a folder with --store_dir.") from None
    new = [path for path in (folder.parent, *folder.parent.parents) if not path.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if folder.exists() and not _is_whole(folder):
                shutil.rmtree(folder)
            lacking = _lacking(folder)
            found = [made for made in lacking if _info(made)["digest"] == digest]
            found = found or [folder][: folder.exists()] or [made for made in lacking if _is_good_yet(made, source)]
            folder = found[0] if found else _build(source, resolution, folder)
    except BrokeOff:
        raise
    except UserError:  # nothing is left of a store that was refused
        folder.with_suffix(".lock").unlink(missing_ok=True)
        for path in new:
            with suppress(OSError):
                path.rmdir()
        raise
    except OSError as error:
        raise UserError(
            f"The decoded pictures cannot be kept in {folder.parent}: {error.strerror or error}. "
            "Free some space there or choose another --store_dir."
        ) from error
    # named after what is read now: older versions wrote where it lay, and a copy elsewhere has the same store
    info = {**_info(folder), "name": source.name}
    _say_left_out(info)
    return Store(folder, info, *(_map(folder / f"{part}.u8", info[part], resolution) for part in ("train", "held_out")))


def _lacking(folder: Path) -> list[Path]:
    """Stores of the same source and size that lack pictures which could not be read, the newest first."""
    made = [path for path in folder.parent.glob(f"{folder.name}-*") if _is_whole(path)]
    return sorted(made, key=lambda path: _info(path)["made"], reverse=True)


def _is_whole(folder: Path) -> bool:
    """Whether a store has all its pixels: a power cut may have left less, and reading beyond the end of a file that is
    mapped into memory kills the process."""
    try:
        info = _info(folder)
        sizes = {part: 3 * info["resolution"] ** 2 * info[part] for part in PARTS}
        return all((folder / f"{part}.u8").stat().st_size == size for part, size in sizes.items() if size)
    except (OSError, ValueError, LookupError, TypeError):
        return False


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
    _check_space(source, resolution, temporary)
    temporary.mkdir(exist_ok=True)  # may hold what an earlier run has decoded
    try:
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
    decoded = sum(path.stat().st_size for path in folder.glob("*.u8"))
    needed, free = (source.count or 0) * resolution**2 * 3 - decoded, shutil.disk_usage(folder.parent).free
    if needed > free:
        raise UserError(
            f"{source.count:,} pictures at {resolution} px take {needed / 1e6:,.1f} MB and {folder.parent} has "
            f"{free / 1e6:,.1f} MB free. Free some space there or choose another --store_dir."
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
                decoded = pool.map(lambda item: _decode(item, resolution, source.crop), chunk)
                for picture, (kept, part, note) in zip(chunk, decoded):
                    made.read += 1
                    for crop in kept:
                        made.add(part, crop)
                    if part not in PARTS or note:
                        (made.left_out if part in PARTS else made.unreadable).append(f"{picture.name} ({note})")
                    if part == _UNREAD:
                        made.unread.append(picture.name)
                    made.position = picture.position
                    progress.update()
                made.note()
            finished = True
        except BrokeOff:
            made.note(now=True)
            raise
        finally:
            made.close(finished)
    lists = {name: getattr(made, name) for name in ("unreadable", "unread", "left_out")}
    info = {"pictures": made.read, **made.counts, **lists, "digest": made.digest.hexdigest()}
    _judge(source, resolution, info)
    return info


def _decode(picture: Picture, resolution: int, crop: str) -> tuple[list[bytes], str | None, str]:
    """Crops of one picture, the part that they belong to, and what was left out of it; for an unreadable one none,
    whether the file may be readable later or not, and the reason."""
    try:
        data = picture.read()
    except UserError:
        raise
    except OSError as error:  # of a network drive, say: nothing is known about the picture
        return [], _UNREAD, reason(error)
    except MemoryError:  # says nothing about the picture
        raise
    except Exception as error:
        return [], None, reason(error)
    try:
        kept, left_out = crops(images.decode(data), resolution, crop)
    except MemoryError:
        raise
    except Exception as error:  # Pillow's plugins raise all kinds of errors on damaged files
        return [], None, reason(error).split(" <_io", 1)[0]  # without the buffer's address in memory
    held_out = picture.held_out
    if held_out is None:
        # by content: copies of a picture land in the same part, whatever their names
        held_out = int.from_bytes(hashlib.sha256(data).digest()[:8], "big") < HELD_OUT_SHARE * 2**64
    return [each.tobytes() for each in kept], "held_out" if held_out else "train", left_out


def _judge(source: Source, resolution: int, info: dict) -> None:
    total, unreadable = info["pictures"], info["unreadable"]
    if not total:
        raise UserError(f"There is no picture in {source.name}.")
    if len(unreadable) > max(1, UNREADABLE_LIMIT * total):
        raise UserError(
            f"{len(unreadable):,} of {total:,} pictures in {source.name} cannot be decoded, more than "
            f"{UNREADABLE_LIMIT:.0%}: {_some(unreadable)}. Repair or remove them."
        )
    if source.crop != "middle" and not info["train"] + info["held_out"]:
        raise UserError(
            f"No face of {resolution} pixels or more was found in the {total:,} pictures in {source.name}: "
            "give larger photos, or choose a smaller --resolution or --crop middle."
        )
    if not info["train"]:
        raise UserError(
            f"None of the {total:,} pictures in {source.name} is left to train on: "
            "files and folders called test or validation are never trained on."
        )


def _say_left_out(info: dict) -> None:
    """Name the pictures that are missing in a store."""
    total = info.get("pictures") or info["train"] + info["held_out"] + len(info["unreadable"])
    if info["unreadable"]:
        say(
            f"{len(info['unreadable']):,} of {total:,} pictures cannot be decoded and are left out: "
            f"{_some(info['unreadable'])}"
        )
    if info.get("left_out"):
        say(
            f"{info['train'] + info['held_out']:,} faces were found in {total:,} pictures. {len(info['left_out']):,} "
            f"pictures have none, or some that are too small, which are left out: {_some(info['left_out'])}"
        )


def _some(names: list[str]) -> str:
    return "; ".join(names[:5]) + (" …" if len(names) > 5 else "")


def _chunks(items: Iterator, size: int) -> Iterator[list]:
    while chunk := list(islice(items, size)):
        yield chunk


def _map(path: Path, count: int, resolution: int) -> np.ndarray:
    shape = (count, resolution, resolution, 3)
    return np.memmap(path, np.uint8, "r", shape=shape) if count else np.zeros(shape, np.uint8)
