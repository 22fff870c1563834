"""How many steps of a training command fit into a time on this machine: its rehearsal, in a process of its own."""

import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def steps_in(minutes: float, words: list) -> int:
    """How many steps of `python train_accelerate.py WORDS` fit into the minutes, at least one."""
    with (
        tempfile.TemporaryDirectory() as output,
        # memory of the run would stay in this process and slow down the trainings that follow
        ProcessPoolExecutor(1, get_context("spawn")) as process,
    ):
        return process.submit(_steps_in, minutes, [*map(str, words), "--output_dir", output]).result()


def _steps_in(minutes: float, words: list[str]) -> int:
    os.chdir(ROOT)
    from gan.train.generator.announce import rehearse
    from gan.train.generator.loop import Run
    from train_accelerate import parse

    run = Run(parse(words))
    return max(1, round(minutes * 60 * rehearse(run) / run.gan.pictures_per_step))
