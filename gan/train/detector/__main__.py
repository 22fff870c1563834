"""Train the detector: `python -m gan.train.detector --train_data_dir DIR … --generators WEIGHTS …`, and what tells the
pictures of other generators: `--real DIR … --fake DIR …`."""

import shlex
import shutil
import sys
import time
from pathlib import Path

import torch
import tyro

from gan import UserError, expand_home, show_anything
from gan.cards import detector as detector_card
from gan.cards.fact import plain
from gan.model import local_paths, weights
from gan.model.config import load_config, write_config
from gan.train import machine
from gan.train.detector import foreign, left_out
from gan.train.detector import report as detector_report
from gan.train.detector.held_out import collect
from gan.train.detector.scorer import Scorer
from gan.train.detector.training import DetectorSettings, Pictures, start_from, train
from gan.train.measure import plots


def main(settings: DetectorSettings) -> None:
    check(settings)
    torch.manual_seed(settings.seed)
    machine.keep_memory()
    output = settings.output_dir.resolve()
    new = output.with_name(output.name + ".new")
    if settings.generators:
        learn_generators(settings, new)
    else:
        weights.load_detector(settings.init_from)
        machine.require_writable(output)
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(settings.init_from, new)
    if settings.real:
        try:
            learn_traces(settings, new)
        except UserError:
            shutil.rmtree(new)
            raise
    detector_card.save(new, load_config(new))
    weights.replace_folder(new, output)
    for fact in detector_card.of_detector(load_config(output)):
        print(f"{fact.name}: {plain(fact)}")


def check(settings: DetectorSettings) -> None:
    """
    Raises:
        UserError: options that do not go together.
    """
    for names in (("train_data_dir", "generators"), ("real", "fake")):
        first, second = (bool(getattr(settings, name)) for name in names)
        if first != second:
            raise UserError(f"--{names[0]} and --{names[1]} go together: the detector learns what tells them apart.")
    if not settings.generators and not settings.real:
        raise UserError("Say what to learn from: --train_data_dir and --generators, or --real and --fake, or all four.")
    if settings.train_batch_size < 2 or settings.train_batch_size % 2:
        raise UserError(
            f"--train_batch_size {settings.train_batch_size}: must be an even number, half of them real pictures."
        )
    if settings.real:
        known = [folder.resolve().name for folder in settings.train_data_dir]
        if not settings.generators:
            known = weights.load_detector(settings.init_from)[2]["training"]["data"]
        foreign.require_enough(settings.real, settings.fake, known)


def learn_generators(settings: DetectorSettings, folder: Path) -> None:
    """Train the network, calibrate it and report on it, and write it into a new folder."""
    start = time.monotonic()
    network, model, started_from = start_from(settings.init_from)
    pictures = Pictures(settings, model.resolution, clean_first=isinstance(started_from, str))
    # before minutes of training: are there enough pictures to report on?
    held = collect(pictures.stores, pictures.generators)
    # and can the detector be written?
    machine.require_writable(settings.output_dir.resolve())
    train(network, pictures, settings)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    training = {
        "command": command(),
        "steps": settings.max_train_steps,
        "pictures": settings.max_train_steps * settings.train_batch_size,
        "minutes": round((time.monotonic() - start) / 60, 1),
        "hardware": machine.hardware(torch.device("cpu")),
        "data": [local_paths.name(folder) for folder in settings.train_data_dir],
        "generators": [each.generator_id for each in (*pictures.generators, *pictures.snapshots)],
        "started_from": started_from,
    }
    weights.save_detector(folder, network, model, local_paths.remove_from({"training": training}))
    print(f"Measuring the detector on {len(held.pictures):,} held-out pictures; this takes minutes.", flush=True)
    # published figures are those of the saved file
    saved, _, config = weights.load_detector(folder)
    calibration, report = detector_report.report(Scorer(saved, model.resolution), held, pictures.generators)
    write_config(folder, {**config, "calibration": calibration, "report": report})
    plots.save_detector(report, folder / weights.DETECTOR_PICTURE)


def learn_traces(settings: DetectorSettings, folder: Path) -> None:
    """Learn what tells the pictures of any generator, and add it to a detector's folder."""
    start = time.monotonic()
    network, model, config = weights.load_detector(folder)
    found = foreign.read(network, model, settings.real, settings.fake, config["training"]["data"], settings.seed)
    calibration, report = left_out.report(found, model, config["calibration"])
    training = {
        "command": command(),
        "minutes": round((time.monotonic() - start) / 60, 1),
        "hardware": machine.hardware(torch.device("cpu")),
    }
    unseen = {"training": training, "calibration": calibration, "report": report}
    weights.save_traces(folder, foreign.fit(found, model), local_paths.remove_from(unseen))


def command() -> str:
    return "python -m gan.train.detector " + shlex.join(sys.argv[1:])


if __name__ == "__main__":
    show_anything()
    try:
        words = expand_home(sys.argv[1:])
        main(tyro.cli(DetectorSettings, prog="python -m gan.train.detector", args=words, use_underscores=True))
    except UserError as error:
        sys.exit(f"Error: {error}")
