"""The output folder of a run: its files, and which run they belong to."""

from pathlib import Path

from gan import UserError
from gan.train.generator import checkpoint


class RunFolder:
    """OUTPUT_DIR: `checkpoints/`, `sheets/`, `metrics.jsonl`, `reals.png`, `logs/` (of trackers) and `weights/`."""

    def __init__(self, path: Path):
        self.path = path
        self.checkpoints, self.weights = path / "checkpoints", path / "weights"
        self.metrics, self.reals = path / "metrics.jsonl", path / "reals.png"
        # timeline of the weights that the run started from
        self.earlier_timeline = path / "earlier-timeline.webp"

    def sheet(self, step: int) -> Path:
        """The path of the sample sheet of a step."""
        return self.path / "sheets" / f"step-{step:08d}.png"

    def sheets(self) -> list[Path]:
        """The sample sheets so far, oldest first."""
        return sorted((self.path / "sheets").glob("step-*.png"))

    def holds_run(self) -> bool:
        """Whether a run has left checkpoints, weights, a sheet or a line of metrics here."""
        lines = self.metrics.exists() and self.metrics.stat().st_size > 0
        return bool(lines or checkpoint.found(self.checkpoints) or self.weights.exists() or self.sheets())

    def require_own(self, chosen: checkpoint.Checkpoint) -> None:
        """Check that resuming from a checkpoint overwrites no other run.

        The checkpoint must be in this folder, or have the id of one that is (a copy), or the folder must hold no run.

        Raises:
            UserError: none of these holds.
        """
        is_here = chosen.path.resolve().parent == self.checkpoints.resolve()
        if is_here or not self.holds_run() or chosen.state.get("run") in checkpoint.run_ids(self.checkpoints):
            return
        raise UserError(
            f"{self.path} holds a run, and {chosen.path} is not known to be of that run: choose another --output_dir, "
            f"or, if it is, put it into {self.checkpoints}."
        )

    def remove_after(self, step: int, keep_earlier_timeline: bool) -> None:
        """Remove the sheets of steps that will be taken again, and what another run has left here."""
        for sheet in self.sheets():
            if sheet > self.sheet(step):
                sheet.unlink()
        if not keep_earlier_timeline:
            self.earlier_timeline.unlink(missing_ok=True)
