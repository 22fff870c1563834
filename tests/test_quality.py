"""Each figure against sets whose answer is known."""

import numpy as np
import pytest

from gan.train.measure import quality


def cloud(count: int = 200, centre: float = 0.0, seed: int = 0) -> np.ndarray:
    return (np.random.RandomState(seed).randn(count, 8) + centre).astype(np.float32)


def pictures_of(luminance: np.ndarray) -> np.ndarray:
    """`(N, S, S)` → grey pictures."""
    return np.repeat(luminance.round().clip(0, 255).astype(np.uint8)[..., None], 3, 3)


def test_precision_and_recall_of_the_same_set_and_of_one_far_away():
    assert quality.precision_recall(cloud(), cloud()) == (1.0, 1.0)
    assert quality.precision_recall(cloud(), cloud(centre=100.0, seed=1)) == (0.0, 0.0)


def test_precision_and_recall_by_hand():
    """On a line: the third neighbours of 0, 1, 2, 3 are 3, 2, 2, 3 away, so real faces reach from -3 to 6, which is one
    of four samples. Third neighbours of samples are 30, 28.5, 28, 30 away: they reach over all real faces."""
    real, samples = (np.array(values, np.float32)[:, None] for values in ([0, 1, 2, 3], [5, 6.5, 7, 35]))
    assert quality.precision_recall(samples, real) == (0.25, 1.0)
    assert quality.precision_recall(real, samples) == (1.0, 0.25)


def test_samples_of_one_mode_are_precise_and_recall_half():
    two_modes = np.concatenate([cloud(), cloud(centre=100.0, seed=1)])
    precision, recall = quality.precision_recall(cloud(400, seed=2), two_modes)
    assert precision > 0.8 and 0.35 < recall <= 0.5


def test_rows_in_chunks_change_nothing(monkeypatch):
    sets = cloud(seed=1), cloud(centre=0.5, seed=2)
    whole = quality.precision_recall(*sets)
    assert 0.1 < whole[0] < 0.9 and 0.1 < whole[1] < 0.9
    monkeypatch.setattr(quality, "_ROWS", 7)
    assert quality.precision_recall(*sets) == whole


def test_a_copy_of_a_training_picture_has_distance_0():
    train = cloud()
    moved = train[[17]] + np.float32([3, 4, 0, 0, 0, 0, 0, 0]) / 1000
    features, elsewhere = np.concatenate([train[[5]], moved]), cloud(2, centre=5.0, seed=1)
    for these in ((features, elsewhere), (elsewhere, features)):  # also if the generator learned the mirror image
        distances, rows = quality.nearest(*these, train)
        assert rows.tolist() == [5, 17]
        assert distances == pytest.approx([0, 0.005], abs=1e-4)


def test_memorisation_is_at_its_share_by_chance_and_at_1_for_copies():
    random = np.random.RandomState(0)
    held_out = random.uniform(1, 2, 2000)
    chance = quality.memorisation(random.uniform(1, 2, 2000), held_out)
    assert chance["share_nearer"] == pytest.approx(0.01, abs=0.007) and chance["nearer_than"] == pytest.approx(
        1.01, abs=0.005
    )
    assert [chance["median_samples"], chance["median_held_out"]] == pytest.approx([1.5, 1.5], abs=0.05)
    half = np.where(np.arange(2000) % 2, 0.0, 1.5)
    assert quality.memorisation(half, held_out)["share_nearer"] == 0.5
    assert quality.memorisation(held_out + 1, held_out)["share_nearer"] == 0


def test_held_out_copies_do_not_hide_that_samples_are_copies():
    """With 5 % of the held-out pictures at a distance of 0, nothing could be nearer than the nearest 1 % of them."""
    held_out = np.concatenate([np.zeros(50), np.random.RandomState(0).uniform(2, 3, 950)])
    assert quality.copies(held_out).tolist() == [True] * 50 + [False] * 950
    result = quality.memorisation(np.where(np.arange(1000) < 300, 0.0, 2.5), held_out)
    assert result["held_out_copies"] == 50 and result["share_nearer"] == 0.3
    assert result["nearer_than"] == pytest.approx(2.01, abs=0.008) and result["median_held_out"] == pytest.approx(
        2.5, abs=0.05
    )


@pytest.mark.parametrize("size", [32, 25])
def test_white_noise_has_its_variance_in_every_ring(size):
    noise = np.random.RandomState(0).normal(128, 20, (400, size, size))
    power = quality.power_spectrum(pictures_of(noise))
    assert power.shape == (size // 2,)
    assert power == pytest.approx(np.full(size // 2, 400), rel=0.12)


@pytest.mark.parametrize("x, y, ring", [(5, 0, 5), (0, 9, 9), (6, 8, 10)])
def test_a_sine_lands_in_its_ring(x, y, ring):
    rows, columns = np.mgrid[:64, :64] / 64
    wave = 128 + 100 * np.sin(2 * np.pi * (x * columns + y * rows))
    power = quality.power_spectrum(pictures_of(wave[None]))
    assert power.argmax() == ring - 1
    around = power[ring - 3 : ring + 2].sum()
    assert around / power.sum() > 0.999  # the window spreads it over its neighbours only


def test_brightness_is_no_detail():
    flat = pictures_of(np.full((2, 16, 16), 200.0))
    assert quality.power_spectrum(flat) == pytest.approx(np.zeros(8), abs=1e-6)
    assert np.isfinite(quality.spectrum_difference(quality.power_spectrum(flat), np.ones(8))["decibels"])


def test_the_largest_difference_below_the_limit_counts():
    real, samples = np.ones(20), np.ones(20)
    samples[9], samples[4], samples[19] = 0.1, 2.0, 1000.0  # the last is Nyquist's ring
    assert quality.spectrum_difference(samples, real) == pytest.approx({"decibels": -10, "at": 0.5})
    samples[9] = 1.0
    assert quality.spectrum_difference(samples, real) == pytest.approx({"decibels": 10 * np.log10(2), "at": 0.25})


def test_a_shifted_histogram_is_the_shift_apart():
    real = np.random.RandomState(0).randint(0, 200, (5, 16, 16, 3)).astype(np.uint8)
    samples = real + np.uint8([3, 0, 12])
    histograms = [quality.colour_histograms(pictures) for pictures in (samples, real)]
    assert histograms[0].shape == (3, 256) and histograms[0].sum(1) == pytest.approx([1, 1, 1])
    difference = quality.colour_difference(*histograms)
    assert difference["levels"] == pytest.approx(12) and difference["channel"] == "blue"
    assert quality.colour_difference(histograms[1], histograms[1])["levels"] == 0


def test_overfitting_is_0_for_faces_like_the_training_ones_and_1_for_fakes():
    assert quality.overfitting(train=3.0, held_out=3.0, fake=-1.0) == 0
    assert quality.overfitting(train=3.0, held_out=-1.0, fake=-1.0) == 1
    assert quality.overfitting(train=3.0, held_out=2.0, fake=-1.0) == 0.25
    assert quality.overfitting(train=1.0, held_out=0.0, fake=1.0) is None
