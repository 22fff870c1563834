"""Measure a weights folder: `python -m gan.train.measure WEIGHTS --features FILE --train_data_dir DIR`."""

import sys

import tyro

from gan import UserError, expand_home, show_anything
from gan.train.measure.comparison import MeasureSettings, command_for
from gan.train.measure.metrics import describe, measure


def main(settings: MeasureSettings) -> None:
    if settings.pairs and settings.weights.resolve() in settings.pairs.resolve().parents:
        raise UserError(f"{settings.pairs} would show real people in a folder that is published: write it to runs/.")
    loaded, reference = settings.open()
    command = command_for(loaded.folder, settings.features, settings, settings.samples)
    print(describe(measure(loaded.folder, reference, command, settings.pairs)))


def run() -> None:
    """The command, also as `python -m gan.train.metrics`."""
    show_anything()
    try:
        words = expand_home(sys.argv[1:])
        main(tyro.cli(MeasureSettings, prog="python -m gan.train.measure", args=words, use_underscores=True))
    except UserError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    run()
