"""Uploads become pixels in a process of their own, which may take only so much time and memory.

A file of a few kilobytes can keep any decoder busy for hours or fill any memory: a progressive JPEG of a million
scans, a GIF whose comment comes in pieces of one letter, an EXIF whose tags all share one megabyte. Checks of each
format would never be complete. The process is kept for the next upload, ends with the page, and is replaced when it
has failed.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from gan import UserError
from gan.serve import files

SECONDS = 8  # for one upload: what cannot be decoded by then is refused
MOST_MEMORY = 3 * 2**30  # bytes of the process's address space
KEPT_MEMORY = 2**30  # bytes: a process that needed more for an upload is replaced, since it may not give them back
REFUSED = "This picture cannot be read in reasonable time and memory: save it again, or use another one."
_ROOT = Path(__file__).resolve().parents[2]


class Reader:
    """`files.read_picture` in another process."""

    def __init__(self):
        self._process: subprocess.Popen | None = None
        self._pixels: BinaryIO | None = None  # without a name: through a pipe they would take as long as their decoding
        self._one_at_a_time = threading.Lock()

    def read(self, data: bytes) -> Image.Image:
        """An uploaded file → PIL RGB image.

        Raises:
            UserError: the file is not a picture, or it is damaged, too large, too small or too laborious; with one
                sentence.
        """
        with self._one_at_a_time:
            process = self._running()
            timer = threading.Timer(SECONDS, process.kill)
            timer.start()
            try:
                process.stdin.write(b"%d\n" % len(data))
                process.stdin.write(data)
                process.stdin.flush()
                answer = json.loads(process.stdout.readline())
                self._pixels.seek(0)
                picture = None if answer["refused"] else Image.open(self._pixels, formats=["PPM"])
                if picture:
                    picture.load()
                self._pixels.truncate(0)
                if answer["peak"] > KEPT_MEMORY:
                    self.end()
            except (OSError, ValueError):  # it was killed, or has crashed: the answer is missing or cut
                self.end()
                raise UserError(REFUSED) from None
            finally:
                timer.cancel()
        if answer["refused"]:
            raise UserError(answer["refused"])
        return picture

    def end(self) -> None:
        """End the process; the next upload starts another one."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None
            self._pixels.close()

    def start(self) -> None:
        """Start the process, if it does not run yet: that takes a third of a second."""
        with self._one_at_a_time:
            self._running()

    def _running(self) -> subprocess.Popen:
        if not self._process or self._process.poll() is not None:
            self.end()
            self._pixels = _nameless_file()
            # decoders may print what they think of a file
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gan.serve.reader", str(self._pixels.fileno())],
                cwd=_ROOT,
                pass_fds=[self._pixels.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process


READER = Reader()


def _nameless_file() -> BinaryIO:
    """Where the system can, it is in memory only."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("pixels"), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def main() -> None:
    """Answer uploads until standard input ends, as it does when the page does: the pixels into the file whose
    descriptor is the argument, then a line of JSON."""
    pixels = os.fdopen(int(sys.argv[1]), "w+b", buffering=0)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while line := sys.stdin.buffer.readline():
        refused = ""
        try:
            picture = files.read_picture(sys.stdin.buffer.read(int(line)))
            pixels.seek(0)
            picture.save(pixels, "PPM")
        except UserError as error:
            refused = str(error)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        answers.write(json.dumps({"refused": refused, "peak": peak}).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
