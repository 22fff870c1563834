"""The files for people in a weights folder: sample sheet, card, licence, curves, timeline."""

from pathlib import Path

from gan.cards import generator as generator_card
from gan.model.weights import Weights
from gan.train.measure import plots
from gan.train.measure.sheets import save_sheet, save_timeline

DRAWN = ("curves.png", "timeline.webp")


def complete(folder: Path, loaded: Weights) -> None:
    """Add the files for people to a weights folder that follow from it: sheet (from the saved file), card, licence."""
    save_sheet(loaded.generator, folder / "samples.png")
    generator_card.save(folder, loaded.config, loaded.generator_id)


def draw(folder: Path, rows: list[dict], sheets: list[Path], resolution: int, earlier: Path) -> None:
    """Add curves and timeline (after the `earlier` one of the weights that the run started from) to a weights folder."""
    curves, timeline = DRAWN
    plots.save_curves(rows, folder / curves)
    save_timeline(sheets, resolution, folder / timeline, earlier)
