"""What a run writes into its weights folder beside the networks: how it was trained, and the files for people."""

import shutil
from pathlib import Path

import torch

from gan.cards import generator as generator_card
from gan.model.settings import to_dict
from gan.model.weights import Weights
from gan.train import machine
from gan.train.measure import plots
from gan.train.measure.sheets import save_sheet, save_timeline

DRAWN = ("curves.png", "timeline.webp")


def account(run, seconds: float) -> dict:
    """What the config says of the training of a `loop.Run`.

    Args:
        seconds: how long it has trained.
    """
    s, gan, accelerator = run.settings, run.gan, run.accelerator
    return {
        "recipe": s.recipe,
        "data": s.data_name or run.store.info["name"],
        "pictures_in_data": len(run.store.train),
        "held_out": len(run.store.held_out),
        "steps": gan.step,
        "planned_steps": run.total_steps,
        "pictures": gan.step * gan.pictures_per_step,
        "hours": round(seconds / 3600, 3),
        "hardware": machine.hardware(accelerator.device, accelerator.num_processes),
        "processes": accelerator.num_processes,
        "precision": accelerator.mixed_precision,
        "torch": torch.__version__,
        "started_from": run.started_from,
        "commands": run.commands,
        "settings": to_dict(s),
    }


def complete(folder: Path, loaded: Weights) -> None:
    """Add the files for people that follow from the saved weights: sample sheet, model card, licence."""
    save_sheet(loaded.generator, folder / "samples.png")
    generator_card.save(folder, loaded.config, loaded.generator_id)


def draw(folder: Path, run) -> None:
    """Add curves and timeline of a `loop.Run`; the timeline begins with that of the weights it started from."""
    curves, timeline = DRAWN
    plots.save_curves(run.log.rows(), folder / curves)
    resolution = run.settings.model.resolution
    save_timeline(run.folder.sheets(), resolution, folder / timeline, run.folder.earlier_timeline)


def copy_drawn(old: Path, new: Path) -> bool:
    """Copy curves and timeline from the weights folder before; False where they are not all there."""
    if not all((old / name).exists() for name in DRAWN):
        return False
    for name in DRAWN:
        shutil.copy(old / name, new)
    return True
