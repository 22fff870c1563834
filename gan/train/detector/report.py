"""What a detector is worth: calibrated on one half of the held-out pictures, reported on the other."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm, trange

from gan import UserError
from gan.model import critic, detector, face_finder, images, sampling, weights
from gan.model.look import Look
from gan.train.detector.degrade import CORRUPTIONS, degraded, in_a_photo
from gan.train.measure import quality, verdicts
from gan.train.measure.quality import rounded
from gan.train.pictures.store import Store

FIRST_SEED = 3_000_000_000  # of the faces reported on: none of them was trained on
VARIATIONS = (1.0, 0.8)  # of the faces, in turn
DEGRADED = 0.75  # share of pictures that go a way through the world
FEWEST = 40  # real pictures in each half, below which the figures would mean nothing
_TOGETHER = 64  # pictures judged in one batch
_THUMBNAIL = 16  # pixels on a side, in which copies are recognised
_ALIKE = 0.003  # distance of two thumbnails of the same picture, below which no rule for outliers is needed


@dataclass(frozen=True)
class HeldOut:
    """Pictures that were never trained on, real and generated, in the same sizes."""

    pictures: list[Image.Image]
    names: np.ndarray  # (N,) str: the data set, or the generator's id
    generated: np.ndarray  # (N,) 0 or 1
    variations: np.ndarray  # (N,) of the faces; 1 for real ones
    reported: np.ndarray  # (N,) bool: every second one; the others are calibrated on
    copies: int  # held-out pictures that were left out, because the training split has them, too

    def part(self, chosen: np.ndarray) -> "HeldOut":
        """Those at the places where `chosen` is true."""
        return HeldOut(
            [picture for picture, take in zip(self.pictures, chosen) if take],
            self.names[chosen],
            self.generated[chosen],
            self.variations[chosen],
            self.reported[chosen],
            self.copies,
        )


def held_out(stores: dict[int, list[Store]], generators: list[weights.Weights]) -> HeldOut:
    """Every held-out picture once, in one of the sizes, and as many faces."""
    pictures, names, variations, reported, left_out, sizes = [], [], [], [], 0, sorted(stores)
    for each in zip(*(stores[size] for size in sizes)):
        found = copies(each[0])
        left_out += int(found.sum())
        for count, place in enumerate(np.flatnonzero(~found)):
            # two in a row in the same size: every second one is reported on
            pictures.append(Image.fromarray(each[count // 2 % len(sizes)].held_out[place]))
            names.append(Path(each[0].info["name"]).name)
            reported.append(count % 2 == 1)
    real = len(pictures)
    if real < 2 * FEWEST:
        raise UserError(
            f"Only {real} pictures are held out; a detector that can be trusted takes at least {2 * FEWEST} to "
            "measure it with."
        )
    variations += [1.0] * real
    for generator in generators:
        for which, variation in enumerate(VARIATIONS):
            first = FIRST_SEED + 10**6 * which
            count = -(-real // len(generators) // len(VARIATIONS))
            made = sampling.faces(generator.generator, range(first, first + count), Look(variation))
            pictures += map(Image.fromarray, made)
            names += [generator.generator_id] * len(made)
            variations += [variation] * len(made)
            reported += [count % 2 == 1 for count in range(len(made))]
    return HeldOut(
        pictures,
        np.array(names),
        (np.arange(len(pictures)) >= real).astype(int),
        np.array(variations),
        np.array(reported),
        left_out,
    )


def copies(store: Store) -> np.ndarray:
    """Which of the held-out pictures are copies of training pictures, mirrored or not: `(M,)` bool."""
    if not len(store.held_out) or not len(store.train):
        return np.zeros(len(store.held_out), bool)
    train = np.concatenate(
        [_thumbnails(store.train[start : start + 1000]) for start in range(0, len(store.train), 1000)]
    )
    pictures = np.array(store.held_out)
    distances, _ = quality.nearest(_thumbnails(pictures), _thumbnails(pictures[:, :, ::-1]), train)
    return quality.copies(distances) | (distances < _ALIKE)


def _thumbnails(pictures: np.ndarray) -> np.ndarray:
    """`(N, S, S, 3)` uint8 → `(N, 256)` float32: small, grey, of mean 0 and length 1, so that only what is on them counts."""
    small = (
        np.stack(
            [
                np.asarray(Image.fromarray(picture).convert("L").resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX))
                for picture in pictures
            ]
        )
        .reshape(len(pictures), -1)
        .astype(np.float32)
    )
    small -= small.mean(1, keepdims=True)
    return small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)


@dataclass(frozen=True)
class Scorer:
    """A detector that looks at pictures after something happened to them."""

    network: detector.Detector
    resolution: int

    def __call__(
        self, pictures: list[Image.Image], change: Callable[[Image.Image], Image.Image] = lambda picture: picture
    ) -> np.ndarray:
        """PIL pictures → their logits `(N,)`."""
        logits = np.empty(len(pictures))
        for start in trange(0, len(pictures), _TOGETHER, desc="Measuring", unit="batch", leave=False):
            part = slice(start, start + _TOGETHER)
            crops = [images.training_crop(change(picture), self.resolution) for picture in pictures[part]]
            logits[part] = detector.evidence(self.network, np.stack(crops)).sum((1, 2))
        return logits

    def by_face(self, pictures: list[Image.Image]) -> np.ndarray:
        """PIL pictures → the logits of the largest face in each, as the page judges it `(N,)`; NaN where it judges none."""
        logits = np.full(len(pictures), np.nan)
        for place, picture in enumerate(tqdm(pictures, "Measuring", unit="photo", leave=False)):
            faces = face_finder.find(picture)
            if faces and faces[0].side >= face_finder.FEWEST_PIXELS:
                looks = face_finder.looks(picture, face_finder.framed(faces[0], picture), self.resolution)
                logits[place] = detector.evidence(self.network, looks).mean(0).sum()
        return logits


def on_their_way(pictures: list[Image.Image], seed: int) -> list[Image.Image]:
    """Each after a random way through the world, or as it is; in training fewer stay as they are."""
    ways = np.random.default_rng(seed).spawn(len(pictures))
    return [
        Image.fromarray(degraded(np.asarray(picture), picture.width, DEGRADED, way))
        for picture, way in zip(pictures, ways)
    ]


def in_photos(pictures: list[Image.Image], seed: int) -> list[Image.Image]:
    return [
        in_a_photo(picture, way) for picture, way in zip(pictures, np.random.default_rng(seed).spawn(len(pictures)))
    ]


def report(score: Scorer, held: HeldOut, generators: list[weights.Weights]) -> tuple[dict, dict]:
    """The calibration, and all that is said of the detector, both as they go into its config."""
    first, second = held.part(~held.reported), held.part(held.reported)

    def as_people_have_them(part: HeldOut, seed: int) -> list[np.ndarray]:
        """Logits of the pictures as they are, after a way through the world, and as faces in photos, NaN where none is found."""
        return [
            score(part.pictures),
            score(on_their_way(part.pictures, seed)),
            score.by_face(in_photos(part.pictures, seed)),
        ]

    def found(logits: np.ndarray, part: HeldOut) -> tuple[np.ndarray, np.ndarray]:
        return logits[~np.isnan(logits)], np.tile(part.generated, 3)[~np.isnan(logits)]

    fitted = as_people_have_them(first, 0)
    calibration = verdicts.calibrate(*found(np.concatenate(fitted), first))
    three_ways = as_people_have_them(second, 1)
    logits, generated = found(np.concatenate(three_ways), second)
    probability = verdicts.probabilities(logits, calibration)
    raw = 1 / (1 + np.exp(-logits))
    changed = {
        name: verdicts.probabilities(score(second.pictures, change), calibration)
        for name, change in CORRUPTIONS.items()
    }
    as_it_is, count = changed["as it is"], len(second.pictures)
    # AUROC does not see calibration, so this half can be reported as well
    other = {
        "as it is": fitted[0],
        **{name: score(first.pictures, CORRUPTIONS[name]) for name in ("JPEG 50", "halved")},
    }
    said = {
        "calibrated_on": len(first.pictures),
        "real": int((second.generated == 0).sum()),
        "generated": int(second.generated.sum()),
        "copies_left_out": held.copies,
        "as_it_is": verdicts.figures(as_it_is, second.generated),
        "on_their_way": verdicts.figures(probability[count : 2 * count], second.generated),
        "wrong": verdicts.wrong(probability, generated, calibration),
        "calibration_error": {
            "before": verdicts.calibration_error(raw, generated),
            "after": verdicts.calibration_error(probability, generated),
        },
        "reliability": {
            "before": verdicts.reliability(raw, generated),
            "after": verdicts.reliability(probability, generated),
        },
        "changed": {name: _brief(values, second, calibration) for name, values in changed.items()},
        "page": {
            name: on_the_page(by_face, second.generated, calibration)
            for name, by_face in (("whole", score.by_face(second.pictures)), ("cut_out", three_ways[2]))
        },
        "other_half": {
            **{
                name: _brief(verdicts.probabilities(values, calibration), first, calibration)
                for name, values in other.items()
            },
            "cut_out": on_the_page(fitted[2], first.generated, calibration),
        },
        "data_sets": {
            name: _brief(as_it_is, second, calibration, real=name)
            for name in sorted(set(second.names[second.generated == 0]))
        },
        "generators": {
            each.generator_id: _brief(as_it_is, second, calibration, generated=each.generator_id) for each in generators
        },
        "variations": {
            f"{variation:g}": _brief(as_it_is, second, calibration, variation=variation) for variation in VARIATIONS
        },
    }
    for each in generators:
        said["generators"][each.generator_id]["critic_auroc"] = _critic_auroc(each, second)
    return rounded(calibration, 6), rounded(said, 4)


def on_the_page(logits: np.ndarray, generated: np.ndarray, calibration: dict) -> dict:
    """Verdicts as the page gives them, from what `Scorer.by_face` says. `not_found` is the share of pictures without a face;
    where too few are left of either kind, nothing else is said."""
    from sklearn.metrics import roc_auc_score

    found = ~np.isnan(logits)
    truth, said = generated[found], {"pictures": len(logits), "not_found": float(1 - found.mean())}
    if np.bincount(truth, minlength=2).min() >= FEWEST:
        probability = verdicts.probabilities(logits[found], calibration)
        said |= {"auroc": float(roc_auc_score(truth, probability)), **verdicts.wrong(probability, truth, calibration)}
    return said


def _brief(
    probability: np.ndarray,
    part: HeldOut,
    calibration: dict,
    real: str = "",
    generated: str = "",
    variation: float | None = None,
) -> dict:
    """AUROC and wrong verdicts for one kind of real or of generated pictures against all of the other."""
    from sklearn.metrics import roc_auc_score

    chosen = np.where(
        part.generated == 1,
        (not generated or part.names == generated) & ((variation is None) | (part.variations == variation)),
        not real or part.names == real,
    )
    truth, guess = part.generated[chosen], probability[chosen]
    return {"auroc": float(roc_auc_score(truth, guess)), **verdicts.wrong(guess, truth, calibration)}


def _critic_auroc(generator: weights.Weights, part: HeldOut) -> float:
    """How well a generator's own discriminator tells its faces from real ones."""
    from sklearn.metrics import roc_auc_score

    chosen = (part.generated == 0) | (part.names == generator.generator_id)
    crops = np.stack(
        [
            images.training_crop(picture, generator.settings.resolution)
            for picture, take in zip(part.pictures, chosen)
            if take
        ]
    )
    return float(roc_auc_score(1 - part.generated[chosen], critic.judged(generator.discriminator, crops)))
