"""A disk that is full from some moment on: a sentence, and nothing lost once there is space again."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.attacks import accidents, moments, trained
from benchmarks.attacks.outcome import Outcome, times

_SIZE = 80  # MB of the disk


@contextmanager
def disk(folder: Path):
    """A small disk of its own at a folder; root alone can mount one."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path, left: int) -> None:
    """Leave so many bytes free, in pages of 4096, where a run writes."""
    free = os.statvfs(folder).f_bavail * 4096
    with open(folder / "ballast", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - left))


def full(share: float, seed: int, whole: Path) -> Outcome:
    """A full disk before any change of a file in `out` and `store`; the run goes on when there is space again."""
    outcome, random = Outcome("disk full at some write, then space again"), np.random.RandomState(seed)
    with tempfile.TemporaryDirectory(prefix="seedfaces-faults-") as place, disk(Path(place) / "disk") as folder:
        for name in ("pictures", "features.pt"):
            (folder / name).symlink_to(whole / name)
        log = Path(place) / "log"
        command = trained.words(folder, "--report_to", "tensorboard")
        for number in range(times(40, share)):
            for part in ("out", "store"):
                shutil.rmtree(folder / part, ignore_errors=True)
            log.write_text("", encoding="utf-8")
            change, left = random.randint(1, 130), 4096 * random.randint(0, 6)

            def accident(rank: int, change=change, left=left) -> None:
                moments.count_changes(folder, lambda now: now == change and fill(folder, left))

            status, what = trained.end(trained.begin(command, log, accident=accident)), f"change {change}"
            was_full, said = (folder / "ballast").exists(), log.read_text(encoding="utf-8")
            (folder / "ballast").unlink(missing_ok=True)
            found = accidents.not_one_sentence(status, said) if status else []
            end = "went on" if was_full else "never full"
            outcome.ends["a traceback" if found else "refused in one sentence" if status else end] += 1
            if status := trained.end(trained.begin(command, log)):
                found.append(f"with space again it failed with {status}: {log.read_text(encoding='utf-8')[-300:]!r}")
            else:
                found += trained.differences(folder / "out", whole / "out")
            outcome.broken += [f"run {number}, {what}, {left} bytes left: {each}" for each in found]
    return outcome
