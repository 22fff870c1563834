"""Attacks the programs from outside, and counts what was lost, let in, leaked or left behind.

    python benchmarks/faults.py                          # all rows, which takes hours
    python benchmarks/faults.py weights trainer --share 0.01 --seed 7

A row is a module of `attacks` with one function, and a line in `ROWS`:

    def attack(share: float, seed: int) -> Iterable[Outcome]:

`share` scales the counts of tries (1: as many as promised in docs/promises.md; see `times`), and everything random
comes from `seed`. The function makes and removes its own folders, ends its own processes, and never raises for a broken
promise: that goes into `Outcome.broken`, with what repeats it, and to stderr. Exit status: 1 if one was broken.
"""

import argparse
import importlib
import platform
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.attacks.outcome import Outcome

# a module of `attacks`, and what the table calls it
ROWS = {"weights": "Weights and configs", "trainer": "Trainer", "determinism": "Determinism"}
ROWS |= {"pictures": "Pictures", "links": "Links and requests", "strangers": "Strangers"}


def machine() -> str:
    """This machine in words."""
    import torch

    from gan.train.machine import hardware

    return f"{hardware(torch.device('cpu'))}, Python {platform.python_version()}, torch {torch.__version__}"


def line(row: str, outcome: Outcome) -> str:
    """An outcome as a row of the Markdown table."""
    ends = "; ".join(f"{count:,} {end}" for end, count in outcome.ends.most_common())
    notes = f"{ends}. {outcome.note}" if outcome.note else ends
    return f"| {row} | {outcome.attack} | {outcome.tries:,} | {len(outcome.broken):,} | {notes} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"of {', '.join(ROWS)}; all, if none is named")
    parser.add_argument("--share", type=float, default=1.0, help="of the full counts, 1 by default")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # so that nothing is left behind
    if unknown := set(arguments.rows) - set(ROWS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    print(f"{machine()}; {time.strftime('%d %B %Y')}; --share {arguments.share:g} --seed {arguments.seed}\n")
    print("| row | attack | tries | promises broken | how they ended |\n|---|---|---|---|---|", flush=True)
    broken = 0
    for row in arguments.rows or ROWS:
        for outcome in importlib.import_module(f"benchmarks.attacks.{row}").attack(arguments.share, arguments.seed):
            print(line(ROWS[row], outcome), flush=True)
            for how in outcome.broken:
                print(f"Broken: {ROWS[row]}, {outcome.attack}: {how}", file=sys.stderr, flush=True)
            broken += len(outcome.broken)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
