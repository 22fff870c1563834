"""How good a weights folder is: its samples beside real faces, over the features of a TorchScript network.

    python -m gan.train.metrics WEIGHTS --features FILE --train_data_dir DIR

Fréchet distance, precision and recall, memorisation, power spectrum and colours; the formulas are in `quality`. With the
face network of this project the distance is called FFD; with NVIDIA's inception-2015-12-05.pt it is FID. Figures
compare only with the same network, reference pictures and number of samples.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from gan import UserError
from gan.cards import facts
from gan.cards import generator as generator_card
from gan.model import images, sampling, weights
from gan.train.measure import calibration, plots, quality, sheets
from gan.train.measure.features import Reference, Seen

_PAIRS = 32  # samples on a sheet of nearest training pictures
_TRAINING_SETS = 5  # of as many training pictures as are held out


def compare(these: Seen, reference: Seen) -> dict:
    """Everything that tells a set of pictures from real ones, rounded for people."""
    return quality.rounded(
        {
            **_by_features(these.features, reference.features),
            "spectrum": quality.spectrum_difference(these.spectrum, reference.spectrum),
            "colour": quality.colour_difference(these.colours, reference.colours),
        }
    )


def _by_features(these: np.ndarray, reference: np.ndarray) -> dict:
    # as many of both: the balls around the members of a set shrink as it grows
    precision, recall = quality.precision_recall(these[: len(reference)], reference)
    return {"frechet_distance": quality.frechet_distance(these, reference), "precision": precision, "recall": recall}


@lru_cache(maxsize=1)  # a run measures again and again against the same
def real_against_real(reference: Reference) -> dict:
    """What `compare` says of two disjoint sets of real pictures: as near as samples can come.

    As many as the reference where the store has twice that, else half of the store each.
    """
    count = reference.floor_count
    first = reference.pictures if count == reference.count else reference.real(0, count)
    return compare(reference.real(count, 2 * count), first)


def against_held_out(samples: np.ndarray, reference: Reference) -> dict | None:
    """Whether samples are as near to real pictures that nobody trained on as to those that the generator learned from.

    Args:
        samples: features.

    Returns:
        `pictures`, how many of either; distance, precision and recall of the samples against `held_out` ones, and against
        some sets of as many `training` pictures, which say how much of a difference is chance; `real`, those of the
        reference's pictures against the held-out ones. They compare with each other only: to fewer pictures the distance
        is larger. Copies of training pictures are left out. None: too few are held out.
    """
    if reference.held_out is None:
        return None
    real, held_out, random = reference.pictures.features, _without_copies(reference), np.random.RandomState(0)
    training = [real[random.permutation(len(real))[: len(held_out)]] for _ in range(_TRAINING_SETS)]
    return quality.rounded(
        {
            "pictures": len(held_out),
            "held_out": _by_features(samples, held_out),
            "training": [_by_features(samples, these) for these in training],
            "real": real_against_held_out(reference),
        }
    )


@lru_cache(maxsize=1)  # the same for all measurements of a run
def real_against_held_out(reference: Reference) -> dict:
    """Distance, precision and recall of the reference's training pictures against the held-out ones."""
    return _by_features(reference.pictures.features, _without_copies(reference))


def _without_copies(reference: Reference) -> np.ndarray:
    """Features of the held-out pictures that are no copies of training pictures, at most as many as the reference has."""
    features, distances = reference.held_out
    return sheets.evenly(features[~quality.copies(distances)], reference.count)


def measure(folder: Path, reference: Reference, command: str, pairs: Path | None = None) -> dict:
    """Measure the weights in a folder, as saved; write it into its config, its card and `quality.png`.

    Args:
        command: what repeats this.
        pairs: where a sheet of the samples nearest to a training picture goes, each beside that picture.

    Returns:
        what is written under `metrics`: `frechet_distance` and `quality`, each with the generator it is of.
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
    figures = {**compare(samples, real), "held_out": against_held_out(samples.features, reference)}
    metrics = _written(loaded.generator_id, figures, distances, reference, command)
    config = {**loaded.config, "metrics": {**loaded.config.get("metrics", {}), **metrics}}
    weights.write_config(folder, config)
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
    """Of the seeds whose nearest training pictures these are, the 32 nearest, each face left of that picture."""
    seeds = np.argsort(distances)[:_PAIRS]
    pairs = np.stack([sampling.faces(generator, seeds), train[rows[seeds]]], 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    images.sheet(pairs.reshape(-1, *pairs.shape[2:])).save(path)


def describe(metrics: dict) -> str:
    """A measurement in a few lines."""
    distance, measured = metrics["frechet_distance"], metrics["quality"]
    floor, spectrum, colour, memory, unseen = (
        measured[name] for name in ("floor", "spectrum", "colour", "memorisation", "held_out")
    )
    share = f"{100 * facts.NEAREST_SHARE:.0f} %"
    memorised = (
        (
            f"{100 * memory['share_nearer']:.1f} % of {memory['pictures']:,} samples lie nearer to a training picture than the "
            f"nearest {share} of held-out pictures do (medians {memory['median_samples']:.2f} and {memory['median_held_out']:.2f}; "
            f"without {memory['held_out_copies']} held-out pictures that are copies of training pictures)"
        )
        if memory
        else f"memorisation: not measured, which takes at least {calibration.FEWEST} samples and held-out pictures"
    )
    against = (
        "; ".join(f"{which} {', '.join(figures)}" for which, *figures in generator_card.held_out_rows(unseen)) + "\n"
        if unseen
        else ""
    )
    return (
        f"{distance['name']} {distance['value']:.2f} ({distance['samples']:,} samples against the {distance['reference']}, "
        f"resized further by the feature network itself; real against real {distance['floor']:.2f} with "
        f"{distance['floor_pictures']:,} each; {distance['features']})\n"
        f"precision {measured['precision']:.3f}, recall {measured['recall']:.3f} (real against real {floor['precision']:.3f} "
        f"and {floor['recall']:.3f}; k = {measured['neighbours']}, {measured['pictures']:,} of each)\n"
        f"{against}{memorised}\n"
        f"power spectrum {spectrum['decibels']:+.1f} dB at {spectrum['at']:.2f} of the Nyquist frequency (real against real "
        f"{floor['spectrum']['decibels']:+.1f}); {colour['channel']} {colour['levels']:.1f} grey levels off "
        f"(real against real {floor['colour']['levels']:.1f})"
    )
