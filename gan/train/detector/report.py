"""How good a detector is: calibrated on one half of the held-out pictures, measured on the other."""

from collections.abc import Callable

import numpy as np

from gan.model import critic, images, weights
from gan.train.detector.degrade import CORRUPTIONS
from gan.train.detector.held_out import FEWEST, VARIATIONS, HeldOut
from gan.train.detector.scorer import Scorer
from gan.train.measure import verdicts
from gan.train.measure.quality import rounded


def report(score: Scorer, held: HeldOut, generators: list[weights.Weights]) -> tuple[dict, dict]:
    """Calibrate a detector and report on it.

    Returns:
        `calibration` and `report` as they go into its config.
    """
    first, second = held.part(~held.reported), held.part(held.reported)
    fitted = score.three_ways(first.pictures, 0)
    calibration = verdicts.calibrate(*_found(fitted, first))
    changed = {
        name: verdicts.probabilities(score(second.pictures, change), calibration)
        for name, change in CORRUPTIONS.items()
    }
    measured = score.three_ways(second.pictures, 1)
    figures = {
        "calibrated_on": len(first.pictures),
        "real": int((second.generated == 0).sum()),
        "generated": int(second.generated.sum()),
        "copies_left_out": held.copies,
        "as_it_is": verdicts.figures(changed["as it is"], second.generated),
        "on_their_way": verdicts.figures(verdicts.probabilities(measured[1], calibration), second.generated),
        **_of_probabilities(*_found(measured, second), calibration),
        "changed": {name: _brief(values, second, calibration) for name, values in changed.items()},
        "page": {
            "whole": on_the_page(score.by_face(second.pictures), second.generated, calibration),
            "cut_out": on_the_page(measured[2], second.generated, calibration),
        },
        "other_half": _of_the_other_half(score, first, fitted, calibration),
        **_by_kind(changed["as it is"], second, calibration, generators),
    }
    return rounded(calibration, 6), rounded(figures, 4)


def _found(three_ways: list[np.ndarray], part: HeldOut) -> tuple[np.ndarray, np.ndarray]:
    """Logits of all three ways but where no face was found, and which are generated."""
    logits = np.concatenate(three_ways)
    return logits[~np.isnan(logits)], np.tile(part.generated, 3)[~np.isnan(logits)]


def _of_probabilities(logits: np.ndarray, generated: np.ndarray, calibration: dict) -> dict:
    """How good the probabilities are, before and after calibration."""
    after, before = verdicts.probabilities(logits, calibration), 1 / (1 + np.exp(-logits))

    def of_both(measure: Callable) -> dict:
        return {"before": measure(before, generated), "after": measure(after, generated)}

    return {
        "wrong": verdicts.wrong(after, generated, calibration),
        "calibration_error": of_both(verdicts.calibration_error),
        "reliability": of_both(verdicts.reliability),
    }


def _of_the_other_half(score: Scorer, first: HeldOut, fitted: list[np.ndarray], calibration: dict) -> dict:
    """Some figures for the half used for calibration, which does not change the AUROC."""
    logits = {
        "as it is": fitted[0],
        **{name: score(first.pictures, CORRUPTIONS[name]) for name in ("JPEG 50", "halved")},
    }
    figures = {
        name: _brief(verdicts.probabilities(values, calibration), first, calibration) for name, values in logits.items()
    }
    return {**figures, "cut_out": on_the_page(fitted[2], first.generated, calibration)}


def _by_kind(probability: np.ndarray, part: HeldOut, calibration: dict, generators: list[weights.Weights]) -> dict:
    """Figures for each data set, generator and variation alone."""
    return {
        "data_sets": {
            name: _brief(probability, part, calibration, real=name)
            for name in sorted(set(part.names[part.generated == 0]))
        },
        "generators": {
            each.generator_id: {
                **_brief(probability, part, calibration, generated=each.generator_id),
                "critic_auroc": _critic_auroc(each, part),
            }
            for each in generators
        },
        "variations": {
            f"{variation:g}": _brief(probability, part, calibration, variation=variation) for variation in VARIATIONS
        },
    }


def on_the_page(logits: np.ndarray, generated: np.ndarray, calibration: dict) -> dict:
    """Verdicts as the page gives them.

    Args:
        logits: from `Scorer.by_face`.

    Returns:
        `pictures`; `not_found`, the share of them without a face; where at least `FEWEST` of either kind are left, also
        `auroc` and the shares of wrong verdicts.
    """
    from sklearn.metrics import roc_auc_score

    found = ~np.isnan(logits)
    truth, figures = generated[found], {"pictures": len(logits), "not_found": float(1 - found.mean())}
    if np.bincount(truth, minlength=2).min() >= FEWEST:
        probability = verdicts.probabilities(logits[found], calibration)
        figures |= {
            "auroc": float(roc_auc_score(truth, probability)),
            **verdicts.wrong(probability, truth, calibration),
        }
    return figures


def _brief(
    probability: np.ndarray,
    part: HeldOut,
    calibration: dict,
    real: str = "",
    generated: str = "",
    variation: float | None = None,
) -> dict:
    """AUROC and shares of wrong verdicts for one kind of real or of generated pictures against all of the other."""
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
    pictures = [picture for picture, take in zip(part.pictures, chosen) if take]
    crops = np.stack([images.training_crop(picture, generator.settings.resolution) for picture in pictures])
    return float(roc_auc_score(1 - part.generated[chosen], critic.judged(generator.discriminator, crops)))
