"""How good a weights folder is: its samples beside real faces, over the features of a TorchScript network.

    python -m gan.train.measure WEIGHTS --features FILE --train_data_dir DIR

A new metric is one function from (samples, reference) to figures and one line in `METRICS`; the formulas are in
`quality`. Over the face network of this project the Fréchet distance is called FFD; over NVIDIA's
inception-2015-12-05.pt it is FID. Compare figures only over the same network, with the same reference pictures and as
many samples.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from gan import UserError
from gan.cards import fact, facts
from gan.cards import generator as generator_card
from gan.model import images, sampling, weights
from gan.model.config import write_config
from gan.train.measure import critic, plots, quality, sheets
from gan.train.measure.features import Reference, Seen

_PAIRS = 32  # samples on a sheet of nearest training pictures
_TRAINING_SETS = 5  # of as many training pictures as are held out


def frechet_distance(samples: Seen, reference: Seen) -> dict:
    return {"frechet_distance": quality.frechet_distance(samples.features, reference.features)}


def precision_recall(samples: Seen, reference: Seen) -> dict:
    # as many of both: the larger a set, the smaller the radii around its members
    matched = samples.features[: len(reference.features)]
    precision, recall = quality.precision_recall(matched, reference.features)
    return {"precision": precision, "recall": recall}


def spectrum(samples: Seen, reference: Seen) -> dict:
    return {"spectrum": quality.spectrum_difference(samples.spectrum, reference.spectrum)}


def colour(samples: Seen, reference: Seen) -> dict:
    return {"colour": quality.colour_difference(samples.colours, reference.colours)}


# each takes samples and a reference and returns figures, which go into config.json under their own names
METRICS: dict[str, Callable[[Seen, Seen], dict]] = {
    "frechet_distance": frechet_distance,
    "precision_recall": precision_recall,
    "spectrum": spectrum,
    "colour": colour,
}
BY_FEATURES = ("frechet_distance", "precision_recall")  # those that need features only


def compare(samples: Seen, reference: Seen, names: Iterable[str] = METRICS) -> dict:
    """How a set of pictures differs from one of real pictures: the figures of the named metrics, rounded for people."""
    return quality.rounded({key: value for name in names for key, value in METRICS[name](samples, reference).items()})


@lru_cache(maxsize=1)  # a run measures again and again against the same
def real_against_real(reference: Reference) -> dict:
    """All figures for two disjoint sets of real pictures: as near as samples can come.

    Each set is as large as the reference, or half of the store where that is smaller.
    """
    count = reference.floor_count
    first = reference.pictures if count == reference.count else reference.real(0, count)
    return compare(reference.real(count, 2 * count), first)


def against_held_out(samples: Seen, reference: Reference) -> dict | None:
    """Whether samples are as near to held-out pictures as to those that the generator learned from.

    Held-out pictures that are copies of training pictures are left out.

    Returns:
        `pictures`, the size of each set of real pictures; distance, precision and recall of the samples against the
        `held_out` pictures and against each of some sets of `training` pictures, whose spread is chance; and of the
        reference's pictures against the held-out ones, `real`. With fewer pictures the distance is larger: compare
        these figures only with each other. None: too few pictures are held out.
    """
    if reference.held_out is None:
        return None
    real, held_out, random = reference.pictures.features, _without_copies(reference), np.random.RandomState(0)
    training = [Seen(real[random.permutation(len(real))[: len(held_out.features)]]) for _ in range(_TRAINING_SETS)]
    return {
        "pictures": len(held_out.features),
        "held_out": compare(samples, held_out, BY_FEATURES),
        "training": [compare(samples, pictures, BY_FEATURES) for pictures in training],
        "real": real_against_held_out(reference),
    }


@lru_cache(maxsize=1)  # the same for all measurements of a run
def real_against_held_out(reference: Reference) -> dict:
    """Distance, precision and recall of the reference's training pictures against the held-out ones."""
    return compare(reference.pictures, _without_copies(reference), BY_FEATURES)


def _without_copies(reference: Reference) -> Seen:
    """The held-out pictures that are not copies of training pictures, at most as many as the reference has."""
    features, distances = reference.held_out
    return Seen(sheets.evenly(features[~quality.copies(distances)], reference.count))


def measure(folder: Path, reference: Reference, command: str, pairs: Path | None = None) -> dict:
    """Measure the weights in a folder, as saved, and write the figures into its config, its card and `quality.png`.

    Args:
        command: the command line that repeats this measurement.
        pairs: path for a sheet of the samples nearest to a training picture, each beside that picture.

    Returns:
        what is written under `metrics`: `frechet_distance`, `quality` and, where enough pictures are held out,
        `critic`, each with the id of the measured generator.

    Raises:
        UserError: weights and pictures differ in size; the folder holds no weights, or its config is malformed.
    """
    loaded = weights.load(folder)
    resolution, real_resolution = loaded.settings.resolution, reference.store.info["resolution"]
    if resolution != real_resolution:
        raise UserError(f"{folder} makes faces of {resolution} px; the pictures are {real_resolution} px.")
    generator = loaded.generator.to(reference.device)
    (samples, mirrored), real = reference.of_generator(generator), reference.pictures
    nearest = quality.nearest(samples.features[: len(mirrored)], mirrored, reference.train_features)
    distances = None
    if reference.held_out:
        held_out = reference.held_out[1]
        distances = nearest[0][: len(held_out)], held_out
    figures = {**compare(samples, real), "held_out": against_held_out(samples, reference)}
    metrics = _written(loaded.generator_id, figures, distances, reference, command)
    judged = critic.measure(loaded, reference.store.held_out)
    metrics |= {"critic": judged} if judged else {}
    config = {**loaded.config, "metrics": {**loaded.config.get("metrics", {}), **metrics}}
    write_config(folder, config)
    plots.save_quality(
        metrics["quality"],
        (samples.spectrum, real.spectrum),
        (samples.colours, real.colours),
        distances,
        folder / weights.QUALITY,
    )
    generator_card.save(folder, config, loaded.generator_id)
    if pairs:
        save_pairs(generator, *nearest, reference.store.train, pairs)
    return metrics


def _written(generator_id: str, figures: dict, distances: tuple | None, reference: Reference, command: str) -> dict:
    """The figures in the shape of config.json."""
    store, floor = reference.store, dict(real_against_real(reference))
    distance = {
        "generator": generator_id,
        "name": reference.features.distance,
        "value": figures.pop("frechet_distance"),
        "samples": reference.samples,
        "reference": f"first {reference.count:,} training pictures of {store.info['name']}, "
        f"{store.info['resolution']} px, Lanczos",
        "floor": floor.pop("frechet_distance"),
        "floor_pictures": reference.floor_count,
        "features": reference.features.file,
        "command": command,
    }
    memory = quality.memorisation(*distances) | {"training_pictures": len(store.train)} if distances else None
    return {
        "frechet_distance": distance,
        "quality": {
            "generator": generator_id,
            "neighbours": quality.NEIGHBOURS,
            "pictures": reference.count,
            **figures,
            "floor": {"pictures": reference.floor_count, **floor},
            "memorisation": quality.rounded(memory) if memory else None,
        },
    }


def save_pairs(
    generator: torch.nn.Module, distances: np.ndarray, rows: np.ndarray, train: np.ndarray, path: Path
) -> None:
    """A sheet of the 32 samples nearest to a training picture, each left of that picture.

    Args:
        distances, rows: of seeds 0, 1, … to their nearest training picture, and its row in `train`.
    """
    seeds = np.argsort(distances)[:_PAIRS]
    pairs = np.stack([sampling.faces(generator, seeds), train[rows[seeds]]], 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    images.sheet(pairs.reshape(-1, *pairs.shape[2:])).save(path)


def describe(metrics: dict) -> str:
    """A measurement, a line for each fact."""
    said = facts.of_metrics(metrics, metrics["frechet_distance"]["generator"])
    return "\n".join(f"{each.name}: {fact.plain(each)}" for each in said)
