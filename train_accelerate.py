"""Train a face GAN: `python train_accelerate.py --train_data_dir FOLDER --output_dir runs/faces`."""

import argparse
import os
import signal
import sys

import tyro

from gan import UserError, expand_home, show_anything
from gan.train.settings import RECIPES, TrainSettings


def parse(arguments: list[str]) -> TrainSettings:
    """The command line as settings; --recipe sets the defaults of all other options."""
    arguments = expand_home(arguments)
    recipe_parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    recipe_parser.add_argument("--recipe", choices=RECIPES, default="modern")
    recipe = recipe_parser.parse_known_args(arguments)[0].recipe
    return tyro.cli(
        TrainSettings,
        args=arguments,
        default=RECIPES[recipe],
        use_underscores=True,
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
    )


def main() -> None:
    show_anything()
    signal.signal(signal.SIGTERM, _stop)
    try:
        settings = parse(sys.argv[1:])
        from gan.train.generator.loop import train

        train(settings)
    except UserError as error:
        # one process of each machine prints it, since the fault may be on one machine only
        sys.exit(f"Error: {error}" if os.environ.get("LOCAL_RANK", "0") == "0" else 1)
    except KeyboardInterrupt:
        sys.exit("Stopped before the first step. Pictures that were decoded are kept for the next run.")


def _stop(number: int, frame) -> None:
    """As Ctrl-C; once, since launchers repeat it."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
