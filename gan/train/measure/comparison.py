"""Which weights are measured against which pictures: the command line of everything that measures."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro

from gan.model import weights
from gan.train.measure.features import Features, Reference
from gan.train.pictures import sources
from gan.train.pictures.store import open_store
from gan.train.settings import STORE_DIR, DataSettings


@dataclass(frozen=True, kw_only=True)
class Comparison(DataSettings):
    """A weights folder and the pictures that it is measured against."""

    # the weights folder
    weights: tyro.conf.Positional[Path]
    # TorchScript feature network
    features: Path
    # samples, and training pictures, that are compared
    samples: int = 10_000
    # where decoded pictures are kept
    store_dir: Path = STORE_DIR

    def open(self) -> tuple[weights.Weights, Reference]:
        """The weights, and the pictures at their size.

        Raises:
            UserError: one of them is not what it should be; with one sentence.
        """
        device = "cuda" if torch.cuda.is_available() else "cpu"
        loaded, features = weights.load(self.weights), Features(self.features, device)
        store = open_store(sources.find(self), loaded.settings.resolution, self.store_dir)
        return loaded, Reference(features, store, self.samples, device)


@dataclass(frozen=True, kw_only=True)
class MeasureSettings(Comparison):
    """Measure a weights folder and write the figures into its config, its card and quality.png."""

    # sheet of the 32 samples nearest to a training picture, each left of it (PNG); real people: keep it in runs/
    pairs: Path | None = None


def command_for(folder: Path, features: Path, pictures: DataSettings, samples: int) -> str:
    """The command line that repeats a measurement."""
    count = ["--samples", samples] if samples != MeasureSettings.samples else []
    return shlex.join(
        map(
            str,
            ["python", "-m", "gan.train.metrics", folder, "--features", features, *pictures.data_arguments(), *count],
        )
    )
