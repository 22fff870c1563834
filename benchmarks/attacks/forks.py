"""Work in forked processes, which may die. They start at once, since everything is imported already.

The process that forks must not compute anything with PyTorch itself: its threads would be missing in the forks.
"""

import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path


def fork(work: Callable[[], None], output: Path | None = None) -> int:
    """Run `work` in a process of its own; returns its id. Its exit status is 1 if `work` raises.

    Args:
        output: a file to which what it prints is added; None: that is lost.
    """
    process = os.fork()
    if process:
        return process
    status = 1
    with open(output or os.devnull, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        work()
        status = 0
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, flush=True)
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def import_like(work: Callable[[], None], log: Path) -> None:
    """Do some work in a fork, and import here what it has imported late, so that later forks need not.

    Raises:
        RuntimeError: it failed.
    """
    names = log.with_suffix(".modules")

    def noted() -> None:
        work()
        names.write_text(json.dumps(list(sys.modules)), encoding="utf-8")

    if status := wait(fork(noted, log)):
        raise RuntimeError(f"exit status {status}: {log.read_text(encoding='utf-8')[-3000:]}")
    for name in json.loads(names.read_text(encoding="utf-8")):
        with suppress(Exception):  # some modules are there only under other names
            importlib.import_module(name)


def wait(process: int) -> int:
    """The exit status of a fork; negative: the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def has_ended(process: int) -> bool:
    """Whether a fork that nobody has waited for yet has ended."""
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def in_turn(work: Callable[[int], dict], numbers: range) -> Iterator[dict]:
    """`work(number)` for each number, in a fork that is replaced when it dies.

    `work` returns what JSON can hold. Where it raises or kills the process, the result is {"died": how}.
    """
    left = list(numbers)
    while left:
        ours, theirs = os.pipe()

        def all_that_is_left(to=theirs, numbers=tuple(left)) -> None:
            for number in numbers:
                os.write(to, json.dumps(work(number)).encode() + b"\n")

        process = fork(all_that_is_left)
        os.close(theirs)
        with os.fdopen(ours) as results:
            for line in results:
                left.pop(0)
                yield json.loads(line)
        status = wait(process)
        if left:
            left.pop(0)
            yield {"died": signal.Signals(-status).name if status < 0 else f"exit status {status}"}
