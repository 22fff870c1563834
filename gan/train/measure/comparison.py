"""The command line that names weights, a feature network and the pictures to measure them against."""

from dataclasses import dataclass
from pathlib import Path

import torch
import tyro

from gan.model import local_paths, weights
from gan.train.measure.features import Features, Reference
from gan.train.pictures import sources
from gan.train.pictures.store import open_store
from gan.train.settings import STORE_DIR, DataSettings


@dataclass(frozen=True, kw_only=True)
class Comparison(DataSettings):
    """A weights folder and the pictures that it is measured against."""

    # weights folder to measure
    weights: tyro.conf.Positional[Path]
    # TorchScript feature network: uint8 pictures (N, 3, S, S) in, features (N, D) out
    features: Path
    # number of samples, and of training pictures that they are compared with
    samples: int = 10_000
    # folder that keeps decoded pictures for the next time
    store_dir: Path = STORE_DIR

    def open(self) -> tuple[weights.Weights, Reference]:
        """The weights, and the pictures at their size.

        Raises:
            UserError: weights, feature network or pictures are missing, damaged or too few; with one sentence.
        """
        device = "cuda" if torch.cuda.is_available() else "cpu"
        loaded, features = weights.load(self.weights), Features(self.features, device)
        store = open_store(sources.find(self), loaded.settings.resolution, self.store_dir)
        return loaded, Reference(features, store, self.samples, device)


@dataclass(frozen=True, kw_only=True)
class MeasureSettings(Comparison):
    """Measure how good a weights folder is, and write the figures into its config.json, model card and quality.png.

    Fréchet distance, precision and recall, also against held-out pictures; copies of training pictures; power spectrum
    and colours; how well the discriminator tells samples from held-out pictures. Example:

        python -m gan.train.measure weights/faces-64 --features FEATURES.pt --train_data_dir PICTURES
    """

    # PNG for a sheet of the 32 samples nearest to a training picture, each left of it; real people: keep it in runs/
    pairs: Path | None = None


def command_for(folder: Path, features: Path, pictures: DataSettings, samples: int) -> str:
    """The command line that repeats a measurement."""
    count = ["--samples", samples] if samples != MeasureSettings.samples else []
    return local_paths.command(
        ["python", "-m", "gan.train.measure", folder, "--features", features, *pictures.data_arguments(), *count]
    )
