"""The trainer: killed, out of disk, with damaged checkpoints, numbers that are not finite, a clock that jumps."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.attacks import accidents, disks, forks, kills, trained
from benchmarks.attacks.outcome import Outcome


def attack(share: float, seed: int) -> Iterator[Outcome]:
    yield from kills.attack(share, seed)
    with tempfile.TemporaryDirectory(prefix="seedfaces-faults-") as place:
        whole = Path(place) / "whole"
        whole.mkdir()
        forks.import_like(lambda: trained.warm_up(whole), whole / "log")
        if status := trained.end(trained.begin(trained.words(whole), whole / "log")):
            raise RuntimeError(f"the undisturbed run failed: {status}\n{(whole / 'log').read_text(encoding='utf-8')}")
        for each in (disks.full, accidents.damaged_checkpoints, accidents.two_runs, accidents.not_finite,
                     accidents.jumping_clock, accidents.changing_pictures):  # fmt: skip
            yield each(share, seed, whole)
