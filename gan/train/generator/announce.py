"""The plan that a run prints before its first step: pictures, networks, duration, disk."""

import copy
import os
import shutil
import sys
import time
from contextlib import suppress

from torchinfo import summary

from gan import UserError
from gan.model.networks import Discriminator, Generator, parameter_count
from gan.train import machine
from gan.train.generator import checkpoint
from gan.train.measure import sheets

FEWEST = 10  # pictures that are trained on without a question


def announce(run) -> None:
    """Print the plan of a `loop.Run`, and write `reals.png`: pictures as the networks see them.

    Raises:
        UserError: the disk is too small.
    """
    rate = rehearse(run)
    if not run.main:
        return
    s, gan, store, output = run.settings, run.gan, run.store, run.folder.path
    for network, shape in (
        (Generator(s.model), (1, s.model.latent_dim)),
        (Discriminator(s.model), (1, 3, s.model.resolution, s.model.resolution)),
    ):
        print(summary(network, shape, depth=2, verbose=0, col_names=("output_size", "num_params"), device="cpu"))
    steps, needed, free = run.total_steps - gan.step, _bytes_needed(run), shutil.disk_usage(output).free
    processes = run.accelerator.num_processes
    hardware = machine.hardware(run.accelerator.device, processes)
    print(
        f"{len(store.train):,} pictures of {s.model.resolution} px from {store.info['name']}, "
        f"{len(store.held_out):,} held out, kept in {store.folder}\n"
        f"generator {parameter_count(gan.generator):,} parameters, "
        f"discriminator {parameter_count(gan.discriminator):,}; recipe {s.recipe}, "
        f"{run.accelerator.mixed_precision.replace('no', 'float32')} on {hardware}, "
        f"{processes} process{'es' * (processes > 1)}\n"
        f"{steps:,} steps of {gan.pictures_per_step} pictures at {rate:,.0f} pictures a second: "
        f"about {_duration(steps * gan.pictures_per_step / rate)}\n"
        f"disk: about {needed / 1e6:,.0f} MB in {output} ({free / 1e9:,.1f} GB free)"
    )
    if needed > free:
        raise UserError(
            f"{output} needs about {needed / 1e6:,.0f} MB and has {free / 1e6:,.0f} MB free: "
            "free some space or choose another --output_dir."
        )
    if len(store.train) < 1000:
        other = "" if s.init_from else ", or start from trained faces with --init_from weights/faces-64"
        print(f"So few pictures will be memorised rather than learned from: use at least 1,000{other}.")
    sheets.save_reals(store.train, run.folder.reals)


def confirm_few(pictures: int, name: str, processes: int) -> None:
    """Ask whether to train on next to no pictures; refuse without a terminal, in a notebook, with several processes.

    Args:
        pictures: that are left to train on.
        name: of the folder or data set.

    Raises:
        UserError: they are fewer than `FEWEST`, and nobody has said yes.
    """
    if pictures >= FEWEST:
        return
    fact = f"Only {pictures} picture{'s' * (pictures > 1)} in {name} to train on, too few to learn faces from"
    # Jupyter gives a command a terminal that nobody can type into, and its kernels set this variable
    in_notebook = "JPY_PARENT_PID" in os.environ
    if processes == 1 and not in_notebook and sys.stdin and sys.stdin.isatty():
        with suppress(EOFError):
            if input(f"{fact}. Train all the same? [y/N] ").strip().lower() in ("y", "yes"):
                return
    raise UserError(
        f"{fact}: check that this is the right folder, and add pictures. With a few hundred, add "
        "--init_from weights/faces-64."
    )


def rehearse(run) -> float:
    """Pictures per second of a `loop.Run`, measured over one round of steps with and without penalty, then undone."""
    before = copy.deepcopy(run.gan.state_dict())
    count = run.settings.penalty_every if run.settings.penalty_weight else 2
    batches = run.batches(run.gan.step, run.gan.step + 1 + count)
    run.gan(next(batches))  # the first step allocates and compiles
    machine.synchronize(run.accelerator.device)
    start = time.perf_counter()
    for batch in batches:
        run.gan(batch)
    machine.synchronize(run.accelerator.device)
    rate = count * run.gan.pictures_per_step / (time.perf_counter() - start)
    run.gan.load_state_dict(before)
    return rate


def _bytes_needed(run) -> float:
    # Adam keeps two numbers per parameter, the moving average one per parameter of the generator
    numbers = 4 * parameter_count(run.gan.generator) + 3 * parameter_count(run.gan.discriminator)
    sheets = run.settings.sample_sheets * 64 * run.settings.model.resolution**2 * 2.5  # PNG, bytes per pixel
    return 4 * numbers * (checkpoint.KEEP + 1) + sheets + 20e6


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
