"""A run: go on from a checkpoint or begin, announce, train, log, save, stop cleanly."""

import copy
import dataclasses
import json
import math
import os
import platform
import shlex
import shutil
import signal
import sys
import time
from pathlib import Path

import torch
from accelerate.utils import broadcast_object_list
from torchinfo import summary
from tqdm import tqdm

from gan import UserError
from gan.model import weights
from gan.model.images import to_signed
from gan.model.networks import Discriminator, Generator, parameter_count
from gan.model.settings import TrainSettings, to_dict
from gan.train import checkpoint, data, machine, report, sources
from gan.train.metrics import Features, Frechet, command_for, describe, measure
from gan.train.step import GanStep, pictures_per_step

_PROBE = 128  # pictures of each kind on which the discriminator's accuracy is measured
_SIGNAL_EVERY = 10  # steps between asking the other processes whether one of them was told to stop


def train(settings: TrainSettings) -> None:
    """Train from pictures to a weights folder, `OUTPUT_DIR/weights`.

    Raises:
        UserError: bad settings or pictures, a full disk, losses that are not finite; always with one sentence.
        SystemExit: with 128 + the signal's number after SIGTERM or Ctrl-C, everything saved.
    """
    run = Run(settings)
    run.resume()
    run.announce()
    run.go()
    run.accelerator.end_training()
    # processes that still hold their DistributedDataParallel abort at exit now and then
    run.accelerator.free_memory(run.gan.__dict__.clear())


class Run:
    """One training run of this process."""

    def __init__(self, settings: TrainSettings):
        self.settings = settings = dataclasses.replace(settings, model=settings.model.explicit())
        self.accelerator = machine.start(settings)
        self.main = self.accelerator.is_main_process
        # everything that can be wrong with what the person gave is found before anything takes long
        self.features = Features(settings.eval_features, self.accelerator.device) \
            if settings.eval_features and self.main else None
        self.store = data.open_store(
            sources.find(settings.train_data_dir, settings.dataset_name), settings.model.resolution, settings.store_dir)
        per_step = pictures_per_step(settings, self.accelerator.num_processes)
        self.total_steps = settings.max_train_steps or math.ceil(settings.num_epochs * len(self.store.train) / per_step)
        self.gan = GanStep(settings, self.accelerator, self.total_steps)
        self.identity = checkpoint.identity(
            settings, self.accelerator.mixed_precision, per_step, self.store.info["digest"])
        self.output, self.checkpoints = settings.output_dir, settings.output_dir / "checkpoints"
        self.metrics_file, self.sheets = self.output / "metrics.jsonl", self.output / "sheets"
        self.earlier_seconds, self.logs = 0.0, []

    # --- before the first step ---------------------------------------------------------------------------------

    def resume(self) -> None:
        """Load the checkpoint that was asked for, and cut what was written after it."""
        wanted = self.settings.resume_from_checkpoint
        # read by one process for all, so that several machines need no shared disk
        state = checkpoint.load(self.checkpoints, wanted, self.identity) if wanted and self.main else None
        state, same = broadcast_object_list([state, self.identity])
        if same != self.identity:
            raise UserError("The processes do not see the same pictures: --train_data_dir must hold the same on each machine.")
        if state:
            self.gan.load_state_dict(state["training"])
            self.earlier_seconds = state["seconds"]
            if state["total_steps"] != self.total_steps:
                self._say(f"Planned for {state['total_steps']:,} steps, now {self.total_steps:,}: "
                          "the schedules stretch to the new length.")
            self._say(f"Going on from step {self.gan.step:,} of {self.total_steps:,}.")
        elif wanted:
            self._say(f"No checkpoint in {self.checkpoints} yet: starting from the beginning.")
        elif checkpoint.found(self.checkpoints):
            raise UserError(f"{self.output} holds a run already. Go on with --resume_from_checkpoint latest, "
                            "or choose another --output_dir.")
        if self.main:
            self._cut_after(self.gan.step)
        self.accelerator.wait_for_everyone()

    def announce(self) -> None:
        """Say what will happen, how long it takes and how much disk, and show what the networks will see."""
        rate = self._rehearse()
        if not self.main:
            return
        s, steps = self.settings, self.total_steps - self.gan.step
        for network, shape in ((Generator(s.model), (1, s.model.latent_dim)),
                               (Discriminator(s.model), (1, 3, s.model.resolution, s.model.resolution))):
            print(summary(network, shape, depth=2, verbose=0, col_names=("output_size", "num_params"), device="cpu"))
        # Adam keeps two numbers per parameter, the average one per parameter of the generator
        numbers = 4 * parameter_count(self.gan.generator) + 3 * parameter_count(self.gan.discriminator)
        sheets = s.sample_sheets * 64 * s.model.resolution**2 * 2.5
        needed = 4 * numbers * (checkpoint.KEEP + 1) + sheets + 20e6
        free = shutil.disk_usage(self.output).free
        print(f"{len(self.store.train):,} pictures of {s.model.resolution} px from {self.store.info['name']}, "
              f"{len(self.store.held_out):,} held out, kept in {self.store.folder}\n"
              f"generator {parameter_count(self.gan.generator):,} parameters, "
              f"discriminator {parameter_count(self.gan.discriminator):,}; recipe {s.recipe}, "
              f"{self.accelerator.mixed_precision.replace('no', 'float32')} on {_hardware(self.accelerator)}\n"
              f"{steps:,} steps of {self.gan.pictures_per_step} pictures at {rate:,.0f} pictures a second: "
              f"about {_duration(steps * self.gan.pictures_per_step / rate)}\n"
              f"disk: about {needed / 1e6:,.0f} MB in {self.output} ({free / 1e9:,.1f} GB free)")
        if needed > free:
            raise UserError(f"{self.output} needs about {needed / 1e6:,.0f} MB and has {free / 1e6:,.0f} MB free.")
        if len(self.store.train) < 1000:
            print("So few pictures will be learned by heart rather than learned from: 1,000 is a good least.")
        report.save_reals(self.store.train, self.output / "reals.png")

    def _rehearse(self) -> float:
        """Pictures per second over one round of penalty and plain steps, undone afterwards."""
        before = copy.deepcopy(self.gan.state_dict())
        count = self.settings.penalty_every if self.settings.penalty_weight else 2
        batches = self._batches(self.gan.step, self.gan.step + 1 + count)
        self.gan(next(batches))  # the first step allocates and compiles
        self._synchronize()
        start = time.perf_counter()
        for batch in batches:
            self.gan(batch)
        self._synchronize()
        rate = count * self.gan.pictures_per_step / (time.perf_counter() - start)
        self.gan.load_state_dict(before)
        return rate

    def _cut_after(self, step: int) -> None:
        """Drop log lines and sheets of steps that will be taken again."""
        self.output.mkdir(parents=True, exist_ok=True)
        rows = [row for row in report.read_metrics(self.metrics_file) if row["step"] <= step]
        self.metrics_file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        for sheet in self.sheets.glob("step-*.png"):
            if int(sheet.stem.removeprefix("step-")) > step:
                sheet.unlink()

    # --- the loop ----------------------------------------------------------------------------------------------

    def go(self) -> None:
        """Train to the end, or until told to stop."""
        self._start_trackers()
        stop = StopSignal()
        self.started = time.perf_counter()
        every = {"sheet": max(1, self.total_steps // self.settings.sample_sheets),
                 "log": self.settings.logging_steps, "checkpoint": self.settings.checkpointing_steps,
                 "evaluate": self.settings.eval_every or self.total_steps}
        progress = tqdm(total=self.total_steps * self.gan.pictures_per_step, unit="pictures", unit_scale=True,
                        initial=self.gan.step * self.gan.pictures_per_step, disable=not self.main, smoothing=0.02)
        if self.gan.step == 0:
            self._save_sheet()
        for batches in self._batches(self.gan.step, self.total_steps):
            self.logs.append(self.gan(batches))
            progress.update(self.gan.pictures_per_step)
            step, last = self.gan.step, self.gan.step == self.total_steps
            told = self._told_to_stop(stop)
            due = {name for name, interval in every.items() if step % interval == 0 or (last and name != "evaluate")}
            if "log" in due:
                self._log(batches[0], progress)
            if "sheet" in due:
                self._save_sheet()
            if "checkpoint" in due or told:
                self._save()
            if self.settings.eval_features and ("evaluate" in due or last):
                self._evaluate()
            if told:
                progress.close()
                self._say(f"Stopped by {signal.Signals(told).name} at step {step:,} of {self.total_steps:,}, everything "
                          "saved. The same command with --resume_from_checkpoint latest goes on from there.")
                sys.exit(128 + told)
        progress.close()
        if self.main:
            self._export()
            self._say(f"Done: {self.output / 'weights'}")

    def _batches(self, start: int, stop: int):
        return data.batches(self.store.train, start, stop, self.settings.seed, self.accelerator.device,
                            self.settings.train_batch_size, self.settings.gradient_accumulation_steps,
                            self.accelerator.process_index, self.accelerator.num_processes)

    def _told_to_stop(self, stop: "StopSignal") -> int:
        """The signal that any process got, or 0; the same answer in all of them, so that none waits for the others."""
        if self.accelerator.num_processes == 1:
            return stop.received
        if self.gan.step % _SIGNAL_EVERY:
            return 0
        received = torch.tensor([stop.received], device=self.accelerator.device)
        return int(self.accelerator.gather(received).max())

    def _log(self, real: torch.Tensor, progress: tqdm) -> None:
        """One line of metrics.jsonl: mean losses since the last one, accuracies now."""
        losses = self._finite_losses()
        row = {"step": self.gan.step, "pictures": self.gan.step * self.gan.pictures_per_step,
               "seconds": round(self._seconds(), 1), **losses, **self._accuracies(real),
               "learning_rate": self.gan.learning_rate}
        self._write_row(row)
        progress.set_postfix({"G": f"{losses['loss_generator']:.2f}", "D real": f"{losses['loss_real']:.2f}",
                              "D fake": f"{losses['loss_fake']:.2f}"})

    def _write_row(self, row: dict) -> None:
        if self.main:
            with open(self.metrics_file, "a") as file:
                file.write(json.dumps(row) + "\n")
        self.accelerator.log({name: value for name, value in row.items() if name != "step" and value is not None},
                             step=row["step"])

    def _finite_losses(self) -> dict[str, float]:
        """Mean of each loss since the last call: the only moment at which the loop waits for the device.

        Raises:
            UserError: one of them is NaN or infinite; checkpoints and weights are still those of before.
        """
        names = sorted({name for log in self.logs for name in log})
        means = {name: torch.stack([log[name] for log in self.logs if name in log]).mean().item() for name in names}
        self.logs = []
        self._require_finite(means)
        return {name: round(value, 5) for name, value in means.items()}

    def _require_finite(self, values: dict[str, float]) -> None:
        broken = [name for name, value in values.items() if not math.isfinite(value)]
        if broken:
            last = checkpoint.found(self.checkpoints)
            raise UserError(
                f"Training broke down by step {self.gan.step:,}: {' and '.join(broken)} is not finite. "
                + (f"{last[-1]} and {self.output / 'weights'} are from before that. " if last else "")
                + "Start again with a lower --learning_rate or a higher --penalty_weight.")

    @torch.no_grad()
    def _accuracies(self, real: torch.Tensor) -> dict[str, float | None]:
        """Share that the discriminator takes for what they are: training pictures, fakes, held-out pictures.

        Without a zero of its own (`relativistic`) the border is half-way between the means of real and fake.
        """
        if not self.main:
            return {}
        discriminator, held_out = self.gan.discriminator.eval(), self.store.held_out
        device, count = self.accelerator.device, min(_PROBE, len(real))
        latents = torch.randn(count, self.settings.model.latent_dim, generator=torch.Generator().manual_seed(self.gan.step))
        real_logits = discriminator(to_signed(real[:count]))
        fake_logits = discriminator(self.gan.generator.eval()(latents.to(device)))
        self.gan.generator.train()
        border = 0.0 if self.settings.loss == "bce" else (real_logits.mean() + fake_logits.mean()) / 2
        shares = {"accuracy_real": (real_logits > border).float().mean().item(),
                  "accuracy_fake": (fake_logits < border).float().mean().item(), "accuracy_held_out": None}
        if len(held_out):
            chosen = held_out[:_PROBE]
            logits = discriminator(to_signed(torch.from_numpy(chosen.copy()).to(device)))
            shares["accuracy_held_out"] = (logits > border).float().mean().item()
        discriminator.train()
        return {name: value if value is None else round(value, 4) for name, value in shares.items()}

    # --- what is written ---------------------------------------------------------------------------------------

    def _save_sheet(self) -> None:
        if self.main:
            report.save_sheet(self.gan.ema, self.sheets / f"step-{self.gan.step:08d}.png")

    def _save(self) -> None:
        """Checkpoint and weights folder, if everything is still finite."""
        if self.logs:
            self._finite_losses()
        # the last update may have broken what the last loss did not show yet
        self._require_finite({f"a parameter of the {name}": sum(p.sum() for p in network.parameters()).item()
                              for name, network in (("generator", self.gan.generator), ("discriminator", self.gan.discriminator))})
        if self.main:
            checkpoint.save(self.checkpoints, {"training": self.gan.state_dict(), "identity": self.identity,
                                               "seconds": self._seconds(), "total_steps": self.total_steps})
            self._export()

    def _export(self) -> None:
        """Refresh OUTPUT_DIR/weights; a reader sees the old folder or the new one."""
        new, s = self.output / "weights.new", self.settings
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        training = {
            "recipe": s.recipe, "data": s.data_name or self.store.info["name"], "pictures_in_data": len(self.store.train),
            "held_out": len(self.store.held_out), "steps": self.gan.step, "planned_steps": self.total_steps,
            "pictures": self.gan.step * self.gan.pictures_per_step, "hours": round(self._seconds() / 3600, 3),
            "hardware": _hardware(self.accelerator), "processes": self.accelerator.num_processes,
            "precision": self.accelerator.mixed_precision, "torch": torch.__version__,
            "command": "accelerate launch " + shlex.join(sys.argv), "settings": to_dict(s),
        }
        config = {"training": training, "metrics": getattr(self, "measured", {})}
        weights.save(new, self.gan.ema, self.gan.discriminator, s.model, config)
        report.complete(new, weights.load(new), report.read_metrics(self.metrics_file), sorted(self.sheets.glob("step-*.png")))
        weights.replace_folder(new, self.output / "weights")

    def _evaluate(self) -> None:
        """Fréchet distance of the weights folder, as saved."""
        if not self.main:
            return
        s, folder = self.settings, self.output / "weights"
        self._export()
        command = command_for(folder, s.eval_features, s.train_data_dir, s.dataset_name, s.eval_samples)
        result = measure(folder, Frechet(self.features, self.store, s.eval_samples, self.accelerator.device), command)
        self.measured = {"frechet_distance": result}
        self._write_row({"step": self.gan.step, "pictures": self.gan.step * self.gan.pictures_per_step,
                         "frechet_distance": result["value"]})
        tqdm.write(f"Step {self.gan.step:,}: {describe(result)}")

    # --- small things ------------------------------------------------------------------------------------------

    def _start_trackers(self) -> None:
        self.accelerator.init_trackers(
            "tensorboard", init_kwargs={"tensorboard": {"purge_step": self.gan.step + 1}} if self.gan.step else {})

    def _seconds(self) -> float:
        return self.earlier_seconds + time.perf_counter() - self.started

    def _synchronize(self) -> None:
        if self.accelerator.device.type == "cuda":
            torch.cuda.synchronize()

    def _say(self, sentence: str) -> None:
        if self.main:
            tqdm.write(sentence)


class StopSignal:
    """SIGTERM or Ctrl-C, remembered until the step is done; the same one again ends the process at once."""

    def __init__(self):
        self.received = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._remember)

    def _remember(self, number: int, frame) -> None:
        self.received = self.received or number
        signal.signal(number, signal.SIG_DFL)


def _hardware(accelerator) -> str:
    if accelerator.device.type == "cuda":
        return f"{accelerator.num_processes} x {torch.cuda.get_device_name(accelerator.device)}"
    model = next((line.split(":", 1)[1].strip() for line in _cpu_lines() if line.startswith("model name")), platform.machine())
    return f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores of {model}"


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
