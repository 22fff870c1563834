"""OUTPUT_DIR/weights, the weights folder of a run: networks, config, model card, licence, pictures."""

import shutil
import time
from pathlib import Path

import torch

from gan.cards import generator as generator_card
from gan.model import local_paths, weights
from gan.model.settings import to_dict
from gan.train import machine
from gan.train.measure import plots
from gan.train.measure.sheets import save_sheet, save_timeline

_DRAWN = (weights.CURVES, weights.TIMELINE)
_DRAW_EVERY = 60  # seconds between drawing these anew, which takes up to some seconds


def write(run, ending: bool) -> None:
    """Write the weights folder of a `loop.Run` anew; a concurrent reader sees the old folder or the new one.

    Curves and timeline may be `_DRAW_EVERY` old, unless the run is ending.
    """
    old, new = run.folder.weights, run.folder.path / "weights.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    # the last measurement may be of an earlier generator; its figures name it
    config = local_paths.remove_from({"training": _training(run), "metrics": run.measured})
    weights.save(new, run.gan.ema, run.gan.discriminator, run.settings.model, config)
    if "quality" in run.measured and (old / weights.QUALITY).exists():
        shutil.copy(old / weights.QUALITY, new)
    loaded = weights.load(new)  # the samples are made by the file as saved
    save_sheet(loaded.generator, new / weights.SAMPLES)
    drawn = [old / name for name in _DRAWN]
    if ending or time.perf_counter() - run.drawn > _DRAW_EVERY or not all(path.exists() for path in drawn):
        _draw(run, new)
        run.drawn = time.perf_counter()
    else:
        for path in drawn:
            shutil.copy(path, new)
    generator_card.save(new, loaded.config, loaded.generator_id)
    weights.replace_folder(new, old)


def _training(run) -> dict:
    """The `training` part of the config."""
    s, gan, accelerator = run.settings, run.gan, run.accelerator
    return {
        "recipe": s.recipe,
        "data": s.data_name or run.store.info["name"],
        "pictures_in_data": len(run.store.train),
        "held_out": len(run.store.held_out),
        "steps": gan.step,
        "planned_steps": run.total_steps,
        "pictures": gan.step * gan.pictures_per_step,
        "hours": round(run.seconds() / 3600, 3),
        "hardware": machine.hardware(accelerator.device, accelerator.num_processes),
        "processes": accelerator.num_processes,
        "precision": accelerator.mixed_precision,
        "torch": torch.__version__,
        "started_from": run.started_from,
        "commands": run.commands,
        "settings": to_dict(s),
    }


def _draw(run, folder: Path) -> None:
    """Add curves, and the timeline, which begins with that of the weights that the run started from."""
    plots.save_curves(run.log.rows(), folder / weights.CURVES)
    resolution = run.settings.model.resolution
    save_timeline(run.folder.sheets(), resolution, folder / weights.TIMELINE, run.folder.earlier_timeline)
