"""What variation and curating change: distance, precision and recall of a generator's faces, in one table.

    python benchmarks/variation.py weights/faces-64 --features FILE --train_data_dir DIR

Variation is done in two ways: by pulling the first layer's features towards their mean, as published weights do, and by
scaling the latent. Curated faces are the 16 of 64 candidates that the critic, or the detector of "real or fake", finds
most real. `brightness` is the mean grey level of the middle. With --looks the table has each slider of the page at -1
and 1 instead.
"""

import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import tyro
from PIL import Image

from gan.model import additions, critic, detector, images, latents, sampling, weights
from gan.model.look import AS_TRAINED, Look
from gan.train.measure import quality
from gan.train.measure.comparison import Comparison
from gan.train.measure.features import Reference

BATCH = 250  # faces in memory at a time
GALLERY, CANDIDATES = 16, 64
DETECTOR = Path("weights/detector")


@dataclass(frozen=True, kw_only=True)
class Settings(Comparison):
    # measure the sliders of the page instead
    looks: bool = False


def row(name: str, draw: Callable[[list[int]], np.ndarray], seeds: list[int], reference: Reference) -> None:
    """A line of the table. `draw`: seeds → faces `(N, S, S, 3)` uint8."""
    features, grey = [], []
    for start in range(0, len(seeds), BATCH):
        faces = draw(seeds[start : start + BATCH])
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


def main(settings: Settings) -> None:
    loaded, reference = settings.open()
    seeds = list(range(settings.samples))
    print(f"Generator {loaded.generator_id}, {settings.samples:,} faces a row\n")
    print("| faces | FFD | precision | recall | brightness |\n|---|---|---|---|---|")
    print(f"| training pictures | – | – | – | {middle(reference.store.train[: settings.samples]).mean():.0f} |")
    row("as trained", partial(sampling.faces, loaded.generator), seeds, reference)
    (looks if settings.looks else variations)(settings.weights, loaded, seeds, reference)


def looks(folder: Path, loaded: weights.Weights, seeds: list[int], reference: Reference) -> None:
    """Each slider at -1 and 1."""
    directions = additions.load_directions(folder, loaded.settings.latent_dim)[0]  # those in use come first

    def moved(look: Look, some: list[int]) -> np.ndarray:
        vectors = latents.from_seeds(some, loaded.settings.latent_dim)
        return sampling.from_latents(loaded.generator, directions.moved(vectors, look))

    for name in directions.of:
        for value in (-1.0, 1.0):
            row(f"{name} {value:+g}", partial(moved, replace(AS_TRAINED, **{name: value})), seeds, reference)


def variations(folder: Path, loaded: weights.Weights, seeds: list[int], reference: Reference) -> None:
    """Faces closer to the average, in two ways, and faces that were chosen."""
    pulled, scaled = copy.deepcopy(loaded.generator), copy.deepcopy(loaded.generator)
    pulled.mean_features, scaled.mean_features = sampling.mean_features(loaded.generator), None
    for variation in (0.9, 0.8, 0.7, 0.6, 0.5):
        for how, generator in (("features pulled", pulled), ("latent scaled", scaled)):
            draw = partial(sampling.faces, generator, look=Look(variation))
            row(f"variation {variation}, {how}", draw, seeds, reference)
    for judge, liking in (("critic", partial(critic.judged, loaded.discriminator)), ("detector", how_real())):
        chosen = curated(loaded, liking, len(seeds))
        row(f"best {GALLERY} of {CANDIDATES} by the {judge}", partial(sampling.faces, pulled), chosen, reference)


if __name__ == "__main__":
    main(tyro.cli(Settings, use_underscores=True, description=__doc__))
