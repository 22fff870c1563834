"""Train the detector that the page's verdict comes from, calibrate it, and report how well it does.

    python -m gan.train.detector --train_data_dir DIR [DIR …] --generators WEIGHTS [WEIGHTS …]

Faces of the generators against the pictures' training split, both after the same random way through the world; calibrated
on one half of the held-out pictures and as many new faces, reported on the other.
"""

import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import tyro
from tqdm import trange

from gan import UserError
from gan.model import images, latents, weights
from gan.model.detector import Detector
from gan.model.settings import DataSettings, ModelSettings
from gan.train import data, detector_card, detector_report, machine, plots, sources
from gan.train.degrade import degraded
from gan.train.detector_report import DEGRADED
from gan.train.step import cosine

# of the faces trained on: far from the galleries that people look at, and from the faces reported on
SEEDS = (1_000_000_000, 2_000_000_000)
SNAPSHOTS = 0.25  # share of batches with faces of earlier states
VARIATIONS = (1.0, 1.0, 1.0, 1.0, 1.2, 0.9, 0.75, 0.6)  # of the faces: half as trained, half as people vary them


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """Train and report a detector."""

    # folders of real faces; what is called test or validation is never trained on, but reported on
    train_data_dir: tuple[Path, ...]
    # weights folders whose faces are to be told from real ones
    generators: tuple[Path, ...]
    # earlier states of generators: trained on, not reported on
    snapshots: tuple[Path, ...] = ()
    # the weights folder whose discriminator it starts from
    init_from: Path = Path("weights/faces-64")
    # where the detector goes
    output_dir: Path = Path("weights/detector")
    # where decoded pictures are kept
    store_dir: Path = Path("~/.cache/seedfaces")
    # how long, in steps
    max_train_steps: int = 7500
    # pictures per step, half of them real
    train_batch_size: int = 64
    # learning rate at the start of the run, falling to a hundredth on half a cosine
    learning_rate: float = 3e-4
    # starting point of everything random
    seed: int = 0


class Pictures:
    """Real pictures and fresh faces, as many of both and of the same size in each batch: the size tells nothing."""

    def __init__(self, settings: DetectorSettings, resolution: int):
        self.settings, self.resolution = settings, resolution
        self.generators = [weights.load(folder) for folder in settings.generators]
        self.snapshots = [weights.load(folder) for folder in settings.snapshots] or self.generators
        sizes = {loaded.settings.resolution for loaded in (*self.generators, *self.snapshots)}
        found = [sources.find(DataSettings(train_data_dir=folder)) for folder in settings.train_data_dir]
        # by size, one store for each folder
        self.stores = {size: [data.open_store(source, size, settings.store_dir) for source in found] for size in sorted(sizes)}

    def batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """`(N, S, S, 3)` uint8, each after its own way through the world, and which of them are generated `(N,)`."""
        with ThreadPoolExecutor(machine.cores()) as pool:
            for step in range(self.settings.max_train_steps):
                random = np.random.default_rng((self.settings.seed, step))
                kind = self.snapshots if random.random() < SNAPSHOTS else self.generators
                faces = self._faces(random, kind[random.integers(len(kind))])
                chosen = [*faces, *self._real(random, faces.shape[1])]
                # what tells faces apart is learned first on clean pictures, and much faster
                probability = DEGRADED * min(max(2 * step / self.settings.max_train_steps - 0.5, 0), 1)
                pictures = pool.map(lambda picture, way: degraded(picture, self.resolution, probability, way),
                                    chosen, random.spawn(len(chosen)))
                yield torch.from_numpy(np.stack(list(pictures))), (torch.arange(len(chosen)) < len(faces)).float()

    @torch.no_grad()
    def _faces(self, random: np.random.Generator, loaded: weights.Weights) -> np.ndarray:
        """Half a batch of faces, made in one batch: what is only trained on need not be bit-equal to a published face."""
        seeds = random.integers(*SEEDS, self.settings.train_batch_size // 2)
        points = torch.from_numpy(latents.from_seeds(seeds, loaded.settings.latent_dim))
        can_vary = loaded.generator.mean_features is not None  # not in the first weights
        return images.to_uint8(loaded.generator(points, VARIATIONS[random.integers(len(VARIATIONS))] if can_vary else 1.0))

    def _real(self, random: np.random.Generator, size: int) -> list[np.ndarray]:
        """As many training pictures, from all sets together."""
        stores = self.stores[size]
        ends = np.cumsum([len(store.train) for store in stores])
        places = random.integers(ends[-1], size=self.settings.train_batch_size // 2)
        return [stores[which].train[place - ends[which]] for place, which in zip(places, np.searchsorted(ends, places, "right"))]


def train(detector: Detector, pictures: Pictures, settings: DetectorSettings) -> None:
    optimizer = torch.optim.Adam(detector.parameters(), settings.learning_rate, fused=True)
    bf16, losses = machine.precision("auto") == "bf16", []
    with trange(settings.max_train_steps, unit="step") as progress:
        for step, (batch, generated) in zip(progress, pictures.batches()):
            for group in optimizer.param_groups:
                group["lr"] = cosine(step / settings.max_train_steps, settings.learning_rate, settings.learning_rate / 100)
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                logits = detector(images.to_signed(batch)).sum((1, 2))
            loss = F.binary_cross_entropy_with_logits(logits, generated)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.detach())
            if step % 50 == 49:
                progress.set_postfix(loss=f"{torch.stack(losses[-50:]).mean():.3f}")


def start_from(folder: Path) -> tuple[Detector, ModelSettings]:
    """A discriminator as a detector, and its settings. Its logits speak for real, a detector's for generated."""
    loaded = weights.load(folder)
    detector = Detector(loaded.settings)
    detector.discriminator.load_state_dict(loaded.discriminator.state_dict())
    with torch.no_grad():
        for parameter in detector.discriminator.judge.parameters():
            parameter.neg_()
    return detector.to(memory_format=torch.channels_last), loaded.settings


def main(settings: DetectorSettings) -> None:
    start = time.monotonic()
    torch.manual_seed(settings.seed)
    machine.keep_memory()
    detector, model = start_from(settings.init_from)
    pictures = Pictures(settings, model.resolution)
    # before minutes are spent: are there pictures to measure it with?
    held = detector_report.held_out(pictures.stores, pictures.generators)
    train(detector, pictures, settings)
    new = settings.output_dir.with_name(settings.output_dir.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    weights.save_detector(new, detector, model, {})
    # what is published is measured as it was saved
    saved, _, config = weights.load_detector(new)
    score = detector_report.Scorer(saved, model.resolution)
    calibration, report = detector_report.report(score, held, pictures.generators)
    training = {
        "command": "python -m gan.train.detector " + shlex.join(sys.argv[1:]), "steps": settings.max_train_steps,
        "pictures": settings.max_train_steps * settings.train_batch_size, "minutes": round((time.monotonic() - start) / 60, 1),
        "hardware": machine.hardware(torch.device("cpu")), "data": [Path(folder).name for folder in settings.train_data_dir],
        "generators": [each.generator_id for each in (*pictures.generators, *pictures.snapshots)],
        "started_from": weights.load(settings.init_from).generator_id,
    }
    weights.save_detector(new, saved, model, {
        "training": training, "calibration": calibration, "report": report,
        # until benchmarks/detector.py measures faces that the page cuts out of photos
        "calibration_in_photos": calibration})
    plots.save_detector(report, new / plots.DETECTOR)
    detector_card.save(new, weights.load_config(new))
    weights.replace_folder(new, settings.output_dir)
    auroc, wrong = report["as_it_is"]["auroc"], report["wrong"]
    print(f"AUROC {auroc['value']:.3f} ({auroc['interval'][0]:.3f} to {auroc['interval'][1]:.3f}); of real pictures "
          f"{100 * wrong['real_called_generated']:.1f} % called likely generated, of generated ones "
          f"{100 * wrong['generated_called_real']:.1f} % likely real, of both {100 * wrong['cannot_tell']:.1f} % neither")


if __name__ == "__main__":
    try:
        main(tyro.cli(DetectorSettings, use_underscores=True))
    except UserError as error:
        sys.exit(f"Error: {error}")
