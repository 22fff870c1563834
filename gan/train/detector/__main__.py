"""Train the detector: `python -m gan.train.detector --train_data_dir DIR … --generators WEIGHTS …`."""

import shlex
import shutil
import sys
import time

import torch
import tyro

from gan import UserError, expand_home, show_anything
from gan.cards import detector as detector_card
from gan.cards.fact import plain
from gan.model import local_paths, weights
from gan.model.config import load_config, write_config
from gan.train import machine
from gan.train.detector import report as detector_report
from gan.train.detector.held_out import collect
from gan.train.detector.scorer import Scorer
from gan.train.detector.training import DetectorSettings, Pictures, start_from, train
from gan.train.measure import plots


def main(settings: DetectorSettings) -> None:
    start = time.monotonic()
    if settings.train_batch_size < 2 or settings.train_batch_size % 2:
        raise UserError(
            f"--train_batch_size {settings.train_batch_size}: must be an even number, half of them real pictures."
        )
    torch.manual_seed(settings.seed)
    machine.keep_memory()
    network, model, started_from = start_from(settings.init_from)
    pictures = Pictures(settings, model.resolution, clean_first=isinstance(started_from, str))
    # before minutes of training: are there enough pictures to report on, and can the detector be written?
    held = collect(pictures.stores, pictures.generators)
    output = settings.output_dir.resolve()
    machine.require_writable(output)
    train(network, pictures, settings)
    new = output.with_name(output.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    training = {
        "command": "python -m gan.train.detector " + shlex.join(sys.argv[1:]),
        "steps": settings.max_train_steps,
        "pictures": settings.max_train_steps * settings.train_batch_size,
        "minutes": round((time.monotonic() - start) / 60, 1),
        "hardware": machine.hardware(torch.device("cpu")),
        "data": [local_paths.name(folder) for folder in settings.train_data_dir],
        "generators": [each.generator_id for each in (*pictures.generators, *pictures.snapshots)],
        "started_from": started_from,
    }
    weights.save_detector(new, network, model, local_paths.remove_from({"training": training}))
    print(f"Measuring the detector on {len(held.pictures):,} held-out pictures; this takes minutes.", flush=True)
    # published figures are those of the saved file
    saved, _, config = weights.load_detector(new)
    calibration, report = detector_report.report(Scorer(saved, model.resolution), held, pictures.generators)
    write_config(new, {**config, "calibration": calibration, "report": report})
    plots.save_detector(report, new / weights.DETECTOR_PICTURE)
    detector_card.save(new, load_config(new))
    weights.replace_folder(new, output)
    for fact in detector_card.of_detector(load_config(output)):
        print(f"{fact.name}: {plain(fact)}")


if __name__ == "__main__":
    show_anything()
    try:
        words = expand_home(sys.argv[1:])
        main(tyro.cli(DetectorSettings, prog="python -m gan.train.detector", args=words, use_underscores=True))
    except UserError as error:
        sys.exit(f"Error: {error}")
