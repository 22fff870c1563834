import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from small import SMALL

from gan.model.images import sheet
from gan.model.networks import Generator
from gan.train.measure import sheets


def sheets_of(tmp_path, count: int) -> list:
    """Sheets of 64 flat faces, each sheet brighter than the one before."""
    paths = []
    for number in range(count):
        level = np.full((64, 16, 16, 3), 255 * number // max(1, count - 1), np.uint8)
        paths.append(tmp_path / f"step-{number:08d}.png")
        sheet(level).save(paths[-1])
    return paths


def levels_of(timeline) -> list[float]:
    """The mean of each frame."""
    return [float(np.asarray(frame.convert("RGB")).mean()) for frame in ImageSequence.Iterator(Image.open(timeline))]


def test_a_sheet_shows_seeds_0_to_63(tmp_path):
    generator = Generator(SMALL)
    sheets.save_sheet(generator, tmp_path / "new" / "sheet.png")
    assert Image.open(tmp_path / "new" / "sheet.png").size == (128, 128)


def test_the_timeline_goes_from_first_to_last_and_loops(tmp_path):
    sheets.save_timeline(sheets_of(tmp_path, 7), 16, tmp_path / "timeline.webp")
    timeline = Image.open(tmp_path / "timeline.webp")
    assert timeline.n_frames == 7 and timeline.size == (64, 64) and timeline.info["loop"] == 0
    levels = levels_of(tmp_path / "timeline.webp")
    assert levels[0] < 5 and levels[-1] > 250 and levels == sorted(levels)


def test_a_timeline_goes_on_from_that_of_the_weights_before(tmp_path):
    paths = sheets_of(tmp_path, 100)
    sheets.save_timeline(paths[:50], 16, tmp_path / "earlier.webp")
    sheets.save_timeline(paths[:9:4], 16, tmp_path / "timeline.webp", tmp_path / "earlier.webp")
    levels = levels_of(tmp_path / "timeline.webp")
    assert len(levels) <= 33 and levels[-4] == pytest.approx(124, abs=3) and levels[:-3] == sorted(levels[:-3])
    assert levels[-3:] == pytest.approx([0, 10, 20], abs=1)
    sheets.save_timeline(paths[:9:4], 16, tmp_path / "timeline.webp", tmp_path / "nothing.webp")
    assert levels_of(tmp_path / "timeline.webp") == pytest.approx([0, 10, 20], abs=1)


def test_a_long_run_gives_sixty_frames_ends_included(tmp_path):
    paths = sheets_of(tmp_path, 150)
    for number, path in enumerate(paths):  # all different, or WebP would merge frames
        noise = np.random.RandomState(number).randint(0, 256, (64, 16, 16, 3)).astype(np.uint8)
        sheet(noise).save(path)
    sheets.save_timeline(paths, 16, tmp_path / "timeline.webp")
    assert Image.open(tmp_path / "timeline.webp").n_frames == 60


def test_reals_are_picked_evenly(tmp_path):
    pictures = np.arange(128, dtype=np.uint8)[:, None, None, None] * np.ones((1, 16, 16, 3), np.uint8)
    sheets.save_reals(pictures, tmp_path / "reals.png")
    pixels = np.asarray(Image.open(tmp_path / "reals.png"))
    assert pixels.shape == (128, 128, 3) and pixels[0, 0, 0] == 0 and pixels[-1, -1, 0] == 127


def test_drawing_does_not_touch_training(tmp_path):
    generator = Generator(SMALL)
    before, state = {k: v.clone() for k, v in generator.state_dict().items()}, torch.get_rng_state()
    sheets.save_sheet(generator, tmp_path / "sheet.png")
    assert generator.training and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())
