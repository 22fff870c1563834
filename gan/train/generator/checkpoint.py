"""Crash-safe checkpoints: one file each, complete or not there; the last two are kept."""

import errno
import io
import os
from pathlib import Path
from pickle import UnpicklingError
from typing import NamedTuple
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import torch

from gan import UserError, reason
from gan.model.settings import ModelSettings, to_dict
from gan.train.settings import TrainSettings

KEEP = 2  # with one, a disk that fails while saving would leave nothing

# settings that may change when a run is resumed: places, intervals, length, and how a run begins
_FREE = {
    "output_dir",
    "store_dir",
    "train_data_dir",
    "dataset_name",
    "dataset_config_name",
    "dataset_split",
    "image_column",
    "crop",
    "faces",
    "data_name",
    "init_from",
    "resume_from_checkpoint",
    "checkpointing_steps",
    "logging_steps",
    "sample_sheets",
    "report_to",
    "eval_features",
    "eval_every",
    "eval_samples",
    "num_epochs",
    "max_train_steps",
    "push_to_hub",
    "hub_model_id",
    "hub_private_repo",
    "push_every",
    "mixed_precision",
    "train_batch_size",
    "gradient_accumulation_steps",
}


# what a checkpoint holds, as far as it is there: older ones lack some
_KINDS = {
    "training": (dict,),
    "identity": (dict,),
    "pictures": (str,),
    "run": (str,),
    "seconds": (float, int),
    "total_steps": (int,),
    "measured": (dict,),
    "measured_at": (int,),
    "commands": (list,),
    "started_from": (dict, type(None)),
}


class Checkpoint(NamedTuple):
    """A checkpoint in memory."""

    path: Path
    state: dict  # training (GanStep's), identity, run (an id), and the config's facts about the run


def identity(settings: TrainSettings, precision: str, pictures_per_step: int, data_digest: str) -> dict:
    """What must stay the same when a run is resumed from a checkpoint, as flat JSON types."""
    chosen = to_dict(settings)
    model = chosen.pop("model")
    return {
        **model,
        **{name: value for name, value in chosen.items() if name not in _FREE},
        "mixed_precision": precision,
        "pictures per step": pictures_per_step,
        "pictures": data_digest,
    }


def save(folder: Path, state: dict) -> Path:
    """Write `state` as the checkpoint of `state["training"]["step"]`; keep it and the `KEEP - 1` before it.

    Others are removed, later ones too: the run was resumed from an earlier step.

    The name appears only once every byte is on the disk, so a kill at any moment leaves no half checkpoint.

    Raises:
        UserError: it cannot be written; what was there before is untouched.
    """
    folder.mkdir(exist_ok=True)
    path = folder / f"checkpoint-{state['training']['step']:08d}.pt"
    temporary = path.with_suffix(".tmp")
    content = io.BytesIO()  # torch.save hides the error of a full disk behind a RuntimeError
    torch.save(state, content)
    try:
        with open(temporary, "wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        temporary.unlink(missing_ok=True)
        last = found(folder)
        raise UserError(
            f"The checkpoint of step {state['training']['step']} cannot be written to {folder} ({error.strerror}). "
            + (f"That of {last[-1].stem} is complete: " if last else "")
            + "Free some space and go on with --resume_from_checkpoint latest."
        ) from error
    os.replace(temporary, path)
    _sync_folder(folder)
    complete = found(folder)
    last = complete.index(path) + 1
    for old in (*complete[: max(0, last - KEEP)], *complete[last:]):
        old.unlink()
    for leftover in folder.glob("checkpoint-*.tmp"):
        leftover.unlink()
    return path


def found(folder: Path) -> list[Path]:
    """Complete checkpoints of a run, oldest first."""
    return sorted(folder.glob("checkpoint-*.pt"))


def load(folder: Path, wanted: str) -> Checkpoint | None:
    """The checkpoint to resume from, or None where "latest" finds nothing yet.

    Args:
        folder: where this run's checkpoints are.
        wanted: "latest" or the path of a checkpoint.

    Raises:
        UserError: there is no such file, it is a folder, or none can be read.
    """
    if wanted != "latest" and Path(wanted).is_dir():
        raise UserError(f"--resume_from_checkpoint {wanted} is a folder: name a .pt file in it, or say latest.")
    paths = found(folder)[::-1] if wanted == "latest" else [Path(wanted)]
    damaged = []
    for path in paths:
        try:
            state = _read(path)
        except FileNotFoundError:
            raise UserError(f"--resume_from_checkpoint {path}: there is no such file.") from None
        except Exception as error:  # a damaged file can fail anywhere in the unpickler
            damaged.append(f"{path} ({reason(error)})")
            continue
        for name in damaged:
            print(f"Damaged, passed over: {name}")
        return Checkpoint(path, state)
    if damaged:
        raise UserError(f"No checkpoint can be read: {'; '.join(damaged)}.")
    return None


def run_ids(folder: Path, but: Path) -> set[str]:
    """The ids of the runs with checkpoints in a folder, but for one of them.

    Damaged checkpoints and those of older versions have no id.
    """
    ids = set()
    for path in found(folder):
        if path.resolve() == but.resolve():
            continue
        try:
            ids.add(_read(path).get("run"))
        except Exception:  # as above
            continue
    return ids - {None}


def _read(path: Path) -> dict:
    try:
        _compare_checksums(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, BadZipFile):  # PyTorch's has advice that is dangerous for a file from elsewhere
        raise ValueError("damaged, or not a checkpoint of a run") from None
    if not isinstance(state, dict) or not {"training", "identity"} <= state.keys():
        raise ValueError("not a checkpoint of a run")
    wrong = [name for name, kinds in _KINDS.items() if name in state and type(state[name]) not in kinds]
    plain = (str, int, float, bool, list, type(None))
    wrong = wrong or [name for name, value in state["identity"].items() if type(value) not in plain]
    if wrong or type(state["training"].get("step")) is not int:
        raise ValueError(f"not a checkpoint of a run: {(wrong or ['step'])[0]} is of another kind")
    return state


def _compare_checksums(path: Path) -> None:
    """
    Raises:
        BadZipFile: a byte has changed, or parts are larger than in the file. `torch.load` notices neither.
    """
    with ZipFile(path) as archive:
        if any(part.compress_type != ZIP_STORED for part in archive.infolist()) or archive.testzip():
            raise BadZipFile


def require_same(path: Path, saved: dict, expected: dict, pictures: tuple[str, str] = ("", "")) -> None:
    """
    Args:
        saved, expected: `identity` of the checkpoint and of the present settings.
        pictures: what people call the pictures there and here; "" where an older checkpoint does not say.

    Raises:
        UserError: they differ; with the differences listed.
    """
    # a setting that is newer than the checkpoint had what is its default now
    saved = {**to_dict(TrainSettings()), **to_dict(ModelSettings()), **saved}
    differences = [name for name in sorted(expected) if saved.get(name) != expected.get(name)]
    if differences:
        # not the digests, which say nothing
        there, here = pictures if pictures[0] != pictures[1] else ("others", pictures[1])
        values = {name: (saved.get(name), expected.get(name)) for name in differences}
        values |= {"pictures": (there or "others", here)} if "pictures" in values else {}
        said = [f"{name}: {one!s:.80} there, {other!s:.80} here" for name, (one, other) in values.items()]
        raise UserError(
            f"{path} is of a run with other settings ({'; '.join(said)}). "
            "Use the same ones, or another --output_dir for a new run."
        )


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            # network drives and drives of other systems cannot
            if error.errno not in (errno.EINVAL, errno.EIO, errno.ENOTSUP, errno.EOPNOTSUPP):
                raise
        finally:
            os.close(descriptor)
