"""What variation and curating change: distance, precision and recall of a generator's faces, in one table.

    python benchmarks/variation.py weights/faces-64 --features FILE --train_data_dir DIR

Variation is done in two ways: by pulling the first layer's features towards their mean, as published weights do, and by
scaling the latent. Curated faces are the 16 of 64 candidates that the critic, or the detector of "real or fake", finds
most real. `brightness` is the mean grey level of the middle.
"""

import copy
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import tyro
from PIL import Image

from gan.model import critic, detector, images, sampling, weights
from gan.model.look import Look
from gan.train.measure import quality
from gan.train.measure.comparison import Comparison
from gan.train.measure.features import Reference

BATCH = 250  # faces in memory at a time
GALLERY, CANDIDATES = 16, 64
DETECTOR = Path("weights/detector")


def row(name: str, generator, seeds, variation: float, reference: Reference) -> None:
    features, grey = [], []
    for start in range(0, len(seeds), BATCH):
        faces = sampling.faces(generator, seeds[start : start + BATCH], Look(variation))
        features.append(reference.extract(faces))
        grey.append(middle(faces).mean((1, 2, 3)))
    features, real = np.concatenate(features), reference.pictures.features
    precision, recall = quality.precision_recall(features, real)
    print(
        f"| {name} | {quality.frechet_distance(features, real):.2f} | {precision:.3f} | {recall:.3f} | "
        f"{np.concatenate(grey).mean():.0f} |",
        flush=True,
    )


def middle(faces: np.ndarray) -> np.ndarray:
    """Faces without most of their backgrounds."""
    side = faces.shape[1] // 4
    return faces[:, side:-side, side:-side]


def curated(loaded: weights.Weights, liking: Callable[[np.ndarray], np.ndarray], samples: int) -> list[int]:
    """The seeds of as many curated galleries as are needed."""
    chosen = []
    for start in range(0, samples * CANDIDATES // GALLERY, CANDIDATES):
        liked = liking(sampling.faces(loaded.generator, range(start, start + CANDIDATES)))
        chosen += (start + np.argsort(-liked)[:GALLERY]).tolist()
    return chosen[:samples]


def how_real() -> Callable[[np.ndarray], np.ndarray]:
    """The detector's score of each face: higher is more real."""
    network, settings, _ = weights.load_detector(DETECTOR)

    def judged(faces: np.ndarray) -> np.ndarray:
        crops = np.stack([images.training_crop(Image.fromarray(face), settings.resolution) for face in faces])
        return -detector.evidence(network, crops).sum((1, 2))

    return judged


def main(settings: Comparison) -> None:
    loaded, reference = settings.open()
    pulled, scaled = copy.deepcopy(loaded.generator), copy.deepcopy(loaded.generator)
    pulled.mean_features, scaled.mean_features = sampling.mean_features(loaded.generator), None
    seeds = range(settings.samples)
    print(f"Generator {loaded.generator_id}, {settings.samples:,} faces a row\n")
    print("| faces | FFD | precision | recall | brightness |\n|---|---|---|---|---|")
    print(f"| training pictures | – | – | – | {middle(reference.store.train[: settings.samples]).mean():.0f} |")
    row("as trained", pulled, seeds, 1.0, reference)
    for variation in (0.9, 0.8, 0.7, 0.6, 0.5):
        row(f"variation {variation}, features pulled", pulled, seeds, variation, reference)
        row(f"variation {variation}, latent scaled", scaled, seeds, variation, reference)
    for judge, liking in (("critic", partial(critic.judged, loaded.discriminator)), ("detector", how_real())):
        row(
            f"best {GALLERY} of {CANDIDATES} by the {judge}",
            pulled,
            curated(loaded, liking, settings.samples),
            1.0,
            reference,
        )


if __name__ == "__main__":
    main(tyro.cli(Comparison, use_underscores=True, description=__doc__))
