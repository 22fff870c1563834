"""Model cards and licences: they follow from the config alone, and the code that they show works."""

import os
import re
import subprocess
import sys

import pytest
from conftest import EMBEDDED, ROOT, WEIGHTS
from measuring import DISTANCE, QUALITY, TRAINING
from PIL import Image

from gan import UserError
from gan.cards import detector as detector_card
from gan.cards import generator as generator_card
from gan.cards import other_generators
from gan.model import weights
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge

ID = "0123456789ab"
CONFIG = {"model": {"resolution": 64, "latent_dim": 8}, "training": TRAINING}


def card(folder, metrics: dict | None = None, **config) -> str:
    generator_card.save(folder, {**CONFIG, "metrics": metrics or {}, **config}, ID)
    return (folder / "README.md").read_text()


def test_a_card_without_measurements(tmp_path):
    text = card(tmp_path)
    assert "\nlicense: other\n" in text and "model-index" not in text
    assert "**Training:** 640 pictures shown in 10 of 20 steps, 1.2 hours on 2 cores, recipe modern." in text
    assert f"generator {ID}" in text and "from step 0, planned for 20:\n\n    accelerate launch x" in text
    assert "No distance to real faces was measured" in text and "measured with" not in text
    assert "Some are broken." in text and "UTKFace" in (tmp_path / "LICENSE").read_text()


def test_a_card_with_measurements(tmp_path):
    critic = {"generator": ID, "n": 1004, "auroc": 0.8734, "brier": 0.1438}
    text = card(tmp_path, {"frechet_distance": DISTANCE, "critic": critic}, failures="Hands fail.")
    assert "type: frechet-distance\n      value: 2.349" in text and "type: critic-auroc\n      value: 0.8734" in text
    assert "Fréchet distance 2.35" in text and "No distance" not in text and "Hands fail." in text
    assert "measured on the published file with\n\n    python -m x" in text
    assert "precision" not in text.lower() and "quality.png" not in text
    text = card(tmp_path, {"frechet_distance": {**DISTANCE, "generator": "ba9876543210"}})
    assert "generator ba9876543210, an earlier state" in text and "measured with\n\n    python -m x" in text


def test_the_picture_of_quality_is_shown_where_it_is(tmp_path):
    text = card(tmp_path, {"frechet_distance": DISTANCE, "quality": QUALITY})
    assert "(precision 0.714)" in text and "Kynkäänniemi" in text and "quality.png" not in text
    (tmp_path / weights.QUALITY).touch()
    assert "(quality.png)" in card(tmp_path, {"frechet_distance": DISTANCE, "quality": QUALITY})
    assert "quality.png" not in card(tmp_path)  # left by a measurement of other weights


def test_a_licence_names_the_pictures_that_weights_before_learned_from(tmp_path):
    started = {"generator": "ba9876543210", "pictures": 2_000_000, "data": "CelebA"}
    text = card(tmp_path, training={**TRAINING, "started_from": started})
    assert "- **Started from:** generator ba9876543210, which had been shown 2,000,000 pictures of CelebA." in text
    assert "UTKFace,\nand started from weights that were trained on pictures from CelebA." in (
        (tmp_path / "LICENSE").read_text()
    )


def test_a_run_that_was_resumed_often_is_one_command():
    parts = [
        {"from_step": step, "planned_steps": plan, "command": command}
        for step, plan, command in ((0, 10, "begin"), (4, 20, "go on"), (1_200, 20, "go on"), (1_500, 30, "go on"))
    ]
    assert generator_card._commands(parts) == (
        "from step 0, planned for 10:\n\n    begin\n\nfrom step 4, 1,200, planned for 20:\n\n"
        "    go on\n\nfrom step 1,500, planned for 30:\n\n    go on"
    )


@pytest.mark.parametrize("change", [{"training": {**TRAINING, "commands": 3}}, {"failures": []}, {"model": {}}])
def test_a_malformed_config_leaves_the_card_as_it_was(tmp_path, change):
    before = card(tmp_path)
    with pytest.raises(UserError, match="config.json lacks an entry or has one of the wrong kind"):
        card(tmp_path, **change)
    assert (tmp_path / "README.md").read_text() == before


@pytest.mark.parametrize("name", ["faces-64", "faces-128"])
def test_published_cards_are_those_of_their_configs(tmp_path, name):
    for picture in (weights.SAMPLES, weights.CURVES, weights.QUALITY, weights.TIMELINE):
        (tmp_path / picture).touch()
    config = weights.load_config(WEIGHTS / name)
    generator_card.save(tmp_path, config, config["metrics"]["frechet_distance"]["generator"])
    for file in ("README.md", "LICENSE"):
        assert (tmp_path / file).read_text() == (WEIGHTS / name / file).read_text()


# --- the detector ---------------------------------------------------------------------------------------------------

DETECTOR = weights.load_config(WEIGHTS / "detector")


def test_the_published_detectors_card_is_that_of_its_config(tmp_path):
    detector_card.save(tmp_path, DETECTOR)
    for file in ("README.md", "LICENSE"):
        assert (tmp_path / file).read_text() == (WEIGHTS / "detector" / file).read_text()


def test_a_detector_trained_without_a_data_set_may_be_an_earlier_one():
    measured = {"name": "celeba", "pictures": 223, "real_called_generated": 0.027, "cannot_tell": 0.094}
    first = {"started_from": "0" * 12, "unseen_data_set": measured}
    second = {"started_from": first, "unseen_data_set": None}

    def sentence(report: dict, **training) -> str:
        config = {**DETECTOR, "report": {**DETECTOR["report"], **report}, "training": training}
        return "".join(fact.sentence for fact in detector_card.of_detector(config) if fact.name == "Without a data set")

    assert sentence({}, started_from=second) == (
        "Trained once more without celeba, an earlier detector, from which this one continued, called 2.7 % of 223 "
        "real faces from there likely generated, and could not tell for 9.4 %."
    )
    own = sentence({"unseen_data_set": {**measured, "name": "other"}}, started_from=second)
    assert own.startswith("Trained once more without other, it called 2.7 % of 223")
    assert sentence({}, started_from="0" * 12) == ""


def test_what_a_detector_can_know_is_what_was_measured():
    words, unseen = detector_card.trust(DETECTOR), DETECTOR["unseen"]["report"]
    for kind, verdict in (("generated", "likely_generated"), ("generated", "likely_real"), ("real", "cannot_tell")):
        assert f"{100 * unseen[kind][verdict]:.0f} %" in words
    alone = {name: value for name, value in DETECTOR.items() if name != "unseen"}
    assert "knows no others" in detector_card.trust(alone)
    assert not any(fact.name == "Other generators" for fact in detector_card.of_detector(alone))


def test_every_left_out_source_has_a_row_in_the_card(tmp_path):
    header, *rows = other_generators.table(DETECTOR)
    assert {row[0] for row in rows} == set(DETECTOR["unseen"]["report"]["sources"])
    assert all(len(row) == len(header) == 7 for row in rows)
    detector_card.save(tmp_path, DETECTOR)
    assert all(f"| {row[0]} |" in (tmp_path / "README.md").read_text() for row in rows)


def test_the_table_has_a_row_for_all_that_was_compared():
    header, *rows = detector_card.table(DETECTOR)
    by_name, report = {row[0]: row for row in rows}, DETECTOR["report"]
    assert len(rows) > 15 and all(len(row) == len(header) == 5 for row in rows)
    assert by_name["JPEG 50"][1] == f"{report['changed']['JPEG 50']['auroc']:.3f}"
    assert by_name["JPEG 50"][2] == f"{100 * report['changed']['JPEG 50']['real_called_generated']:.1f} %"
    few = {**DETECTOR, "report": {"changed": {"JPEG 50": {"auroc": 0.5}}, "page": {"whole": {"pictures": 3}}}}
    assert detector_card.table(few)[1:] == (("JPEG 50", "0.500", "–", "–", "–"),)


@pytest.mark.parametrize("words", [detector_card.of_detector, detector_card.trust, other_generators.table])
def test_malformed_figures_of_left_out_sources_are_one_sentence(words):
    for report in (None, [], {**DETECTOR["unseen"]["report"], "generated": 3, "sources": {"x": {}}}):
        with pytest.raises(UserError, match="in config.json lacks an entry or has one of the wrong kind"):
            words({**DETECTOR, "unseen": {**DETECTOR["unseen"], "report": report}})


@pytest.mark.parametrize("words", [detector_card.of_detector, detector_card.table])
def test_a_malformed_report_is_one_sentence(words):
    assert words(DETECTOR)
    for report in (None, [], {**DETECTOR["report"], "changed": 3, "wrong": {}}):
        with pytest.raises(UserError, match="^“report”.* in config.json lacks an entry or has one of the wrong kind"):
            words({**DETECTOR, "report": report})


def test_the_snippet_of_the_detectors_card_turns_photos_upright(tmp_path):
    """The snippet as printed, on a photo as phones store it: rotated, with an EXIF note on which side is up."""
    [snippet] = re.findall(r"```python\n(.*?)```", (WEIGHTS / "detector" / "README.md").read_text(), re.DOTALL)
    (tmp_path / "weights").symlink_to(WEIGHTS)
    upright = Image.new("RGB", (400, 300), (96, 128, 80))
    upright.paste(Image.fromarray(FaceModel(EMBEDDED).faces([48])[0]).resize((150, 150)), (200, 80))
    side = upright.transpose(Image.Transpose.ROTATE_90)
    noted = Image.Exif()
    noted[0x0112] = 6  # the row 0 of the file is the right side of the picture

    def roll(picture: Image.Image, **options) -> float:
        """Of the face that the snippet judges, degrees."""
        picture.save(tmp_path / "photo.jpg", quality=95, **options)
        done = subprocess.run(
            [sys.executable, "-c", f"{snippet}\n{snippet.replace(').verdict)', ').face.roll)')}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        verdict, degrees = done.stdout.splitlines()
        assert verdict in ("likely generated", "can't tell")
        return float(degrees)

    assert abs(roll(side, exif=noted)) < 10 and abs(roll(upright)) < 10
    assert abs(abs(Judge(WEIGHTS / "detector").verdict(side).face.roll) - 90) < 10  # if the note were ignored
