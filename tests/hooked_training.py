"""train_accelerate.py with an accident: `python tests/hooked_training.py ACCIDENT STEP --train_data_dir …`.

The accidents happen once the loop runs, not in the rehearsal before it.
"""

import json
import os
import signal
import sys
import time
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

import train_accelerate
from gan.model import weights
from gan.train.generator import export, loop, losses
from gan.train.generator.step import GanStep


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner, name, action):
    """Call `action(self or first argument)` before a method or function."""
    original = getattr(owner, name)

    def hooked(first, *arguments, **options):
        action(first)
        return original(first, *arguments, **options)

    setattr(owner, name, hooked)


def install(accident: str, step: int, run) -> None:
    now = lambda: run.gan.step == step  # noqa: E731
    if accident == "kill-between-the-two-steps":
        before(GanStep, "_generator_step", lambda gan: now() and die())
    elif accident == "kill-while-saving":

        def half(file):
            os.ftruncate(file, os.fstat(file).st_size // 2)
            die()

        # the file is written, but not yet flushed to the disk
        original = os.fsync
        os.fsync = lambda file: (half if now() else original)(file)
    elif accident == "kill-between-the-renames":

        def rename(new, folder):
            folder.rename(folder.with_name("weights.old"))
            die()

        original_replace = weights.replace_folder
        weights.replace_folder = lambda new, folder: (rename if now() else original_replace)(new, folder)
    elif accident == "kill-before-the-export":
        before(export, "write", lambda run: now() and die())
    elif accident == "kill-while-measuring":
        before(loop, "measure", lambda folder: now() and die())
    elif accident == "kill-before-a-measurement-is-saved":
        original_append = run.log.append
        run.log.append = lambda row: (original_append(row), now() and "frechet_distance" in row and die())
    elif accident == "nan":
        original_loss = losses.relativistic_generator
        losses.relativistic_generator = lambda real, fake: original_loss(real, fake) * (float("nan") if now() else 1)
    elif accident == "infinite-parameter":

        def spoil(gan):
            if now():
                gan.generator.to_rgb.weight.data[0, 0, 0, 0] = float("inf")

        before(GanStep, "_update_ema", spoil)
    elif accident.startswith("SIG"):
        before(GanStep, "_generator_step", lambda gan: now() and os.kill(os.getpid(), getattr(signal, accident)))
        if accident == "SIGTERM":  # launchers repeat it while the run is still saving
            before(
                weights, "replace_folder", lambda new: run.gan.step == step + 1 and os.kill(os.getpid(), signal.SIGTERM)
            )
    elif accident == "first-process-busy":
        before(loop.Run, "_write", lambda run: now() and time.sleep(8))
    elif accident == "record":
        record(run)


def record(run) -> None:
    """Write the pictures that this process saw, and its final state, to a file beside the output folder."""
    seen, rank = [], run.accelerator.process_index
    original = GanStep.__call__

    def call(gan, batches):
        seen.extend(sha256(picture.numpy().tobytes()).hexdigest() for batch in batches for picture in batch)
        result = original(gan, batches)
        if gan.step == gan.total_steps:
            numbers = torch.cat(
                [p.detach().flatten() for network in (gan.generator, gan.discriminator) for p in network.parameters()]
            )
            path = run.folder.path.with_name(f"{run.folder.path.name}-rank{rank}.json")
            path.write_text(json.dumps({"seen": seen, "parameters": sha256(numbers.numpy().tobytes()).hexdigest()}))
        return result

    GanStep.__call__ = call


if __name__ == "__main__":
    accident, step = sys.argv[1], int(sys.argv[2])
    del sys.argv[1:3]
    if accident == "first-process-busy":
        torch.distributed.distributed_c10d.default_pg_timeout = timedelta(seconds=3)
    before(loop.Run, "go", lambda run: install(accident, step, run))
    train_accelerate.main()
