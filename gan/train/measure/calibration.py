"""What the discriminator's logit is worth: a probability that a picture is real, and how far that can be trusted.

    python -m gan.train.calibration WEIGHTS --train_data_dir DIR

Measured on held-out pictures, which no network was trained on, against as many samples: one half of each to fit
Platt's scaling (Platt 1999), the other half to report. Every run does this when it saves; the command is for weights
that came without.
"""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from gan import UserError
from gan.cards import generator as generator_card
from gan.model import critic, sampling, weights
from gan.train.measure import quality, sheets, verdicts
from gan.train.pictures import sources
from gan.train.pictures.store import open_store
from gan.train.settings import STORE_DIR, DataSettings

FEWEST = 40  # held-out pictures, below which the figures would mean nothing
MOST = 1024  # held-out pictures used
FIRST_SEED = 3_000_000_000  # of the samples: far from the galleries that people look at


def calibrate(loaded: weights.Weights, held_out: np.ndarray, name: str) -> dict | None:
    """Fit and report, or None where fewer than `FEWEST` pictures are held out.

    Args:
        loaded: both networks, as published.
        held_out: `(M, S, S, 3)` uint8, evenly picked from when there are more than `MOST`.
        name: what the pictures are called.

    Returns:
        `slope` and `intercept` (probability of real = sigmoid(slope * logit + intercept)); `fitted_on` and `n`, the pictures of
        each half, real and generated together; of the second half `auroc`, `brier` and `reliability`: `[mean probability, share
        of real]` per bin.
    """
    if len(held_out) < FEWEST:
        return None
    from sklearn.metrics import brier_score_loss, roc_auc_score  # takes seconds to import

    real = sheets.evenly(held_out, MOST)
    fake = sampling.faces(loaded.generator, range(FIRST_SEED, FIRST_SEED + len(real)))
    logits = np.concatenate([critic.judged(loaded.discriminator, pictures) for pictures in (real, fake)])
    is_real = np.repeat([1, 0], len(real))
    fitted = np.arange(len(logits)) % 2 == 0
    scaling = verdicts.platt(logits[fitted], is_real[fitted])
    truth, probability = is_real[~fitted], verdicts.probabilities(logits[~fitted], scaling)
    return {
        **scaling,
        "fitted_on": int(fitted.sum()),
        "n": len(truth),
        **quality.rounded(
            {
                "auroc": float(roc_auc_score(truth, probability)),
                "brier": float(brier_score_loss(truth, probability)),
                "reliability": verdicts.reliability(probability, truth),
            },
            4,
        ),
        "real": f"held-out pictures of {name}",
        "generated": f"seeds from {FIRST_SEED} on, variation 1",
        "generator": loaded.generator_id,
    }


def add_to(folder: Path, held_out: np.ndarray, name: str, command: str | None = None) -> dict | None:
    """Calibrate the discriminator of a weights folder, as saved, and write the result into its config."""
    loaded = weights.load(folder)
    result = calibrate(loaded, held_out, name)
    if result:
        weights.write_config(
            folder, {**loaded.config, "calibration": result | ({"command": command} if command else {})}
        )
    return result


@dataclass(frozen=True, kw_only=True)
class CalibrationSettings(DataSettings):
    """Calibrate a weights folder's discriminator and write the figures into its config and card."""

    # the weights folder
    weights: tyro.conf.Positional[Path]
    # where decoded pictures are kept
    store_dir: Path = STORE_DIR


def main(settings: CalibrationSettings) -> None:
    loaded = weights.load(settings.weights)
    store = open_store(sources.find(settings), loaded.settings.resolution, settings.store_dir)
    command = "python -m gan.train.calibration " + shlex.join(sys.argv[1:])
    result = add_to(settings.weights, store.held_out, loaded.config["training"]["data"], command)
    if not result:
        raise UserError(f"Only {len(store.held_out)} pictures are held out; a calibration takes at least {FEWEST}.")
    generator_card.save(settings.weights, weights.load_config(settings.weights), loaded.generator_id)
    print(f"AUROC {result['auroc']:.3f}, Brier score {result['brier']:.3f} on {result['n']:,} pictures")


if __name__ == "__main__":
    try:
        main(tyro.cli(CalibrationSettings, use_underscores=True))
    except UserError as error:
        sys.exit(f"Error: {error}")
