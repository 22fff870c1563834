import json

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from small import SMALL

from gan.cards import generator as generator_card
from gan.model.images import sheet
from gan.model.networks import Generator
from gan.train.measure import sheets as report


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
    report.save_sheet(generator, tmp_path / "new" / "sheet.png")
    assert Image.open(tmp_path / "new" / "sheet.png").size == (128, 128)


def test_the_timeline_goes_from_first_to_last_and_loops(tmp_path):
    report.save_timeline(sheets_of(tmp_path, 7), 16, tmp_path / "timeline.webp")
    timeline = Image.open(tmp_path / "timeline.webp")
    assert timeline.n_frames == 7 and timeline.size == (64, 64) and timeline.info["loop"] == 0
    levels = levels_of(tmp_path / "timeline.webp")
    assert levels[0] < 5 and levels[-1] > 250 and levels == sorted(levels)


def test_a_timeline_goes_on_from_that_of_the_weights_before(tmp_path):
    paths = sheets_of(tmp_path, 100)
    report.save_timeline(paths[:50], 16, tmp_path / "earlier.webp")
    report.save_timeline(paths[:9:4], 16, tmp_path / "timeline.webp", tmp_path / "earlier.webp")
    levels = levels_of(tmp_path / "timeline.webp")
    assert len(levels) <= 33 and levels[-4] == pytest.approx(124, abs=3) and levels[:-3] == sorted(levels[:-3])
    assert levels[-3:] == pytest.approx([0, 10, 20], abs=1)
    report.save_timeline(paths[:9:4], 16, tmp_path / "timeline.webp", tmp_path / "nothing.webp")
    assert levels_of(tmp_path / "timeline.webp") == pytest.approx([0, 10, 20], abs=1)


def test_a_long_run_gives_sixty_frames_ends_included(tmp_path):
    paths = sheets_of(tmp_path, 150)
    for number, path in enumerate(paths):  # unlike each other, or WebP would merge frames
        noise = np.random.RandomState(number).randint(0, 256, (64, 16, 16, 3)).astype(np.uint8)
        sheet(noise).save(path)
    report.save_timeline(paths, 16, tmp_path / "timeline.webp")
    assert Image.open(tmp_path / "timeline.webp").n_frames == 60


def test_reals_are_picked_evenly(tmp_path):
    pictures = np.arange(128, dtype=np.uint8)[:, None, None, None] * np.ones((1, 16, 16, 3), np.uint8)
    report.save_reals(pictures, tmp_path / "reals.png")
    pixels = np.asarray(Image.open(tmp_path / "reals.png"))
    assert pixels.shape == (128, 128, 3) and pixels[0, 0, 0] == 0 and pixels[-1, -1, 0] == 127


def test_a_cut_off_last_line_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert report.read_metrics(path) == []
    path.write_text(json.dumps({"step": 1}) + "\n" + '{"step": 2, "los')
    assert report.read_metrics(path) == [{"step": 1}]


def test_the_card_says_what_was_measured_and_nothing_else(tmp_path):
    training = {
        "recipe": "modern",
        "data": "UTKFace",
        "pictures_in_data": 20_319,
        "held_out": 1_004,
        "steps": 10,
        "planned_steps": 20,
        "pictures": 640,
        "hours": 1.25,
        "hardware": "2 cores",
        "commands": [{"from_step": 0, "planned_steps": 20, "command": "accelerate launch x"}],
    }
    config = {"model": {"resolution": 64}, "training": training}
    generator_card.save(tmp_path, config, "0123456789ab")
    card = (tmp_path / "README.md").read_text()
    assert "\nlicense: other\n" in card and "10 of 20 steps, 1.2 hours on 2 cores" in card
    assert "No distance to real faces was measured" in card and "`0123456789ab`" in card
    assert "from step 0, planned for 20:\n\n    accelerate launch x" in card
    assert "UTKFace" in (tmp_path / "LICENSE").read_text()
    measured = {
        "generator": "0123456789ab",
        "value": 2.349,
        "samples": 100,
        "reference": "first 100",
        "floor": 0.1,
        "floor_pictures": 100,
        "features": "face.pt",
        "command": "python -m x",
    }
    generator_card.save(tmp_path, {**config, "metrics": {"frechet_distance": measured}}, "0123456789ab")
    assert "**2.35**" in (tmp_path / "README.md").read_text()
    assert "Measured on the published file" in (tmp_path / "README.md").read_text()
    generator_card.save(tmp_path, {**config, "metrics": {"frechet_distance": measured}}, "ba9876543210")
    card = (tmp_path / "README.md").read_text()
    assert "Measured on an earlier state of this run" in card
    assert "not an FID" in card and "precision" not in card and "quality.png" not in card


def test_a_run_that_went_on_often_is_one_command():
    parts = [
        {"from_step": step, "planned_steps": plan, "command": command}
        for step, plan, command in ((0, 10, "begin"), (4, 20, "go on"), (1_200, 20, "go on"), (1_500, 30, "go on"))
    ]
    assert generator_card._commands(parts) == (
        "from step 0, planned for 10:\n\n    begin\n\nfrom step 4, 1,200, planned for 20:\n\n"
        "    go on\n\nfrom step 1,500, planned for 30:\n\n    go on"
    )


def test_the_card_says_what_lies_beyond_the_distance(tmp_path):
    training = {
        "recipe": "modern",
        "data": "UTKFace",
        "pictures_in_data": 20_319,
        "held_out": 1_004,
        "steps": 10,
        "planned_steps": 20,
        "pictures": 640,
        "hours": 1.25,
        "hardware": "2 cores",
        "commands": [],
    }
    distance = {
        "generator": "0123456789ab",
        "name": "FID",
        "value": 2.349,
        "samples": 100,
        "reference": "first 100",
        "floor": 0.1,
        "floor_pictures": 100,
        "features": "inception.pt",
        "command": "python -m x",
    }
    spectrum, colour = {"decibels": -1.25, "at": 0.55}, {"levels": 2.5, "channel": "blue"}
    quality = {
        "generator": "0123456789ab",
        "precision": 0.712,
        "recall": 0.634,
        "neighbours": 3,
        "pictures": 10_000,
        "spectrum": spectrum,
        "colour": colour,
        "memorisation": None,
        "floor": {"pictures": 9_000, "precision": 0.87, "recall": 0.88, "spectrum": spectrum, "colour": colour},
    }
    config = {
        "model": {"resolution": 64},
        "training": training,
        "metrics": {"frechet_distance": distance, "quality": quality},
    }
    generator_card.save(tmp_path, config, "0123456789ab")
    card = (tmp_path / "README.md").read_text()
    for words in (
        "FID **2.35**",
        "precision **0.71** and recall **0.63**",
        "0.87 and 0.88 with 9,000 each",
        "at most 1.2 dB off that of real pictures (less detail at 0.55)",
        "2.5 of 255 grey levels off (blue)",
        "Too few pictures were held out",
    ):
        assert words in card, words
    assert "not an FID" not in card and "quality.png" not in card  # nothing that is not there is shown
    quality["memorisation"] = {
        "pictures": 1_004,
        "training_pictures": 20_319,
        "held_out_copies": 69,
        "median_samples": 4.5,
        "median_held_out": 4.25,
        "nearer_than": 2.0,
        "share_nearer": 0.013,
    }
    held_out, *training, real = [
        {"frechet_distance": 2.004 + number, "precision": 0.8, "recall": 0.75} for number in range(5)
    ]
    quality["held_out"] = {"pictures": 931, "held_out": held_out, "training": training, "real": real}
    (tmp_path / "quality.png").touch()
    generator_card.save(tmp_path, config, "0123456789ab")
    card = (tmp_path / "README.md").read_text()
    for words in (
        "**1.3 %** of 1,004 samples",
        "| samples against 931 held-out pictures | 2.00 | 0.800 | 0.750 |",
        "| against 931 training pictures (3 such sets) | 3.00 to 5.00 | 0.800 | 0.750 |",
        "| training pictures against those 931 held-out ones | 6.00 |",
        "4.50 for samples and 4.25 for held-out faces",
        "69 held-out faces were left out",
        "(quality.png)",
    ):
        assert words in card, words


def test_drawing_does_not_touch_training(tmp_path):
    generator = Generator(SMALL)
    before, state = {k: v.clone() for k, v in generator.state_dict().items()}, torch.get_rng_state()
    report.save_sheet(generator, tmp_path / "sheet.png")
    assert generator.training and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_the_card_says_where_it_started_whom_it_shows_and_what_fails(tmp_path):
    started = {
        "generator": "ba9876543210",
        "pictures": 2_000_000,
        "data": "CelebA",
        "started_from": {"generator": "cba987654321", "pictures": 70_000, "data": "CelebA"},
    }
    training = {
        "recipe": "modern",
        "data": "UTKFace",
        "pictures_in_data": 20_319,
        "held_out": 1_004,
        "steps": 10,
        "planned_steps": 20,
        "pictures": 640,
        "hours": 1.25,
        "hardware": "2 cores",
        "commands": [],
        "started_from": started,
    }
    age = {
        "error": 0.41,
        "tested_on": 1_004,
        "real": {"0–9": 0.125, "10–19": 0.875},
        "samples": {"0–9": 0.25, "10–19": 0.75},
    }
    gender = {
        "error": 0.08,
        "tested_on": 1_004,
        "real": {"female": 0.5, "male": 0.5},
        "samples": {"female": 0.45, "male": 0.55},
    }
    people = {"generator": "0123456789ab", "samples": 10_000, "age": age, "gender": gender}
    generator_card.save(
        tmp_path,
        {"model": {"resolution": 64}, "training": training, "metrics": {"people": people}, "failures": "Hands fail."},
        "0123456789ab",
    )
    card = (tmp_path / "README.md").read_text()
    for words in (
        "- Started from generator `ba9876543210`, which had been shown 2,000,000 pictures of CelebA.\n"
        "- That one started from generator `cba987654321`, which had been shown 70,000 pictures of CelebA.\n- Recipe",
        "| apparent age | 0–9 | 10–19 |\n|---|---|---|\n| real faces | 12.5 % | 87.5 % |\n| samples | 25.0 % | 75.0 % |",
        "age is wrong for 41 % and gender is wrong for 8 % of 1,004 real faces",
        "Hands fail.",
    ):
        assert words in card, words
    assert "CelebA" in (tmp_path / "LICENSE").read_text()
