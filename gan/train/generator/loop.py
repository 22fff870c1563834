"""A run: train, log, save, measure, stop cleanly. Where it starts is in `start`, what a step does in `step`."""

import dataclasses
import secrets
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from tqdm import tqdm

from gan import UserError, reason
from gan.train import machine
from gan.train.generator import checkpoint, export, transfer
from gan.train.generator.announce import announce, confirm_few
from gan.train.generator.folder import RunFolder
from gan.train.generator.log import MetricsLog
from gan.train.generator.publish import Publisher
from gan.train.generator.start import find_checkpoint, model_of, start
from gan.train.generator.step import GanStep, pictures_per_step
from gan.train.measure import sheets
from gan.train.measure.comparison import command_for
from gan.train.measure.features import Features, Reference
from gan.train.measure.metrics import describe, measure
from gan.train.pictures import batches, sources
from gan.train.pictures.store import open_store
from gan.train.settings import TrainSettings

_SIGNAL_EVERY = 10  # steps between checks whether another process got a stop signal


def train(settings: TrainSettings) -> None:
    """Train from pictures to a weights folder, `OUTPUT_DIR/weights`.

    Raises:
        UserError: bad settings or pictures, a full disk, losses that are not finite, weights that could not be pushed;
            always with one sentence.
        SystemExit: with 128 + the signal's number after SIGTERM or Ctrl-C, everything saved.
    """
    with machine.enough_memory(settings):
        with RunFolder(settings.output_dir).unless_refused(settings.store_dir):
            run = Run(settings)
            with run.writing():
                start(run)
                announce(run)
            stop = machine.StopSignal()
        stopped_by = run.go(stop)
        stop.forget()
    accelerator, publisher, weights_folder = run.accelerator, run.publisher, run.folder.weights
    del run  # processes that still hold their DistributedDataParallel abort at exit now and then
    accelerator.free_memory()
    accelerator.end_training()
    if stopped_by:
        sys.exit(128 + stopped_by)
    if publisher:
        publisher.finish(weights_folder)


class Run:
    """One training run, as this process sees it."""

    def __init__(self, settings: TrainSettings):
        self.accelerator = machine.start(settings)
        self.main = self.accelerator.is_main_process
        self.folder = RunFolder(settings.output_dir)
        # what the person gave is checked before anything takes long
        if self.main:
            machine.require_writable(self.folder.path)
        self.taken = self.folder.take() if self.main else None  # until this process ends
        self.found = find_checkpoint(self.folder, settings.resume_from_checkpoint, self.main)
        # a checkpoint has all that was taken from other weights
        source = transfer.open_source(settings.init_from) if settings.init_from and not self.found else None
        self.settings = settings = dataclasses.replace(settings, model=model_of(settings.model, self.found, source))
        self.publisher = (
            Publisher(settings.hub_model_id, settings.hub_private_repo) if settings.push_to_hub and self.main else None
        )
        features = (
            Features(settings.eval_features, self.accelerator.device) if settings.eval_features and self.main else None
        )
        used = self.found.state["identity"]["pictures"] if self.found else None
        self.store = open_store(sources.find(settings), settings.model.resolution, settings.store_dir, used)
        if not self.found:
            confirm_few(len(self.store.train), self.store.info["name"], self.accelerator.num_processes)
        self.reference = (
            Reference(features, self.store, settings.eval_samples, self.accelerator.device) if features else None
        )
        per_step = pictures_per_step(settings, self.accelerator.num_processes)
        self.total_steps = settings.total_steps(len(self.store.train), per_step)
        self.gan = GanStep(settings, self.accelerator, self.total_steps, source)
        self.log = MetricsLog(settings, self.accelerator, self.gan, self.store)
        self.identity = checkpoint.identity(
            settings, self.accelerator.mixed_precision, per_step, self.store.info["digest"]
        )
        self.pictures = f"{len(self.store.train):,} of {self.store.info['name']}"  # for people
        self.run_id = secrets.token_hex(8)  # the same for all checkpoints of a run, wherever it is resumed
        self.earlier_seconds, self.started = 0.0, 0.0
        self.drawn = -float("inf")  # when curves and timeline were
        self.measured, self.measured_at = {}, 0  # the last measurement, and its step
        self.commands: list[dict] = []  # the command lines, one more for each resumption
        self.started_from = transfer.origin(source) if source else None
        self.source_folder = source.folder if source else None

    def go(self, stop: machine.StopSignal) -> int:
        """Train to the end, or until told to stop; returns the signal that stopped it, or 0."""
        self.started = time.perf_counter()
        with (
            tqdm(
                total=self.total_steps * self.gan.pictures_per_step,
                unit="pictures",
                unit_scale=True,
                smoothing=0.02,
                initial=self.gan.step * self.gan.pictures_per_step,
                disable=not self.main,
            ) as progress,
            self.writing(),
        ):
            self.log.start_trackers()
            return self._steps(stop, progress)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """
        Raises:
            UserError: something cannot be written meanwhile, as on a full disk; with one sentence.
        """
        try:
            yield
        except OSError as error:
            raise UserError(
                f"{self.folder.path} cannot be written at step {self.gan.step:,} ({reason(error)}). Free some space "
                "and go on from the last checkpoint with --resume_from_checkpoint latest."
            ) from error

    def _steps(self, stop: machine.StopSignal, progress: tqdm) -> int:
        s = self.settings
        sheet_every = max(1, self.total_steps // s.sample_sheets)
        if not self.gan.step or not self.folder.sheets():  # a checkpoint was copied without the rest of its run
            self._save_sheet()
        if self.gan.step:
            ending, measures = self.gan.step == self.total_steps, self._measures() and self.measured_at != self.gan.step
            # the run may have been killed after the checkpoint, before the weights were written or measured
            self._save(ending and not measures)
            if measures:
                self._evaluate(ending)
        for pictures in self.batches(self.gan.step, self.total_steps):
            self.log.add(self.gan(pictures))
            progress.update(self.gan.pictures_per_step)
            step, last = self.gan.step, self.gan.step == self.total_steps
            told = self._told_to_stop(stop)
            if step % s.logging_steps == 0 or last:
                self.log.write(self.seconds(), progress)
            if step % sheet_every == 0 or last:
                self._save_sheet()
            pushes = s.push_to_hub and step % s.push_every == 0 and not last and not told
            if step % s.checkpointing_steps == 0 or last or told or pushes or self._measures():
                self._save(ending=(last or told) and not self._measures())
            if self._measures():
                self._evaluate(ending=last or told)
            if pushes and self.main:
                self.publisher.push(self.folder.weights, self.folder.pushed)
            if told:
                self.say(
                    f"Stopped by {signal.Signals(told).name} at step {step:,} of {self.total_steps:,}, everything "
                    "saved. The same command with --resume_from_checkpoint latest goes on from there."
                )
                return told
        shown = f"SEEDFACES_MODEL={shlex.quote(str(self.folder.path))} python app.py"
        self.say(f"Done: {self.folder.weights}. Look at the faces: {shown}")
        return 0

    def batches(self, start: int, stop: int):
        """This process's pictures for the steps from `start` to before `stop`."""
        return batches.batches(
            self.store.train,
            start,
            stop,
            self.settings.seed,
            self.accelerator.device,
            self.settings.train_batch_size,
            self.settings.gradient_accumulation_steps,
            self.accelerator.process_index,
            self.accelerator.num_processes,
        )

    def _told_to_stop(self, stop: machine.StopSignal) -> int:
        """The signal that any process got, or 0; the same in all processes, so that none waits for the others."""
        if self.accelerator.num_processes == 1:
            return stop.received
        if self.gan.step % _SIGNAL_EVERY:
            return 0
        received = torch.tensor([stop.received], device=self.accelerator.device)
        return int(self.accelerator.gather(received).max())

    # --- what is written ---------------------------------------------------------------------------------------

    def _save_sheet(self) -> None:
        if self.main:
            sheets.save_sheet(self.gan.ema, self.folder.sheet(self.gan.step))

    def _save(self, ending: bool = False) -> None:
        """Checkpoint and weights folder, if everything is still finite."""
        self.log.require_finite_networks()
        if self.main:
            self._write(ending)

    def _write(self, ending: bool) -> None:
        state = {
            "training": self.gan.state_dict(),
            "identity": self.identity,
            "pictures": self.pictures,
            "run": self.run_id,
            "seconds": self.seconds(),
            "total_steps": self.total_steps,
            "measured": self.measured,
            "measured_at": self.measured_at,
            "commands": self.commands,
            "started_from": self.started_from,
        }
        checkpoint.save(self.folder.checkpoints, state)
        export.write(self, ending)

    def _measures(self) -> bool:
        """Whether the weights of this step are to be measured."""
        s, step = self.settings, self.gan.step
        return bool(s.eval_features) and (step == self.total_steps or s.eval_every > 0 and step % s.eval_every == 0)

    def _evaluate(self, ending: bool) -> None:
        """Measure the weights folder as saved; the figures go into config, curves and card."""
        self.measured_at = self.gan.step
        if not self.main:
            return
        s, folder = self.settings, self.folder.weights
        command = command_for(folder, s.eval_features, s, s.eval_samples)
        self.measured = measure(folder, self.reference, command)
        distance, measured = self.measured["frechet_distance"], self.measured["quality"]
        self.log.append(
            {
                "step": self.gan.step,
                "pictures": self.gan.step * self.gan.pictures_per_step,
                "frechet_distance": distance["value"],
                "precision": measured["precision"],
                "recall": measured["recall"],
            }
        )
        self._write(ending)
        self.say(f"Step {self.gan.step:,}: {describe(self.measured)}")

    def seconds(self) -> float:
        """How long this run has trained, in seconds, also before it went on from a checkpoint."""
        return self.earlier_seconds + time.perf_counter() - self.started

    def say(self, sentence: str) -> None:
        """Print a sentence once, above the progress bar."""
        if self.main:
            tqdm.write(sentence)
