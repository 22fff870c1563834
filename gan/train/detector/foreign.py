"""Traces of any generator, learned from many sources of pictures of both kinds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from gan import UserError
from gan.model import detector, face_finder, images, traces
from gan.model.settings import ModelSettings
from gan.model.traces import NUMBERS, Traces
from gan.train.detector.degrade import resaved
from gan.train.pictures import sources
from gan.train.settings import DataSettings

MOST_PICTURES = 400  # of a source: more sources help, more pictures hardly do
FEWEST_FACES, FEWEST_SOURCES = 20, 3  # of a source; of either kind, so that one can be left out
_PENALTY = 1e-2  # C of the logistic regression
_BY_SIZE = 0.8  # a source counts as its number of pictures to the power of 1 - this


@dataclass(frozen=True)
class Sources:
    """The largest face of each picture of many sources."""

    names: np.ndarray  # (N,) str: its source
    generated: np.ndarray  # (N,) bool
    left_out: np.ndarray  # (N,) bool: whether its source is left out once; what the detector was trained on is not
    spectra: np.ndarray  # (2, N, NUMBERS) float32: means over the face's blocks, as it is and saved again
    features: np.ndarray  # (N, D) float32, see `traces.face_features`
    ours: np.ndarray  # (N,) the detector's logits
    missing: dict[str, int]  # of each source, pictures without a face that is large enough


def require_enough(real: Sequence[Path], fake: Sequence[Path], known: Sequence[str]) -> None:
    """
    Args:
        known: names of the data sets that the detector was trained on, here and below.

    Raises:
        UserError: a source is not a folder, or there are too few to leave one out.
    """
    for option, part in (("--real", real), ("--fake", fake)):
        for folder in part:
            if not folder.is_dir():
                raise UserError(f"{option} {folder} is not a folder.")
        new = [folder for folder in part if folder.resolve().name not in known]
        if len(new) < FEWEST_SOURCES:
            raise UserError(
                f"{option} takes at least {FEWEST_SOURCES} sources that the detector was not trained on, since each is "
                f"left out once; {len(new)} given."
            )


def read(
    network: detector.Detector,
    settings: ModelSettings,
    real: Sequence[Path],
    fake: Sequence[Path],
    known: Sequence[str],
    seed: int,
) -> Sources:
    """Find and measure the faces of folders of pictures or parquet files, one source each.

    Raises:
        UserError: a folder holds no pictures or too few faces, or two sources have one name.
    """
    rows, missing, random = [], {}, np.random.default_rng(seed)
    for folder, generated in [*((folder, False) for folder in real), *((folder, True) for folder in fake)]:
        name = folder.resolve().name
        if name in missing:
            raise UserError(f"Two sources are called {name}: rename one of the folders.")
        pictures = tqdm(_pictures(folder), name, unit="picture", leave=False)
        found = [_measured(network, settings, picture, random) for picture in pictures]
        measured = [row for row in found if row]
        missing[name] = len(found) - len(measured)
        if len(measured) < FEWEST_FACES:
            raise UserError(
                f"Only {len(measured)} faces were found in {folder}; a source takes at least {FEWEST_FACES}."
            )
        rows += [(name, generated, name not in known, *row) for row in measured]
    names, truth, left_out, as_it_is, again, features, ours = zip(*rows)
    return Sources(
        np.array(names),
        np.array(truth),
        np.array(left_out),
        np.stack([as_it_is, again]),
        np.stack(features),
        np.array(ours),
        missing,
    )


def _pictures(folder: Path) -> Iterable[Image.Image]:
    """At most 400 pictures of a folder, evenly spread, none of them held out."""
    found = sources.find(DataSettings(train_data_dir=folder))
    every = max(1, (found.count or 0) // MOST_PICTURES)
    trained_on = (picture for picture in islice(found.pictures(), 0, None, every) if not picture.held_out)
    for picture in islice(trained_on, MOST_PICTURES):
        try:
            yield images.decode(picture.read())
        except UserError:
            raise
        except Exception:  # Pillow raises many kinds; one broken picture of hundreds does not count
            continue


def _measured(
    network: detector.Detector, settings: ModelSettings, picture: Image.Image, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float] | None:
    """Both spectra, features and the detector's logit of the largest face; None where none is large enough."""
    faces = face_finder.find(picture)
    if not faces or faces[0].side < face_finder.FEWEST_PIXELS:
        return None
    square = face_finder.framed(faces[0], picture)
    looks = face_finder.looks(picture, square, settings.resolution)
    pixels = traces.native(picture, square)
    again = np.asarray(traces.reduced(resaved(Image.fromarray(pixels), random)))
    features = traces.face_features(network, looks[:1])[0].numpy()
    return _mean(pixels), _mean(again), features, float(detector.evidence(network, looks).mean(0).sum())


def _mean(pixels: np.ndarray) -> np.ndarray:
    return traces.spectra(pixels).mean((0, 1)).numpy()


def fit(found: Sources, settings: ModelSettings, without: str = "") -> Traces:
    """Learn from all sources but one: logistic regression on standardised spectra, and the directions of features.

    Each source counts a little more the more pictures it has, and both kinds count alike.
    """
    from sklearn.linear_model import LogisticRegression  # takes seconds to import
    from sklearn.preprocessing import StandardScaler

    chosen = found.names != without
    rows, truth = found.spectra[:, chosen].reshape(-1, NUMBERS), np.tile(found.generated[chosen], 2)
    names, place, counts = np.unique(np.tile(found.names[chosen], 2), return_inverse=True, return_counts=True)
    share = counts[place] ** -_BY_SIZE
    for kind in (False, True):
        share[truth == kind] *= len(truth) / 2 / share[truth == kind].sum()
    scaler = StandardScaler().fit(rows)
    fitted = LogisticRegression(C=_PENALTY, max_iter=200).fit(scaler.transform(rows), truth, sample_weight=share)
    weight = fitted.coef_[0] / scaler.scale_
    features = StandardScaler().fit(found.features[chosen])
    known, learned = features.transform(found.features[chosen]), Traces(settings)
    # eigenvectors of the covariance, the largest eigenvalues last
    directions = np.linalg.eigh(known.T @ known)[1][:, -len(learned.directions) :].T
    numbers = {
        "weight": weight,
        "bias": fitted.intercept_ - weight @ scaler.mean_,
        "centre": features.mean_,
        "spread": features.scale_,
        "directions": directions,
    }
    learned.load_state_dict({name: torch.as_tensor(value.copy()).float() for name, value in numbers.items()})
    return learned
