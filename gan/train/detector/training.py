"""Train the detector: generated faces against the training split of real ones, both with the same degradations."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm, trange

from gan.model import images, latents, weights
from gan.model.config import CONFIG, config_errors
from gan.model.detector import Detector
from gan.model.settings import ModelSettings
from gan.train import machine
from gan.train.detector.degrade import degraded
from gan.train.pictures import sources
from gan.train.pictures.store import open_store
from gan.train.schedules import cosine
from gan.train.settings import STORE_DIR, DataSettings

# of the faces trained on: far from the galleries that people look at, and from the faces reported on
SEEDS = (1_000_000_000, 2_000_000_000)
SNAPSHOTS = 0.25  # share of faces from earlier states of generators
_MOST_DEGRADED = 0.95  # share of pictures that are degraded at last: clean ones are easy
_TOGETHER = 32  # faces made in one batch, with one variation
VARIATIONS = (1.0, 1.0, 1.0, 1.0, 1.2, 0.9, 0.75, 0.6)  # of the faces: half as trained, half as people vary them


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """Train the detector behind "real or fake", calibrate it, and report how well it does.

    It learns to tell faces of the generators from the training split of the pictures. One half of the held-out pictures
    and as many new faces calibrate it, the other half is reported on. Example:

        python -m gan.train.detector --train_data_dir PICTURES --generators runs/faces/weights weights/faces-64

    From --real and --fake it also learns the traces that any generator leaves, and is calibrated on sources that were
    left out. Without --generators only that is learned, and added to the detector of --init_from. Example:

        python -m gan.train.detector --init_from weights/detector --real photos/* --fake generated/*
    """

    # folders of real faces; their test or validation splits are held out: calibrated and reported on
    train_data_dir: tuple[Path, ...] = ()
    # weights folders of the generators to detect
    generators: tuple[Path, ...] = ()
    # folders of pictures or parquet files of real faces from anywhere, one source each, at least 3
    real: tuple[Path, ...] = ()
    # the same of faces that other generators made
    fake: tuple[Path, ...] = ()
    # weights folders of earlier states of generators: trained on, not reported on
    snapshots: tuple[Path, ...] = ()
    # weights folder whose discriminator to start from, or a detector's folder to train further, on new generators say
    init_from: Path = Path("weights/faces-64")
    # folder for the detector; replaced when it is finished
    output_dir: Path = Path("weights/detector")
    # folder that keeps decoded pictures for the next time
    store_dir: Path = STORE_DIR
    # length of the training, in steps
    max_train_steps: int = 7_500
    # pictures per step, half of them real
    train_batch_size: int = 64
    # learning rate at the start; it falls to a hundredth on half a cosine
    learning_rate: float = 3e-4
    # seed of everything random
    seed: int = 0


class Pictures:
    """Batches of real pictures and faces, as many of both and of the same sizes, so that the size gives nothing away.

    Args:
        resolution: side of the pictures in a batch, pixels.
        clean_first: whether to begin with clean pictures and degrade ever more of them.

    Raises:
        UserError: weights or pictures are missing or damaged; with one sentence.
    """

    def __init__(self, settings: DetectorSettings, resolution: int, clean_first: bool):
        self.settings, self.resolution, self.clean_first = settings, resolution, clean_first
        self.generators = [weights.load(folder) for folder in settings.generators]
        self.snapshots = [weights.load_generator(folder) for folder in settings.snapshots]
        sizes = {loaded.settings.resolution for loaded in (*self.generators, *self.snapshots)}
        found = [sources.find(DataSettings(train_data_dir=folder)) for folder in settings.train_data_dir]
        # size in pixels → a store for each folder
        self.stores = {
            size: [open_store(source, size, settings.store_dir) for source in found] for size in sorted(sizes)
        }

    def batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """`(N, S, S, 3)` uint8 with random degradations, and which of them are generated, `(N,)` float32."""
        faces, coming = self._faces(), None
        generated = (torch.arange(self.settings.train_batch_size) < self.settings.train_batch_size // 2).float()
        with ThreadPoolExecutor(machine.cores()) as pool:
            # the next batch is degraded while the network learns from this one
            for step in range(self.settings.max_train_steps + 1):
                is_last = step == self.settings.max_train_steps
                ready, coming = coming, None if is_last else self._begin(step, faces, pool)
                if ready:
                    yield torch.from_numpy(np.stack(list(ready))), generated

    def _begin(self, step: int, faces: list[np.ndarray], pool: ThreadPoolExecutor) -> Iterator[np.ndarray]:
        """Begin to degrade the pictures of a step, faces first."""
        random = np.random.default_rng((self.settings.seed, step))
        made = [faces[place] for place in random.integers(len(faces), size=self.settings.train_batch_size // 2)]
        chosen = [*made, *(self._real(random, len(face)) for face in made)]
        # clean pictures teach the difference much faster; the share of degraded ones rises from 0.1 to 0.4 of the run
        rising = min(max((step / self.settings.max_train_steps - 0.1) / 0.3, 0), 1) if self.clean_first else 1
        return pool.map(
            lambda picture, own: degraded(picture, self.resolution, _MOST_DEGRADED * rising, own, own.random()),
            chosen,
            random.spawn(len(chosen)),
        )

    @torch.no_grad()
    def _faces(self) -> list[np.ndarray]:
        """As many faces as there are real pictures, `(S, S, 3)` uint8 each.

        They are made once: making them for each step would take as long as learning from them.
        """
        random, made = np.random.default_rng(self.settings.seed), []
        real = sum(len(store.train) for store in next(iter(self.stores.values())))
        earlier = round(SNAPSHOTS * real) if self.snapshots else 0
        batches = [
            loaded
            for kind, total in ((self.generators, real - earlier), (self.snapshots, earlier))
            for loaded in kind
            for _ in range(-(-total // len(kind) // _TOGETHER))
        ]
        for loaded in tqdm(batches, "Making faces", unit="batch"):
            points = torch.from_numpy(
                latents.from_seeds(random.integers(*SEEDS, _TOGETHER), loaded.settings.latent_dim)
            )
            can_vary = loaded.generator.mean_features is not None  # the first weights cannot
            variation = VARIATIONS[random.integers(len(VARIATIONS))] if can_vary else 1.0
            # in one batch: faces that are only trained on need not be bit-equal to published ones
            made += list(images.to_uint8(loaded.generator(points, variation)))
        return made

    def _real(self, random: np.random.Generator, size: int) -> np.ndarray:
        """A training picture `(size, size, 3)` uint8 from all data sets together."""
        stores = self.stores[size]
        ends = np.cumsum([len(store.train) for store in stores])
        place = random.integers(ends[-1])
        which = np.searchsorted(ends, place, "right")
        return stores[which].train[place - ends[which]]


def train(network: Detector, pictures: Pictures, settings: DetectorSettings) -> None:
    """Train a detector in place: binary cross-entropy with Adam."""
    optimizer = torch.optim.Adam(network.parameters(), settings.learning_rate, fused=True)
    bf16, losses = machine.cpu_has_bf16(), []
    with trange(settings.max_train_steps, unit="step") as progress:
        for step, (batch, generated) in zip(progress, pictures.batches()):
            for group in optimizer.param_groups:
                group["lr"] = cosine(
                    step / settings.max_train_steps, settings.learning_rate, settings.learning_rate / 100
                )
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                logits = network(images.to_signed(batch)).sum((1, 2))
            loss = F.binary_cross_entropy_with_logits(logits, generated)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.detach())
            if step % 50 == 49:
                progress.set_postfix(loss=f"{torch.stack(losses[-50:]).mean():.3f}")


def start_from(folder: Path) -> tuple[Detector, ModelSettings, str | dict]:
    """A detector to train, its settings, and its origin: the id of the generator whose discriminator it was, or the
    `training` of an earlier detector's config.

    Raises:
        UserError: the folder holds neither weights nor a detector, or damaged ones.
    """
    if (folder / weights.DETECTOR).exists():
        network, settings, config = weights.load_detector(folder)
        with config_errors(folder / CONFIG):
            was = {**config["training"], "unseen_data_set": config["report"].get("unseen_data_set")}
    else:
        loaded = weights.load(folder)
        network, settings, was = Detector(loaded.settings), loaded.settings, loaded.generator_id
        network.discriminator.load_state_dict(loaded.discriminator.state_dict())
        # a discriminator's logits are higher for real pictures, a detector's for generated ones
        for parameter in network.discriminator.judge.parameters():
            parameter.data.neg_()
    return network.train().requires_grad_().to(memory_format=torch.channels_last), settings, was
