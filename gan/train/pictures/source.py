"""What a source of pictures is: a fingerprint, a count where it is known, and pictures, still encoded, in an order."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from gan import UserError, reason

LFS_POINTER = b"version https://git-lfs"
# below this share of the pictures, what is called test, val or dev may be a person's name
_FEWEST = 0.005
# words by which Hugging Face's `datasets` recognises test and validation splits
_HELD_OUT = re.compile(r"(^|[-._ 0-9])(test|testing|eval|evaluation|validation|valid|val|dev)([-._ 0-9]|$)", re.I)

# what macOS adds to archives, thumbnails of a network drive, and what was deleted
_OF_SYSTEMS = {"__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN"}


class BrokeOff(UserError):
    """Reading a source broke off: what was decoded is kept, and the next run goes on after it."""

    def __init__(self, what: str, error: Exception):
        super().__init__(f"Reading {what} broke off ({reason(error)}): run the same command again.")


@dataclass(frozen=True)
class Picture:
    """One picture, not yet decoded."""

    name: str  # for people
    held_out: bool | None  # True, False, or None where the source has no splits
    # raises OSError: the file cannot be read now; UserError: nor can all others; anything else: it is no picture
    read: Callable[[], bytes]
    position: dict | None = None  # where `Source.resume` goes on after this picture; JSON


@dataclass(frozen=True)
class Source:
    """A set of pictures in an order that never changes."""

    name: str  # for people: the folder's last name, or the data set's
    fingerprint: str  # changes when what is read changes
    count: int | None
    pictures: Callable[[], Iterator[Picture]]
    resume: Callable[[dict], Iterator[Picture]] | None = None  # the pictures after a `Picture.position`
    crop: str = "middle"  # what is kept of each picture: "middle", "largest" (face) or "all" (faces)

    def after(self, count: int, position: dict | None) -> Iterator[Picture]:
        """The pictures but for the first `count`, the last of which was at `position`."""
        return self.resume(position) if self.resume and position else islice(self.pictures(), count, None)


def is_held_out(parts: tuple[str, ...]) -> bool:
    """Whether a folder or file in a path is named test or validation; extensions do not count."""
    return any(_HELD_OUT.search(part) for part in (*parts[:-1], Path(parts[-1]).stem))


def held_out_of(paths: list[Path]) -> list[bool | None]:
    """For each picture, by its path below the source: `Picture.held_out`."""
    held_out = [is_held_out(path.parts) for path in paths]
    splits = sum(held_out) > _FEWEST * len(paths)
    # held out in any case; where they are too few to measure with, the store holds out others, too
    return [held or (False if splits else None) for held in held_out]


def is_hidden(path: Path) -> bool:
    """Whether a path below a source is nobody's picture: hidden, or what systems add to folders and archives."""
    return any(part.startswith(".") or part in _OF_SYSTEMS for part in path.parts)


def checked(data: bytes) -> bytes:
    """The bytes of a file.

    Raises:
        ValueError: they are what git leaves in its place where git-lfs is missing.
    """
    if data.startswith(LFS_POINTER):
        raise ValueError("a git-lfs pointer, not the picture itself: run `git lfs pull` there")
    return data


def printable(name: str) -> str:
    """A file name on one line that any UTF-8 terminal or file takes: what cannot be shown becomes question marks."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def fingerprint(listing: list) -> str:
    """A hash of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()


def say(sentence: str) -> None:
    """Print a sentence in one process of each machine, since the fault may be on one machine only."""
    if os.environ.get("LOCAL_RANK", "0") == "0":
        tqdm.write(sentence)
