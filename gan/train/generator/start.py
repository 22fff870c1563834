"""Where a run starts: at a checkpoint, from other weights, or from nothing."""

import dataclasses
import shlex
import shutil
import sys

import torch
from accelerate.utils import broadcast_object_list

from gan import UserError, reason
from gan.model.settings import ModelSettings
from gan.model.weights import Weights
from gan.train import machine
from gan.train.generator import checkpoint, transfer
from gan.train.generator.checkpoint import Checkpoint
from gan.train.generator.folder import RunFolder


def find_checkpoint(folder: RunFolder, wanted: str | None, main: bool) -> Checkpoint | None:
    """The checkpoint that was asked for; one process reads it for all, so that machines need no shared disk.

    Args:
        wanted: "latest", the path of a checkpoint, or None: start from the beginning.
        main: whether this process reads.

    Raises:
        UserError: there is none that can be read, or the folder holds another run.
    """
    found = None
    if main and wanted:
        found = checkpoint.load(folder.checkpoints, wanted)
        if found:
            folder.require_own(found)
    elif main and checkpoint.found(folder.checkpoints):
        raise UserError(
            f"{folder.path} holds a run already. Go on with --resume_from_checkpoint latest, "
            "or choose another --output_dir."
        )
    if main and not found:
        folder.require_no_weights()
    return broadcast_object_list([found])[0]


def model_of(wanted: ModelSettings, found: Checkpoint | None, source: Weights | None) -> ModelSettings:
    """The settings of both networks; widths that were left open are those of what the run starts from."""
    if found:
        saved = found.state["identity"]
        if not wanted.widths and saved["resolution"] == wanted.resolution:
            wanted = dataclasses.replace(wanted, widths=tuple(saved["widths"]))
        if "skips" not in saved:  # a run that began before there were any goes on without
            wanted = dataclasses.replace(wanted, skips=False)
    elif source:
        wanted = transfer.fitting(wanted, source.settings)
    return wanted.explicit()


def start(run) -> None:
    """Bring a `loop.Run` to where it starts, and remove from its folder what is of later steps or of another run.

    Raises:
        UserError: the checkpoint is of other settings or pictures, or the processes see different pictures.
    """
    found, wanted = run.found, run.settings.resume_from_checkpoint
    (same,) = broadcast_object_list([run.identity])
    if same != run.identity:
        raise UserError(
            "The processes do not see the same pictures: --train_data_dir must hold the same on each machine."
        )
    goes_on_here = bool(found) and run.folder.holds_run()
    if found:
        pictures = (found.state.get("pictures", ""), run.pictures)
        checkpoint.require_same(found.path, found.state["identity"], run.identity, pictures)
        _load(run, found)
    elif wanted:
        run.say(f"No checkpoint in {run.folder.checkpoints} yet: starting from the beginning.")
    if run.main:
        run.log.cut_after(run.gan.step, measured=run.measured_at == run.gan.step)
        run.folder.remove_after(run.gan.step, keep_earlier_timeline=goes_on_here)
    if not found and run.source_folder:
        run.say(run.gan.taken)
        timeline = run.source_folder / "timeline.webp"
        if run.main and timeline.exists():
            shutil.copy(timeline, run.folder.earlier_timeline)
    if run.gan.step < run.total_steps:
        command = ("accelerate launch " if machine.started_by_accelerate() else "python ") + shlex.join(sys.argv)
        typed = {"from_step": run.gan.step, "planned_steps": run.total_steps, "command": command}
        run.commands = [*run.commands, typed]
    run.found = None  # as large as both networks and their optimizers
    run.accelerator.wait_for_everyone()


def _load(run, found: Checkpoint) -> None:
    state = found.state
    try:
        run.gan.load_state_dict(state["training"])
        run.run_id = state.get("run") or run.run_id
        run.earlier_seconds, run.measured, run.commands = state["seconds"], state["measured"], state["commands"]
        run.started_from, run.measured_at = state.get("started_from"), state.get("measured_at", 0)
    except (AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise UserError(
            f"{found.path} does not fit this run ({reason(error)}): it is damaged or of another version. Go on from "
            "another checkpoint, or choose another --output_dir for a new run."
        ) from error
    if run.gan.step > run.total_steps:
        raise UserError(
            f"The run has {run.gan.step:,} steps already, more than the {run.total_steps:,} of --max_train_steps or "
            "--num_epochs: give a greater number."
        )
    if state["total_steps"] != run.total_steps:
        run.say(
            f"Planned for {state['total_steps']:,} steps, now {run.total_steps:,}: "
            "the schedules stretch to the new length."
        )
    run.say(f"Going on from step {run.gan.step:,} of {run.total_steps:,}.")
