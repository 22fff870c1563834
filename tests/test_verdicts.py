"""Calibration and figures, on detectors whose figures are known."""

import numpy as np
import pytest

from gan.train.measure import verdicts

GENERATED = np.repeat([0, 1], 700)


@pytest.fixture(autouse=True)
def fewer_resamples(monkeypatch):
    monkeypatch.setattr(verdicts, "RESAMPLES", 200)  # a thousand take seconds


def logits(gap: float, seed: int = 0) -> np.ndarray:
    """Two normal distributions: real pictures around 0, generated ones around `gap`."""
    return np.random.default_rng(seed).standard_normal(len(GENERATED)) + gap * GENERATED


@pytest.mark.parametrize("gap, auroc", [(0.5, 0.638), (1.0, 0.760), (3.0, 0.983)])
def test_auroc_is_that_of_two_normal_distributions(gap, auroc):
    found = verdicts.figures(logits(gap), GENERATED)["auroc"]
    assert found["value"] == pytest.approx(auroc, abs=0.035)
    low, high = found["interval"]
    assert low < found["value"] < high and 0.005 < high - low < 0.08


def test_the_interval_shrinks_with_more_pictures():
    def width(count: int) -> float:
        chosen = np.r_[:count, 700 : 700 + count]
        low, high = verdicts.figures(logits(1.0)[chosen], GENERATED[chosen])["accuracy"]["interval"]
        return high - low

    assert width(50) > 2 * width(700) > 0


def test_probabilities_are_those_of_bayes():
    # for N(2, 1) against N(0, 1) the log odds are 2 * logit - 2
    calibration = verdicts.calibrate(logits(2.0), GENERATED)
    assert calibration["slope"] == pytest.approx(2, abs=0.35) and calibration["intercept"] == pytest.approx(
        -2, abs=0.45
    )
    probability = verdicts.probabilities(logits(2.0, seed=1), calibration)
    assert verdicts.calibration_error(probability, GENERATED) < 0.05
    assert all(abs(mean - share) < 0.15 for mean, share in verdicts.reliability(probability, GENERATED))


def test_uncalibrated_probabilities_have_an_error():
    overconfident = 1 / (1 + np.exp(-8 * (logits(2.0) - 1)))
    assert verdicts.calibration_error(overconfident, GENERATED) == pytest.approx(0.13, abs=0.04)


@pytest.mark.parametrize("gap", [0.3, 1.0, 2.0, 6.0])
def test_few_verdicts_are_wrong(gap):
    calibration = verdicts.calibrate(logits(gap), GENERATED)
    wrong = verdicts.wrong(verdicts.probabilities(logits(gap, seed=1), calibration), GENERATED, calibration)
    # with 700 of each kind, the share may exceed the limit slightly by chance
    assert (
        wrong["real_called_generated"] <= 1.4 * verdicts.WRONG
        and wrong["generated_called_real"] <= 1.4 * verdicts.WRONG
    )
    assert calibration["generated_from"] >= verdicts.SURE and calibration["real_up_to"] <= 1 - verdicts.SURE + 1e-9
    assert wrong["cannot_tell"] > 0.85 if gap == 0.3 else wrong["cannot_tell"] < 0.05 if gap == 6 else True


def test_verdicts_are_counted():
    calibration = {"generated_from": 0.9, "real_up_to": 0.1}
    probability, generated = np.array([0.95, 0.5, 0.05, 0.0, 0.9, 0.1]), np.array([0, 0, 0, 0, 1, 1])
    assert verdicts.wrong(probability, generated, calibration) == {
        "real_called_generated": 0.25,
        "generated_called_real": 0.5,
        "cannot_tell": pytest.approx(1 / 6),
    }
    assert "generated_called_real" not in verdicts.wrong(probability[:4], generated[:4], calibration)
