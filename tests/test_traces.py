"""What tells the pictures of any generator: spectra at native resolution, and how unlike known faces a face is."""

import numpy as np
import pytest
import torch
from PIL import Image
from small import SMALL

from gan import UserError
from gan.model import detector, traces, weights
from gan.model.detector import Detector
from gan.model.face_finder import Square
from gan.model.traces import NUMBERS, Traces

SIDE = traces.BLOCK // 2 + 1  # frequencies of a channel in each direction


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("cycles, row, column", [(4, 0, 4), (16, 0, 16), (7, 7, 0)])
def test_a_wave_is_found_at_its_frequency_in_the_right_channel(cycles, row, column):
    wave = np.cos(2 * np.pi * cycles * np.arange(64) / traces.BLOCK)
    grey = 128 + 50 * (wave[None] if column else wave[:, None]) * np.ones((64, 64))
    blocks = traces.spectra(np.repeat(grey[..., None], 3, 2).round().astype(np.uint8)).view(-1, 3, SIDE, SIDE)
    brightness = blocks[:, 0].mean(0)
    assert divmod(int(brightness.argmax()), SIDE) == (row, column)
    # half the window's sum of squares of a cosine: (50 / 2 · (32 / 2)²)², at the highest frequency twice the amplitude
    expected = 2 * np.log(50 / 2 * 16**2 * (2 if cycles == 16 else 1))
    half = np.log(2) if row else 0  # the mean of a row and its mirror image
    assert brightness.max() == pytest.approx(expected - (0 if row else half), abs=0.1)
    assert blocks[:, 1:].abs().max() < 1e-3  # a grey picture has no colour


def test_blocks_overlap_by_half_and_small_pictures_are_continued():
    assert traces.spectra(noise(64, 96)).shape == (3, 5, NUMBERS)
    assert traces.spectra(noise(20, 40)).shape == (1, 1, NUMBERS)
    assert traces.spectra(noise(1, 1)).isfinite().all()


def test_a_face_and_its_mirror_image_are_alike():
    pixels = noise(48, 48)
    one, other = traces.spectra(pixels), traces.spectra(pixels[:, ::-1])
    assert torch.allclose(one, other.flip(1), atol=1e-3)


def test_the_evidence_of_all_blocks_adds_up_to_the_logit():
    learned = Traces(SMALL)
    learned.weight.copy_(torch.randn(NUMBERS, generator=torch.Generator().manual_seed(0)))
    learned.bias.fill_(0.7)
    blocks = traces.spectra(noise(80, 64))
    evidence = learned(blocks)
    assert evidence.shape == blocks.shape[:2]
    assert float(evidence.sum()) == pytest.approx(float(blocks.mean((0, 1)) @ learned.weight + 0.7), abs=1e-3)


def test_native_pixels_are_those_of_the_picture():
    pixels = noise(90, 120)
    picture = Image.fromarray(pixels)
    assert np.array_equal(traces.native(picture, Square(10.4, 20.6, 50.2, 30)), pixels[21:71, 10:60])
    assert np.array_equal(traces.native(picture, Square(-20, 60, 60)), pixels[60:90, 0:40])
    large = Image.fromarray(noise(500, 700))
    assert traces.native(large, Square(0, 0, 500)).shape == (320, 320, 3)
    assert traces.native(large, Square(400, 0, 400)).shape == (320, 240, 3)


def test_unlikeness_is_what_lies_outside_the_known_directions():
    learned = Traces(SMALL)
    kept, numbers = learned.directions.shape
    learned.spread.fill_(2.0)
    learned.centre.fill_(1.0)
    learned.directions.copy_(torch.eye(numbers)[:kept])
    features = torch.ones(3, numbers)
    features[1, :kept] = 100.0  # far, but in a known direction
    features[2, -1] = 7.0  # three spreads in an unknown one
    assert learned.unlikeness(features).tolist() == pytest.approx([0, 0, 3 / numbers**0.5], abs=1e-5)


CALIBRATION = {"generated_from": 0.8, "real_up_to": 0.2}
LIMITS = {"generated_from": 0.7, "real_up_to": 0.3, "unlike_from": 1.0, "ours_from": 0.9}


@pytest.mark.parametrize(
    "ours, unseen, unlikeness, limits, expected",
    [
        (0.85, None, 0, None, (detector.GENERATED, detector.OURS)),
        (0.85, 0.1, 0, LIMITS, (detector.UNCLEAR, detector.SOME_OF_OURS)),
        (0.95, 0.1, 2, LIMITS, (detector.GENERATED, detector.OURS)),
        (0.1, 0.75, 0, LIMITS, (detector.GENERATED, detector.TRACES)),
        (0.1, 0.75, 2, LIMITS, (detector.UNCLEAR, detector.UNLIKE)),
        (0.1, 0.2, 2, LIMITS, (detector.UNCLEAR, detector.UNLIKE)),
        (0.1, 0.5, 0, LIMITS, (detector.UNCLEAR, detector.SOME_TRACES)),
        (0.1, 0.2, 0, LIMITS, (detector.REAL, detector.FEW_TRACES)),
        (0.3, 0.2, 0, LIMITS, (detector.UNCLEAR, detector.SOME_OF_OURS)),
        (0.01, None, 0, None, (detector.UNCLEAR, detector.UNTRAINED)),
    ],
)
def test_one_verdict_from_both_answers(ours, unseen, unlikeness, limits, expected):
    assert detector.decide(ours, CALIBRATION, unseen, unlikeness, limits) == expected


def test_it_is_loaded_as_it_was_saved_or_not_at_all(tmp_path):
    weights.save_detector(tmp_path, Detector(SMALL), SMALL, {})
    network, settings, config = weights.load_detector(tmp_path)
    assert weights.load_traces(tmp_path, settings, config) is None
    learned = Traces(SMALL)
    learned.weight.copy_(torch.linspace(-1, 1, NUMBERS))
    weights.save_traces(tmp_path, learned, {"calibration": {}})
    _, _, config = weights.load_detector(tmp_path)
    assert torch.equal(weights.load_traces(tmp_path, settings, config).weight, learned.weight)
    file = tmp_path / weights.TRACES
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    with pytest.raises(UserError, match="traces.safetensors is damaged or cut short"):
        weights.load_traces(tmp_path, settings, config)
    file.unlink()
    with pytest.raises(UserError, match="traces.safetensors is missing"):
        weights.load_traces(tmp_path, settings, config)
