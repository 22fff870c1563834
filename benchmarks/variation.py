"""What variation and curating cost and bring: distance, precision and recall of a generator's faces, in one table.

    python benchmarks/variation.py weights/faces-64 --features FILE --train_data_dir DIR

Variation two ways: pulling the first layer's features towards their mean, as published weights do, and scaling the
latent. Curated: of 64 candidates the 16 that the critic likes best; `brightness` is the mean grey level of the middle.
"""

import copy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402
import tyro  # noqa: E402

from gan.model import critic, sampling, weights  # noqa: E402
from gan.train import quality  # noqa: E402
from gan.train.features import Reference  # noqa: E402
from gan.train.metrics import Comparison  # noqa: E402

BATCH = 250  # faces in memory at a time
GALLERY, CANDIDATES = 16, 64


def row(name: str, generator, seeds, variation: float, reference: Reference) -> None:
    features, grey = [], []
    for start in range(0, len(seeds), BATCH):
        faces = sampling.faces(generator, seeds[start:start + BATCH], variation)
        features.append(reference.extract(faces))
        grey.append(middle(faces).mean((1, 2, 3)))
    features, real = np.concatenate(features), reference.pictures.features
    precision, recall = quality.precision_recall(features, real)
    print(f"| {name} | {quality.frechet_distance(features, real):.2f} | {precision:.3f} | {recall:.3f} | "
          f"{np.concatenate(grey).mean():.0f} |", flush=True)


def middle(faces: np.ndarray) -> np.ndarray:
    """Faces without most of their backgrounds."""
    side = faces.shape[1] // 4
    return faces[:, side:-side, side:-side]


def curated(loaded: weights.Weights, samples: int) -> list[int]:
    """The seeds of as many curated galleries as are needed."""
    chosen = []
    for start in range(0, samples * CANDIDATES // GALLERY, CANDIDATES):
        logits = critic.judged(loaded.discriminator, sampling.faces(loaded.generator, range(start, start + CANDIDATES)))
        chosen += (start + np.argsort(-logits)[:GALLERY]).tolist()
    return chosen[:samples]


def main(settings: Comparison) -> None:
    loaded, reference = settings.open()
    pulled, scaled = copy.deepcopy(loaded.generator), copy.deepcopy(loaded.generator)
    pulled.mean_features, scaled.mean_features = sampling.mean_features(loaded.generator), None
    seeds = range(settings.samples)
    print(f"Generator {loaded.generator_id}, {settings.samples:,} faces a row\n")
    print("| faces | FFD | precision | recall | brightness |\n|---|---|---|---|---|")
    print(f"| training pictures | – | – | – | {middle(reference.store.train[:settings.samples]).mean():.0f} |")
    row("as trained", pulled, seeds, 1.0, reference)
    for variation in (0.9, 0.8, 0.7, 0.6, 0.5):
        row(f"variation {variation}, features pulled", pulled, seeds, variation, reference)
        row(f"variation {variation}, latent scaled", scaled, seeds, variation, reference)
    row(f"best {GALLERY} of {CANDIDATES} by the critic", pulled, curated(loaded, settings.samples), 1.0, reference)


if __name__ == "__main__":
    main(tyro.cli(Comparison, use_underscores=True, description=__doc__))
