"""The detector: the network, its file, and the command that trains, calibrates and reports one."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from conftest import EMBEDDED, WEIGHTS, picture
from PIL import Image
from small import SMALL, folder_of

from gan import UserError
from gan.model import critic, detector, weights
from gan.model.look import Look
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge
from gan.train.detector import report as detector_report
from gan.train.detector import training
from gan.train.detector.__main__ import main
from gan.train.detector.degrade import CORRUPTIONS
from gan.train.detector.scorer import Scorer, in_photos
from gan.train.measure import verdicts

TRAIN, TEST = 60, 90


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("weights") / "small")


@pytest.fixture(scope="module")
def blobs(tmp_path_factory):
    """A folder of pictures, of which two held-out ones are copies of training pictures, one mirrored."""
    folder = tmp_path_factory.mktemp("blobs")
    for part, numbers in (("train", range(TRAIN)), ("test", range(TRAIN, TRAIN + TEST))):
        (folder / part).mkdir()
        for number in numbers:
            Image.fromarray(picture(number)).save(folder / part / f"{number:03d}.png")
    Image.fromarray(picture(4)).save(folder / "test" / "copy.png")
    Image.fromarray(picture(5)[:, ::-1]).save(folder / "test" / "mirrored.png")
    return folder


def test_it_starts_as_the_critic_that_it_came_from_on_sharper_pictures(folder):
    started, _, _ = training.start_from(folder)
    pictures = np.random.RandomState(0).randint(0, 256, (70, 16, 16, 3)).astype(np.uint8)
    evidence = critic.judged(started.eval(), pictures)
    assert evidence.shape == (70, 4, 4) and evidence.std() > 1e-5
    signed = pictures.astype(np.float32) / 127.5 - 1
    sharper = np.stack(
        [each + 2 * (each - cv2.blur(each, (5, 5), borderType=cv2.BORDER_REFLECT_101)) for each in signed]
    )
    with torch.no_grad():
        expected = -weights.load(folder).discriminator(torch.from_numpy(sharper.transpose(0, 3, 1, 2)))
    assert np.allclose(evidence.sum((1, 2)), expected, atol=1e-4) and evidence.sum((1, 2)).std() > 1e-3


def test_the_evidence_of_a_place_depends_on_its_surroundings_only(folder):
    started, _, _ = training.start_from(folder)
    blank = np.full((1, 16, 16, 3), 128, np.uint8)
    marked = blank.copy()
    marked[0, :3, :3] = 255
    change = np.abs(critic.judged(started.eval(), marked) - critic.judged(started.eval(), blank))[0]
    assert change[0, 0] > 0 and np.allclose(change[2:, 2:], 0, atol=1e-6)


def test_a_mirrored_picture_is_judged_alike(folder):
    started = training.start_from(folder)[0].eval()
    pictures = np.random.RandomState(0).randint(0, 256, (3, 16, 16, 3)).astype(np.uint8)
    evidence, mirrored = (detector.evidence(started, each) for each in (pictures, pictures[:, :, ::-1]))
    assert np.allclose(evidence, mirrored[:, :, ::-1], atol=1e-5) and not np.allclose(evidence, mirrored, atol=1e-5)
    alone = critic.judged(started, pictures)
    assert np.abs(evidence - alone).max() > 1e-5 and np.abs(evidence - alone).max() < np.ptp(alone)


def test_it_is_loaded_as_it_was_saved_or_not_at_all(folder, tmp_path):
    started, _, _ = training.start_from(folder)
    weights.save_detector(tmp_path, started, SMALL, {"calibration": {"slope": 2.0}})
    loaded, again, config = weights.load_detector(tmp_path)
    assert again == SMALL and config["calibration"] == {"slope": 2.0}
    pictures = np.random.RandomState(0).randint(0, 256, (2, 16, 16, 3)).astype(np.uint8)
    assert np.allclose(critic.judged(loaded, pictures), critic.judged(started.eval(), pictures), atol=1e-2)
    file = tmp_path / weights.DETECTOR
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(UserError, match="is not the file that config.json describes"):
        weights.load_detector(tmp_path)
    file.unlink()
    with pytest.raises(UserError, match="detector.safetensors is missing"):
        weights.load_detector(tmp_path)


def test_batches_are_half_generated_and_repeatable(folder, blobs, tmp_path):
    settings = training.DetectorSettings(
        train_data_dir=(blobs,), generators=(folder,), store_dir=tmp_path, train_batch_size=8, max_train_steps=3
    )
    first, second = (
        [batch for batch, _ in training.Pictures(settings, 16, clean_first=True).batches()] for _ in range(2)
    )
    assert len(first) == 3 and all(torch.equal(one, other) for one, other in zip(first, second))
    assert first[0].shape == (8, 16, 16, 3) and not torch.equal(first[0], first[1])
    generated = next(training.Pictures(settings, 16, clean_first=True).batches())[1]
    assert generated.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]


def test_the_report_takes_faces_as_the_page_does():
    judge = Judge(WEIGHTS / "detector")
    score = Scorer(judge.detector, judge.settings.resolution)
    faces = [Image.fromarray(face) for face in FaceModel(EMBEDDED).faces(range(90), Look(0.8))]
    photos = [Image.new("RGB", (40, 40)), *faces[:3], *in_photos(faces[:5], 0)]
    logits = score.by_face(photos)
    opinions = [judge.verdict(photo).opinion for photo in photos]
    assert np.isnan(logits[0]) and [opinion is None for opinion in opinions] == np.isnan(logits).tolist()
    calibration = judge.config["calibration"]
    expected = [opinion.ours for opinion in opinions if opinion]
    assert len(expected) >= 6 and np.ptp(expected) > 0.001
    assert verdicts.probabilities(logits[~np.isnan(logits)], calibration) == pytest.approx(expected, abs=1e-4)
    # labels do not matter here: half of them are called real ones
    by_face = score.by_face(faces)
    said = detector_report.on_the_page(by_face, np.arange(90) % 2, calibration)
    assert said["pictures"] == 90 and said["not_found"] < 0.1 and said["auroc"] == pytest.approx(0.5, abs=0.2)
    few = detector_report.on_the_page(by_face[:70], np.arange(70) % 2, calibration)
    assert set(few) == {"pictures", "not_found"}


FEWER_RESAMPLES = """
import runpy
from gan.train.measure import verdicts
verdicts.RESAMPLES = 50  # a thousand take half of the time
runpy.run_module("gan.train.detector", run_name="__main__")
"""


def test_the_command_trains_calibrates_and_reports(run, folder, blobs, tmp_path):
    words = [
        "-c",
        FEWER_RESAMPLES,
        "--train_data_dir",
        blobs,
        "--generators",
        folder,
        "--init_from",
        folder,
        "--store_dir",
        tmp_path / "store",
        "--output_dir",
        tmp_path / "detector",
        "--max_train_steps",
        "80",
        "--learning_rate",
        "3e-3",
        "--train_batch_size",
        "16",
    ]
    done = run(*words)
    assert done.returncode == 0, done.stderr
    loaded, _, config = weights.load_detector(tmp_path / "detector")
    report, training_said = config["report"], config["training"]
    # blobs and the noise of an untrained generator are easily told apart
    assert (
        0.95 < report["as_it_is"]["auroc"]["value"] <= 1
        and f"AUROC {report['as_it_is']['auroc']['value']:.3f}" in done.stdout
    )
    assert report["copies_left_out"] == 2 and report["real"] == TEST // 2
    assert set(report["changed"]) == set(CORRUPTIONS)
    assert set(report["generators"]) == {weights.load(folder).generator_id} and set(report["data_sets"]) == {blobs.name}
    assert 0 <= report["generators"][weights.load(folder).generator_id]["critic_auroc"] <= 1
    # no faces are found in them: the page would judge none, and the report holds nothing else
    nothing = {"pictures": report["real"] + report["generated"], "not_found": 1.0}
    assert report["page"] == {"whole": nothing, "cut_out": nothing}
    half = report["other_half"]
    assert set(half) == {"as it is", "JPEG 50", "halved", "cut_out"} and half["cut_out"]["not_found"] == 1
    assert 0.95 < half["as it is"]["auroc"] <= 1 and half["cut_out"]["pictures"] == report["calibrated_on"]
    assert f"Measuring the detector on {2 * TEST} held-out pictures" in done.stdout
    assert training_said["command"].startswith("python -m gan.train.detector --train_data_dir")
    assert Image.open(tmp_path / "detector" / "detector.png").width > 1000
    card = (tmp_path / "detector" / "README.md").read_text()
    assert f"AUROC {report['as_it_is']['auroc']['value']:.3f}" in card and "| JPEG 50 |" in card and "{" not in card
    assert blobs.name in (tmp_path / "detector" / "LICENSE").read_text()
    assert "Infinity" not in json.dumps(config) and "NaN" not in json.dumps(config)

    # a detector can be trained further, for a new generator, say
    again = run(
        *words,
        "--init_from",
        tmp_path / "detector",
        "--output_dir",
        tmp_path / "on",
        "--max_train_steps",
        "1",
        "--learning_rate",
        "1e-9",
    )
    assert again.returncode == 0, again.stderr
    on, _, config = weights.load_detector(tmp_path / "on")
    assert config["training"]["started_from"] == {**training_said, "unseen_data_set": None}
    assert config["report"]["as_it_is"]["auroc"]["value"] == pytest.approx(
        report["as_it_is"]["auroc"]["value"], abs=1e-3
    )
    assert all(torch.allclose(one, other) for one, other in zip(on.parameters(), loaded.parameters()))
    card = (tmp_path / "on" / "README.md").read_text()
    assert "16 pictures in 1 steps" in card and "1,280 pictures in 80 steps" in card and "from an earlier" in card


def test_the_command_says_what_is_missing_before_minutes_are_spent(run, folder, blobs, tmp_path):
    done = run(
        "-m",
        "gan.train.detector",
        "--train_data_dir",
        blobs,
        "--generators",
        "nowhere",
        "--init_from",
        folder,
        "--store_dir",
        tmp_path / "store",
        "--output_dir",
        tmp_path / "detector",
    )
    assert (
        done.returncode == 1 and done.stderr.startswith("Error: ") and "nowhere/config.json is missing" in done.stderr
    )
    assert not (tmp_path / "detector").exists()


def test_pictures_that_are_missing_or_too_few_are_refused(folder, pictures, tmp_path):
    for given, sentence in ((Path("nowhere"), "nowhere is not a folder"), (pictures, "Only 6 pictures are held out")):
        settings = training.DetectorSettings(
            train_data_dir=(given,),
            generators=(folder,),
            init_from=folder,
            store_dir=tmp_path / "store",
            output_dir=tmp_path / "detector",
        )
        with pytest.raises(UserError, match=sentence):
            main(settings)
        assert not (tmp_path / "detector").exists()
    with pytest.raises(UserError, match="--train_batch_size 65: must be an even number"):
        main(replace(settings, train_batch_size=65))
