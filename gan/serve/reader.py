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
import threading
from pathlib import Path

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
                width, height = answer["size"]
                pixels = process.stdout.read(3 * width * height)
                if answer["peak"] > KEPT_MEMORY:
                    self.end()
                if answer["refused"]:
                    raise UserError(answer["refused"])
                return Image.frombuffer("RGB", (width, height), pixels, "raw", "RGB", 0, 1)
            except (OSError, ValueError):  # it was killed, or has crashed: the answer is missing or cut
                self.end()
                raise UserError(REFUSED) from None
            finally:
                timer.cancel()

    def end(self) -> None:
        """End the process; the next upload starts another one."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def start(self) -> None:
        """Start the process, if it does not run yet: that takes a third of a second."""
        with self._one_at_a_time:
            self._running()

    def _running(self) -> subprocess.Popen:
        if not self._process or self._process.poll() is not None:
            self.end()
            # decoders may print what they think of a file
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gan.serve.reader"],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process


READER = Reader()


def main() -> None:
    """Answer uploads until standard input ends, as it does when the page does: a line of JSON, then the pixels."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while line := sys.stdin.buffer.readline():
        size, pixels, refused = (0, 0), b"", ""
        try:
            picture = files.read_picture(sys.stdin.buffer.read(int(line)))
            size, pixels = picture.size, picture.tobytes()
        except UserError as error:
            refused = str(error)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        answers.write(json.dumps({"size": size, "refused": refused, "peak": peak}).encode() + b"\n" + pixels)
        answers.flush()


if __name__ == "__main__":
    main()
