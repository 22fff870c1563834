"""Calibrates what tells the pictures of unseen generators, and reports on it, each source by the others alone."""

from dataclasses import dataclass, fields

import numpy as np
import torch
from tqdm import tqdm

from gan.model import detector
from gan.model.settings import ModelSettings
from gan.train.detector.foreign import Sources, fit
from gan.train.measure import verdicts
from gan.train.measure.quality import rounded

REAL_WRONG, GENERATED_WRONG = 0.03, 0.1  # shares of left-out pictures that may get the other's verdict
VERDICTS = {"likely_real": detector.REAL, "likely_generated": detector.GENERATED, "cannot_tell": detector.UNCLEAR}
_BY_OURS = 0.01  # share of real pictures that the detector itself may call generated, of REAL_WRONG
UNFAMILIAR = 0.02  # share of left-out pictures that may count as unlike any known


def leave_one_out(found: Sources, settings: ModelSettings) -> tuple[np.ndarray, np.ndarray]:
    """Logits `(2, N)` and unlikeness `(N,)` of each source's faces, by what was learned from all others.

    NaN for faces whose source is not left out.
    """
    logits, unlikeness = np.full(found.spectra.shape[:2], np.nan), np.full(len(found.names), np.nan)
    for name in tqdm(np.unique(found.names[found.left_out]), "Leaving sources out", unit="source"):
        learned, out = fit(found, settings, name), found.names == name
        # the model is linear, so the mean over blocks may come first
        logits[:, out] = (torch.from_numpy(found.spectra[:, out]) @ learned.weight + learned.bias).numpy()
        unlikeness[out] = learned.unlikeness(torch.from_numpy(found.features[out])).numpy()
    return logits, unlikeness


@dataclass(frozen=True)
class Scores:
    """What is known of faces from sources that were left out: arrays `(N,)`."""

    names: np.ndarray
    generated: np.ndarray
    logits: np.ndarray  # by their traces
    unlikeness: np.ndarray
    ours: np.ndarray  # the detector's probability that one of its generators made it

    def part(self, chosen: np.ndarray) -> "Scores":
        """The faces where `chosen`, `(N,)` bool, is true."""
        return Scores(*(getattr(self, field.name)[chosen] for field in fields(self)))


def calibrate(scores: Scores, generated_from: float) -> dict:
    """Scaling and thresholds; each source counts alike.

    Args:
        generated_from: the probability from which the detector calls a face generated, by its own calibration.

    Returns:
        `slope`, `intercept`, `generated_from`, `real_up_to` and `unlike_from` for the traces, and `ours_from`: the
        least probability from which the detector itself may call a face generated.
    """
    real, made, share = ~scores.generated, scores.generated, np.empty(len(scores.names))
    for kind in (real, made):
        names, place, counts = np.unique(scores.names[kind], return_inverse=True, return_counts=True)
        share[kind] = 1 / len(names) / counts[place]
    scaling = verdicts.platt(scores.logits, made.astype(int), share)
    probability = verdicts.probabilities(scores.logits, scaling)
    ours_from = max(_quantile(scores.ours[real], share[real], 1 - _BY_OURS), generated_from)
    found = scores.ours >= ours_from
    traces_from = _quantile(np.where(found, 0, probability)[real], share[real], 1 - (REAL_WRONG - _BY_OURS))
    real_up_to = _quantile(np.where(found, 1, probability)[made], share[made], GENERATED_WRONG)
    return {
        **scaling,
        "generated_from": traces_from,
        "real_up_to": min(real_up_to, 0.99 * traces_from),
        "unlike_from": _quantile(scores.unlikeness, share, 1 - UNFAMILIAR),
        "ours_from": ours_from,
    }


def _quantile(values: np.ndarray, share: np.ndarray, level: float) -> float:
    """A weighted quantile: the least value up to which this share lies."""
    order = np.argsort(values)
    below = np.cumsum(share[order]) / share.sum()
    return float(values[order][min(np.searchsorted(below, level), len(values) - 1)])


def report(found: Sources, settings: ModelSettings, of_detector: dict) -> tuple[dict, dict]:
    """Calibrate on sources that were left out, and count the verdicts on them as the page gives them.

    The verdicts on a source are counted with thresholds from the others.

    Args:
        of_detector: the detector's own calibration.

    Returns:
        `calibration`, and `report` as it goes into the config.
    """
    logits, unlikeness = leave_one_out(found, settings)
    ours = verdicts.probabilities(found.ours, of_detector)
    as_they_are, again = (
        Scores(found.names, found.generated, row, unlikeness, ours).part(found.left_out) for row in logits
    )
    by_source = {str(name): _verdicts_on(name, as_they_are, of_detector) for name in np.unique(as_they_are.names)}
    for name, figures in by_source.items():
        figures["without_face"] = found.missing[name]
    figures = {"sources": by_source, "as_they_are": _ranking(as_they_are), "saved_again": _ranking(again)}
    for kind, of in (("real", False), ("generated", True)):
        rows = [figures for figures in by_source.values() if figures["generated"] == of]
        figures[kind] = {verdict: float(np.mean([row[verdict] for row in rows])) for verdict in VERDICTS}
    return calibrate(as_they_are, of_detector["generated_from"]), rounded(figures, 4)


def _verdicts_on(name: str, scores: Scores, of_detector: dict) -> dict:
    """Shares of the verdicts on a source, with thresholds from all others; of a generator, AUROC against all reals."""
    own = scores.names == name
    limits, faces = calibrate(scores.part(~own), of_detector["generated_from"]), scores.part(own)
    said = [
        detector.decide(one, of_detector, unseen, unlike, limits)[0]
        for one, unseen, unlike in zip(faces.ours, verdicts.probabilities(faces.logits, limits), faces.unlikeness)
    ]
    made = bool(faces.generated[0])
    ranking = {"auroc": float(_ranking(scores.part(own | ~scores.generated))["auroc"])} if made else {}
    shares = {key: said.count(verdict) / len(said) for key, verdict in VERDICTS.items()}
    return {"generated": made, "pictures": len(said), **shares, **ranking}


def _ranking(scores: Scores) -> dict:
    """AUROC of the traces over all faces, and the median over generators, each against all real faces."""
    from sklearn.metrics import roc_auc_score

    real = scores.logits[~scores.generated]
    single = [
        roc_auc_score(np.repeat([0, 1], [len(real), len(own)]), np.concatenate([real, own]))
        for name in np.unique(scores.names[scores.generated])
        if len(own := scores.logits[scores.names == name])
    ]
    return {"auroc": float(roc_auc_score(scores.generated, scores.logits)), "median": float(np.median(single))}
