"""How well a generator's discriminator, the critic, tells its faces from real ones that it was not trained on."""

import numpy as np

from gan.model import critic, sampling, weights
from gan.train.measure import quality, sheets, verdicts
from gan.train.measure.features import FEWEST_HELD_OUT, MOST_HELD_OUT

FIRST_SEED = 3_000_000_000  # of the samples: far from the galleries that people look at


def measure(loaded: weights.Weights, held_out: np.ndarray) -> dict | None:
    """AUROC and Brier score on one half of the held-out pictures and of as many samples.

    The other half fits Platt's scaling, which turns logits into the probabilities that the Brier score needs.

    Args:
        loaded: both networks, as published.
        held_out: `(M, S, S, 3)` uint8; at most `MOST_HELD_OUT` are used, evenly picked.

    Returns:
        `generator`, its id; `n`, the real and generated pictures that are reported on; `auroc`; `brier`. None: fewer
        than `FEWEST_HELD_OUT` pictures are held out.
    """
    if len(held_out) < FEWEST_HELD_OUT:
        return None
    from sklearn.metrics import brier_score_loss, roc_auc_score  # takes seconds to import

    real = sheets.evenly(held_out, MOST_HELD_OUT)
    fake = sampling.faces(loaded.generator, range(FIRST_SEED, FIRST_SEED + len(real)))
    logits = np.concatenate([critic.judged(loaded.discriminator, pictures) for pictures in (real, fake)])
    is_real = np.repeat([1, 0], len(real))
    fitted = np.arange(len(logits)) % 2 == 0
    scaling = verdicts.platt(logits[fitted], is_real[fitted])
    truth, probability = is_real[~fitted], verdicts.probabilities(logits[~fitted], scaling)
    figures = {"auroc": float(roc_auc_score(truth, probability)), "brier": float(brier_score_loss(truth, probability))}
    return {"generator": loaded.generator_id, "n": len(truth), **quality.rounded(figures, 4)}
