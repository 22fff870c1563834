"""What a run logs: losses, accuracies and overfitting, into metrics.jsonl and the tracker; and the check for NaN."""

import json
import math
from pathlib import Path

import torch
from accelerate import Accelerator
from tqdm import tqdm

from gan import UserError
from gan.model.images import to_signed
from gan.train.generator import checkpoint
from gan.train.generator.folder import RunFolder
from gan.train.generator.step import GanStep
from gan.train.measure import quality, sheets
from gan.train.pictures.store import Store
from gan.train.settings import TrainSettings

_PROBE = 128  # pictures of each kind on which the discriminator is judged


class MetricsLog:
    """`OUTPUT_DIR/metrics.jsonl`, one line every `logging_steps`."""

    def __init__(self, settings: TrainSettings, accelerator: Accelerator, gan: GanStep, store: Store):
        self.settings, self.accelerator, self.gan = settings, accelerator, gan
        # other pictures than the last step's, which the discriminator has just been trained on
        self.probes = {"real": sheets.evenly(store.train, _PROBE), "held_out": sheets.evenly(store.held_out, _PROBE)}
        self.folder = RunFolder(settings.output_dir)
        self.file = self.folder.metrics
        self.losses: list[dict[str, torch.Tensor]] = []  # of the steps since the last line, still on the device

    def start_trackers(self) -> None:
        """Open the trackers; steps that will be taken again, or are of a run before this one, are dropped."""
        purge = {"tensorboard": {"purge_step": self.gan.step + 1}}
        self.accelerator.init_trackers("tensorboard", init_kwargs=purge)

    def rows(self) -> list[dict]:
        """All lines so far."""
        return read_metrics(self.file)

    def cut_after(self, step: int, measured: bool) -> None:
        """Drop the lines of steps that will be taken again, and the measurement of this step unless it is finished."""
        kept = [
            row
            for row in self.rows()
            if row["step"] < step or row["step"] == step and (measured or "frechet_distance" not in row)
        ]
        temporary = self.file.with_suffix(".tmp")  # a kill while writing must not lose the earlier lines
        temporary.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
        temporary.replace(self.file)

    def add(self, losses: dict[str, torch.Tensor]) -> None:
        """Remember a step's losses, without waiting for the device."""
        self.losses.append(losses)

    def write(self, seconds: float, progress: tqdm) -> None:
        """Write one line: mean losses since the last line or checkpoint, and how the discriminator judges probes."""
        losses = self._finite_means()
        self.append(
            {
                "step": self.gan.step,
                "pictures": self.gan.step * self.gan.pictures_per_step,
                "seconds": round(seconds, 1),
                **losses,
                **judgement(self._probe_logits(), self.settings.loss),
                "learning_rate": self.gan.learning_rate,
            }
        )
        progress.set_postfix(
            {
                "G": f"{losses['loss_generator']:.2f}",
                "D real": f"{losses['loss_real']:.2f}",
                "D fake": f"{losses['loss_fake']:.2f}",
            }
        )

    def append(self, row: dict) -> None:
        """Write a row into the file, and its numbers to the tracker."""
        if self.accelerator.is_main_process:
            with open(self.file, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        self.accelerator.log(
            {name: value for name, value in row.items() if name != "step" and value is not None}, step=row["step"]
        )

    def require_finite_networks(self) -> None:
        """Check losses and parameters: the last update may have broken a parameter, and no loss shows it yet.

        Raises:
            UserError: one of them is not finite.
        """
        if self.losses:
            self._finite_means()
        sums = {
            f"a parameter of the {name}": sum(p.sum() for p in network.parameters()).item()
            for name, network in (("generator", self.gan.generator), ("discriminator", self.gan.discriminator))
        }
        self._require_finite(sums)

    def _finite_means(self) -> dict[str, float]:
        """Mean of each loss since the last call, over all processes. Nothing else waits for the device."""
        names = sorted({name for losses in self.losses for name in losses})
        means = torch.stack(
            [torch.stack([losses[name] for losses in self.losses if name in losses]).mean() for name in names]
        )
        means = dict(zip(names, self.accelerator.reduce(means, "mean").tolist()))
        self.losses = []
        self._require_finite(means)
        return {name: round(value, 5) for name, value in means.items()}

    def _require_finite(self, values: dict[str, float]) -> None:
        broken = [name for name, value in values.items() if not math.isfinite(value)]
        if broken:
            last = checkpoint.found(self.folder.checkpoints)
            raise UserError(
                f"Training broke down by step {self.gan.step:,}: {' and '.join(broken)} is not finite. "
                + (f"{last[-1]} and {self.folder.weights} are from before that. " if last else "")
                + "Start again with a lower --learning_rate (and --learning_rate_end)"
                + (" or a higher --penalty_weight." if self.settings.penalty_weight else ".")
            )

    @torch.no_grad()
    def _probe_logits(self) -> dict[str, torch.Tensor]:
        """Logits `(_PROBE,)` of training pictures, fakes and, if there are any, held-out pictures.

        Empty in processes that do not write.
        """
        if not self.accelerator.is_main_process:
            return {}
        generator, discriminator = self.gan.generator.eval(), self.gan.discriminator.eval()
        device, random = self.accelerator.device, torch.Generator().manual_seed(self.gan.step)
        latents = torch.randn(_PROBE, self.settings.model.latent_dim, generator=random)
        logits = {
            name: discriminator(to_signed(torch.from_numpy(pictures).to(device)))
            for name, pictures in self.probes.items()
            if len(pictures)
        }
        logits["fake"] = discriminator(generator(latents.to(device)))
        generator.train()
        discriminator.train()
        return logits


def read_metrics(path: Path) -> list[dict]:
    """The lines of a metrics.jsonl; a last line that a kill cut short is left out."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def judgement(logits: dict[str, torch.Tensor], loss: str) -> dict[str, float | None]:
    """Shares of real and fake pictures that the discriminator is right about, and its overfitting.

    Args:
        logits: `(N,)` of `real` (training pictures), `fake` and, if there are any, `held_out`; or nothing at all.
        loss: with `bce` a logit above 0 means real; with `relativistic`, above the middle between both means.

    Returns:
        `accuracy_*`, from 0 to 1, and `overfitting` (see `quality.overfitting`).
    """
    if not logits:
        return {}
    mean = {name: value.float().mean().item() for name, value in logits.items()}
    border = 0.0 if loss == "bce" else (mean["real"] + mean["fake"]) / 2
    right = {name: value < border if name == "fake" else value > border for name, value in logits.items()}
    figures = {f"accuracy_{name}": value.float().mean().item() for name, value in right.items()}
    if "held_out" in logits:
        figures["overfitting"] = quality.overfitting(mean["real"], mean["held_out"], mean["fake"])
    return {name: value if value is None else round(value, 4) for name, value in figures.items()}
