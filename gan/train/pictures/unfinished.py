"""A store while it is made: what is decoded is on the disk, so a run that broke off goes on after it."""

import hashlib
import json
import os
import time
from pathlib import Path

PARTS = ("train", "held_out")
# pictures of the source that have been read, crops in each part, names of pictures, and where to go on
_NOTED = ("read", "counts", "unreadable", "unread", "left_out", "position")
_EVERY = 10  # seconds between notes of how far the source has been read


class Unfinished:
    """The files of a store: pixels of each part, the order of the parts, and how far the source has been read.

    Args:
        folder: exists; holds nothing, or what an earlier run left.
        size: bytes of a crop.
    """

    def __init__(self, folder: Path, size: int):
        self.folder, self.size = folder, size
        self._files = {name: open(self._path(name), "a+b") for name in (*PARTS, "order")}
        self._noted = time.monotonic()
        try:
            self._go_on(json.loads((folder / "progress.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, LookupError, TypeError):  # there is none, or the files are not what it says
            lists = {"unreadable": [], "unread": [], "left_out": []}
            self._go_on({"read": 0, "counts": dict.fromkeys(PARTS, 0), "position": None, **lists})

    def add(self, part: str, pixels: bytes) -> None:
        """Append a crop to a part."""
        self._files[part].write(pixels)
        self._files["order"].write(b"%d" % PARTS.index(part))
        self.digest.update(part.encode() + pixels)
        self.counts[part] += 1

    def note(self, now: bool = False) -> None:
        """Note how far the source has been read, at intervals or now; after a kill, the next run goes on from there."""
        if now or time.monotonic() - self._noted > _EVERY:
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
            temporary = self.folder / "progress.tmp"
            temporary.write_text(json.dumps({name: getattr(self, name) for name in _NOTED}), encoding="utf-8")
            temporary.replace(self.folder / "progress.json")
            self._noted = time.monotonic()

    def close(self, finished: bool) -> None:
        """Close the files; of a finished store only the pixels are kept."""
        for file in self._files.values():
            file.close()
        if finished:
            self._path("order").unlink()
            (self.folder / "progress.json").unlink(missing_ok=True)

    def _go_on(self, progress: dict) -> None:
        """Take what is noted, and remove what is not."""
        self.read, self.counts, self.unreadable, self.unread, self.left_out, self.position = (
            progress[name] for name in _NOTED
        )
        lengths = {part: self.counts[part] * self.size for part in PARTS} | {"order": sum(self.counts.values())}
        for name, length in lengths.items():
            if self._path(name).stat().st_size < length:
                raise ValueError(f"{name} was cut short")
            self._files[name].truncate(length)
            self._files[name].seek(0)
        self.digest = hashlib.sha256()
        for digit in self._files["order"].read():
            part = PARTS[digit - ord("0")]
            self.digest.update(part.encode() + self._files[part].read(self.size))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.u8"
