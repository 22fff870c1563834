"""The output folder of a run: its files, and which run they belong to."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from gan import UserError
from gan.train.generator import checkpoint


class InUse(UserError):
    """Another run is writing to the folder."""


class RunFolder:
    """OUTPUT_DIR: `checkpoints/`, `sheets/`, `metrics.jsonl`, `reals.png`, `logs/` (of trackers) and `weights/`."""

    def __init__(self, path: Path):
        self.path = path
        self.checkpoints, self.weights = path / "checkpoints", path / "weights"
        self.metrics, self.reals = path / "metrics.jsonl", path / "reals.png"
        self.pushed = path / "weights.push"  # a copy, while it is pushed
        # timeline of the weights that the run started from
        self.earlier_timeline = path / "earlier-timeline.webp"

    def sheet(self, step: int) -> Path:
        """The path of the sample sheet of a step."""
        return self.path / "sheets" / f"step-{step:08d}.png"

    def sheets(self) -> list[Path]:
        """The sample sheets so far, oldest first."""
        return sorted((self.path / "sheets").glob("step-*.png"))

    @contextmanager
    def unless_refused(self, store: Path) -> Iterator[None]:
        """Remove the folder again, with those that were made for it, if a run ends before its first step; unless the
        store of decoded pictures is in it."""
        new = [path for path in (self.path, *self.path.parents) if not path.exists()]
        try:
            yield
        except InUse:  # that run may have made the folder after this one has looked
            raise
        except BaseException:
            holds_store = store.expanduser().resolve().is_relative_to(self.path.resolve())
            if new and not holds_store and os.environ.get("RANK", "0") == "0":  # the process that makes it
                shutil.rmtree(self.path, ignore_errors=True)
                for path in new[1:]:
                    with suppress(OSError):  # something else is in it by now
                        path.rmdir()
            raise

    def take(self) -> FileLock | None:
        """Keep other runs out of the folder, which exists, while the result is held; the kernel ends this with the
        process. None where the drive knows no locks.

        Raises:
            InUse: another run is here.
        """
        lock = FileLock(self.path / ".running")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise InUse(
                f"Another run is writing to {self.path}: wait for its end, or choose another --output_dir."
            ) from None
        except (OSError, NotImplementedError):  # of a network drive
            return None
        return lock

    def holds_run(self) -> bool:
        """Whether a run has left checkpoints, weights, a sheet or a line of metrics here."""
        lines = self.metrics.exists() and self.metrics.stat().st_size > 0
        return bool(lines or checkpoint.found(self.checkpoints) or self.weights.exists() or self.sheets())

    def require_own(self, chosen: checkpoint.Checkpoint) -> None:
        """Check that resuming from a checkpoint overwrites no other run.

        A checkpoint with an id must have that of the other checkpoints here. Where no checkpoint here has an id, it
        must lie here, or the folder must hold no run.

        Raises:
            UserError: neither holds.
        """
        run, others = chosen.state.get("run"), checkpoint.run_ids(self.checkpoints, but=chosen.path)
        is_here = chosen.path.resolve().parent == self.checkpoints.resolve()
        if run in others or ((is_here or not self.holds_run()) and not (run and others)):
            return
        raise UserError(
            f"{self.path} holds a run, and {chosen.path} is not known to be of that run: choose another --output_dir."
        )

    def require_no_weights(self) -> None:
        """Check that starting from the beginning overwrites no weights.

        Raises:
            UserError: weights are here, though no checkpoint is.
        """
        if self.weights.exists():
            raise UserError(
                f"{self.weights} holds the weights of a run whose checkpoints are gone: choose another --output_dir."
            )

    def remove_after(self, step: int, keep_earlier_timeline: bool) -> None:
        """Remove the sheets of steps that will be taken again, and what another run or a kill has left here."""
        shutil.rmtree(self.pushed, ignore_errors=True)
        for sheet in self.sheets():
            if sheet > self.sheet(step):
                sheet.unlink()
        if not keep_earlier_timeline:
            self.earlier_timeline.unlink(missing_ok=True)
