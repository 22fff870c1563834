"""Moments of a run at which something happens: a change of its files, or a time after its start."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from gan.train.generator.step import GanStep

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree", "shutil.copyfile",
            "shutil.copytree"}  # fmt: skip
# what a run is doing, by the function that it is in, the innermost first
_DOING = {
    "push": ("_push_copy", "push", "finish"),
    "measurement": ("measure", "train_features", "real_against_real"),
    "export": ("write", "replace_folder"),
    "checkpoint": ("save",),
    "sheet": ("_save_sheet",),
    "step": ("_steps", "go"),
}


def count_changes(folder: Path, action: Callable[[int], None]) -> None:
    """Call `action` with 1, 2, … before each change that this process makes in a run's `out` and `store`, and before
    each piece of a request that it sends."""
    number, below, send = 0, (str(folder / "out"), str(folder / "store")), socket.socket.send

    def hook(event: str, arguments: tuple) -> None:
        if event == "open":
            path, mode, flags = arguments
            if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR) or not str(path).startswith(below):
                return
        elif event not in _CHANGES or not str(arguments[0]).startswith(below):
            return
        count()

    def count() -> None:
        nonlocal number
        number += 1
        action(number)

    def counted_send(self, *arguments) -> int:
        count()
        return send(self, *arguments)

    socket.socket.send = counted_send
    sys.addaudithook(hook)


def count_steps(action: Callable[[int], None]) -> None:
    """Call `action` with 1, 2, … in the middle of each step: one network has learned, the other has not."""
    number, before = 0, GanStep._generator_step

    def hooked(*arguments):
        nonlocal number
        number += 1
        action(number)
        return before(*arguments)

    GanStep._generator_step = hooked


def count_reads(folder: Path, action: Callable[[int], None]) -> None:
    """Call `action` with 1, 2, … before each file in a folder is opened to be read."""
    number = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal number
        if event == "open" and str(arguments[0]).startswith(str(folder)) and not arguments[2] & os.O_WRONLY:
            number += 1
            action(number)

    sys.addaudithook(hook)


def after(seconds: float, action: Callable[[], None]) -> None:
    """Call `action` once this process has computed for so many seconds, however busy the machine is."""
    signal.signal(signal.SIGPROF, lambda *_: action())
    signal.setitimer(signal.ITIMER_PROF, seconds)


def doing() -> str:
    """What the run in this process is doing."""
    frames, frame = [], sys._getframe()
    while frame:
        if "/gan/" in frame.f_code.co_filename:
            frames.append(frame.f_code.co_name)
        frame = frame.f_back
    found = [what for what, names in _DOING.items() if set(names) & set(frames)]
    return found[0] if found else "beginning"


def die(note: Path) -> None:
    """Note what the run was doing, and end it at once, as when the power fails."""
    note.write_text(doing(), encoding="utf-8")
    os.kill(os.getpid(), signal.SIGKILL)
