"""How good verdicts are: calibration and figures, pure functions.

For a detector 1 is generated and 0 real. For a critic, whose logits rise with how real a picture looks, 1 is real.
"""

import numpy as np
import torch

WRONG = 0.05  # at most this share of either kind may get the other's verdict
AIM = 0.8 * WRONG  # that share on the pictures that thresholds are chosen on, so that it holds on others
SURE = 0.8  # least probability for a verdict, however good the detector
RESAMPLES = 1000  # of the bootstrap
BINS = 10  # of the reliability curve, equally many pictures in each


def platt(logits: np.ndarray, truth: np.ndarray, share: np.ndarray | None = None) -> dict:
    """`slope` and `intercept` of P(1) = sigmoid(slope * logit + intercept), where half of all are 1 (Platt 1999).

    Args:
        share: the weight of each picture `(N,)`; None: they count alike.
    """
    from sklearn.linear_model import LogisticRegression  # takes seconds to import

    # two numbers from hundreds of pictures need no penalty
    fitted = LogisticRegression(C=1e9).fit(logits[:, None], truth, sample_weight=share)
    return {"slope": float(fitted.coef_[0, 0]), "intercept": float(fitted.intercept_[0])}


def calibrate(logits: np.ndarray, generated: np.ndarray) -> dict:
    """Platt's scaling, with thresholds: likely generated from `generated_from` on, likely real up to `real_up_to`."""
    scaling = platt(logits, generated)
    probability = probabilities(logits, scaling)
    return {
        **scaling,
        "generated_from": max(SURE, float(np.quantile(probability[generated == 0], 1 - AIM))),
        "real_up_to": min(1 - SURE, float(np.quantile(probability[generated == 1], AIM))),
    }


def probabilities(logits: np.ndarray, calibration: dict) -> np.ndarray:
    """Logits `(N,)` → P(1) of each `(N,)`."""
    return 1 / (1 + np.exp(-(calibration["slope"] * logits + calibration["intercept"])))


def wrong(probability: np.ndarray, generated: np.ndarray, calibration: dict) -> dict:
    """Shares of real pictures called likely generated, of generated ones called likely real, of all undecided."""
    says_generated, says_real = probability >= calibration["generated_from"], probability <= calibration["real_up_to"]
    shares = {
        "real_called_generated": says_generated[generated == 0],
        "generated_called_real": says_real[generated == 1],
        "cannot_tell": ~(says_generated | says_real),
    }
    return {name: float(values.mean()) for name, values in shares.items() if len(values)}


def figures(probability: np.ndarray, generated: np.ndarray) -> dict:
    """AUROC, average precision and accuracy at one half, each with a 95 % interval (bootstrap, percentiles)."""
    from scipy.stats import bootstrap
    from sklearn.metrics import average_precision_score, roc_auc_score

    def accuracy(truth, guess):
        return np.mean((guess >= 0.5) == truth)

    found = {"pictures": len(generated)}
    for name, score in (
        ("auroc", roc_auc_score),
        ("average_precision", average_precision_score),
        ("accuracy", accuracy),
    ):
        interval = bootstrap(
            (generated, probability),
            score,
            n_resamples=RESAMPLES,
            paired=True,
            vectorized=False,
            method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval
        found[name] = {
            "value": float(score(generated, probability)),
            "interval": [float(interval.low), float(interval.high)],
        }
    return found


def calibration_error(probability: np.ndarray, generated: np.ndarray) -> float:
    """ECE: the mean difference between probability and observed share, over 15 bins (Guo et al. 2017)."""
    from torchmetrics.functional.classification import binary_calibration_error  # takes seconds, too

    return float(binary_calibration_error(torch.from_numpy(probability), torch.from_numpy(generated), n_bins=15))


def reliability(probability: np.ndarray, generated: np.ndarray) -> list[list[float]]:
    """`[mean probability, observed share of 1]` of each of `BINS` bins."""
    from sklearn.calibration import calibration_curve

    share, mean = calibration_curve(generated, probability, n_bins=BINS, strategy="quantile")
    return [[float(m), float(s)] for m, s in zip(mean, share)]
