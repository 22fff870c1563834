"""Facts about a generator: what its config holds, and nothing else."""

import copy
import json

import pytest
from conftest import WEIGHTS
from hypothesis import given, settings
from hypothesis import strategies as st
from measuring import DISTANCE, MEMORISATION, QUALITY, TRAINING

from gan import UserError
from gan.cards import fact, facts

PUBLISHED = sorted(path.parent for path in WEIGHTS.glob("**/generator.safetensors"))
ID = "0123456789ab"


def said(config: dict) -> dict[str, str]:
    """Name → sentence, table written out."""
    return {each.name: fact.plain(each) for each in facts.of_generator(config, ID, "faces-16")}


def of_metrics(**metrics) -> dict[str, str]:
    return {each.name: fact.plain(each) for each in facts.of_metrics(metrics, ID)}


def test_there_is_something_to_look_at():
    assert len(PUBLISHED) >= 3


@pytest.mark.parametrize("folder", PUBLISHED, ids=lambda folder: folder.name)
def test_published_configs_are_read(folder):
    config = json.loads((folder / "config.json").read_text())
    names = [each.name for each in facts.of_generator(config, config["metrics"]["frechet_distance"]["generator"])]
    assert names[:4] == ["Faces", "Weights", "Learned from", "Training"] and "Distance to real faces" in names
    assert 0.7 < config["metrics"]["critic"]["auroc"] < 1 and "Critic" in names
    assert ("Precision and recall" in names) == ("quality" in config["metrics"])
    assert ("Apparent gender" in names) == ("people" in config["metrics"])
    card = (folder / "README.md").read_text()
    assert all(f"**{name}:**" in card for name in names)


def test_what_is_not_in_the_config_is_not_mentioned():
    assert said({}) == {"Weights": f"faces-16, generator {ID}."}
    assert list(said({"training": TRAINING})) == ["Weights", "Learned from", "Training"]
    assert said({"model": {"resolution": 16, "latent_dim": 8}})["Faces"] == "16 × 16 px, each from 8 random numbers."
    assert of_metrics(frechet_distance=None, quality={}) == {}


def test_a_training_says_what_it_started_from_and_what_that_started_from():
    first = {"generator": "0" * 12, "pictures": 9_000, "data": "CelebA"}
    second = {"generator": "ba9876543210", "pictures": 2_000, "data": "UTKFace", "started_from": first}
    words = said({"training": {**TRAINING, "started_from": second}})
    assert words["Started from"] == (
        "generator ba9876543210, which had been shown 2,000 pictures of UTKFace; that one from generator 000000000000, "
        "which had been shown 9,000 pictures of CelebA."
    )
    assert words["Learned from"] == "20,319 pictures from UTKFace; 1,004 more were held out."
    assert words["Training"] == "640 pictures shown in 10 of 20 steps, 1.2 hours on 2 cores, recipe modern."


def test_only_an_fid_is_called_fid():
    words = of_metrics(frechet_distance=DISTANCE)["Distance to real faces"]
    assert words.startswith("Fréchet distance 2.35 over the features of face.pt (not an FID): 100 samples against the")
    assert "Real against real it is 0.10, with 90 pictures each." in words
    words = of_metrics(frechet_distance={**DISTANCE, "name": "FID"})["Distance to real faces"]
    assert words.startswith("FID 2.35 over the features of face.pt: 100 samples") and "not an FID" not in words


def test_a_measurement_of_another_generator_says_so():
    assert "earlier state" not in of_metrics(frechet_distance=DISTANCE)["Distance to real faces"]
    words = of_metrics(frechet_distance={**DISTANCE, "generator": "ba9876543210"})["Distance to real faces"]
    assert words.endswith(" Measured on generator ba9876543210, an earlier state of this run.")


def test_quality_in_words():
    words = of_metrics(quality=QUALITY)
    assert list(words) == ["Precision and recall", "Memorisation", "Power spectrum", "Colours"]
    assert words["Precision and recall"] == (
        "71 % of samples fall among real faces (precision 0.714), 63 % of real faces among samples (recall 0.634). "
        "Real against real they are 0.870 and 0.880, with 9,000 pictures each."
    )
    assert words["Memorisation"] == "Not measured: too few pictures were held out."
    assert (
        "at most 1.2 dB off that of real pictures (less detail at 0.55); real against real 0.2"
        in (words["Power spectrum"])
    )
    assert words["Colours"] == "At most 2.5 of 255 grey levels off (blue); real against real 0.5."
    words = of_metrics(quality={**QUALITY, "spectrum": {"decibels": 1.25, "at": 0.55}, "memorisation": MEMORISATION})
    assert "more detail at 0.55" in words["Power spectrum"]
    assert words["Memorisation"].startswith(
        "1.3 % of 1,004 samples are nearer to one of 20,319 training pictures than the nearest 1 % of held-out pictures"
    )


def test_held_out_pictures_are_a_table():
    held_out, *training, real = [
        {"frechet_distance": 2.004 + number, "precision": 0.8, "recall": 0.75} for number in range(5)
    ]
    against = {"pictures": 931, "held_out": held_out, "training": training, "real": real}
    [found] = [each for each in facts.of_metrics({"quality": {**QUALITY, "held_out": against}}, ID) if each.table]
    assert found.name == "Held-out pictures" and found.table == (
        ("", "distance", "precision", "recall"),
        ("samples against 931 held-out pictures", "2.00", "0.800", "0.750"),
        ("samples against 931 training pictures (3 such sets)", "3.00 to 5.00", "0.800", "0.750"),
        ("training pictures against those 931 held-out ones", "6.00", "0.800", "0.750"),
    )
    assert "held-out pictures: distance 2.00, precision 0.800, recall 0.750; samples against" in fact.plain(found)
    assert "| samples against 931 held-out pictures | 2.00 | 0.800 | 0.750 |" in fact.as_markdown(found)


def test_a_figure_without_words_is_shown_as_it_is():
    floor = {**QUALITY["floor"], "kernel_distance": 0.01, "hue": {"degrees": 1, "at": "red"}}
    words = of_metrics(
        quality={**QUALITY, "floor": floor, "kernel_distance": 0.125, "hue": {"degrees": 5, "at": "blue"}, "new": 3}
    )
    assert words["Kernel distance"] == "0.125 (real against real 0.01)."
    assert words["Hue"] == "degrees 5, at blue (real against real degrees 1, at red)." and words["New"] == "3."


def test_the_critic_and_the_people_whom_faces_look_like():
    critic = {"generator": ID, "n": 1004, "auroc": 0.8734, "brier": 0.1438}
    words = of_metrics(critic=critic)
    assert words == {"Critic": "AUROC 0.873, Brier score 0.144 on 502 held-out pictures and 502 samples."}
    age = {"error": 0.41, "tested_on": 1_004, "real": {"0–9": 0.125, "10–19": 0.875}}
    gender = {"error": 0.08, "tested_on": 1_004, "real": {"male": 0.5, "female": 0.5}}
    people = {
        "generator": ID,
        "samples": 10_000,
        "age": {**age, "samples": {"10–19": 0.75, "0–9": 0.25}},
        "gender": {**gender, "samples": {"male": 0.55, "female": 0.45}},
    }
    words = of_metrics(people=people)
    assert words["Apparent age"] == (
        "Guessed for 10,000 samples. The guess is wrong for 41 % of 1,004 held-out real faces. 0–9: real faces 12.5 %, "
        "samples 25.0 %; 10–19: real faces 87.5 %, samples 75.0 %"
    )
    assert "male: real faces 50.0 %, samples 55.0 %; female:" in words["Apparent gender"]


@pytest.mark.parametrize(
    "config, part",
    [
        ({"training": {**TRAINING, "hours": None}}, "training"),
        ({"training": {**TRAINING, "started_from": "ba9876543210"}}, "training"),
        ({"training": [1]}, "training"),
        ({"model": {"resolution": 16}}, "model"),
        ({"metrics": {"quality": {**QUALITY, "floor": None}}}, "metrics"),
        ({"metrics": {"frechet_distance": {**DISTANCE, "value": "low"}}}, "metrics"),
        ({"metrics": {"frechet_distance": {**DISTANCE, "samples": 10**5000}}}, "metrics"),
        ({"metrics": "good"}, "metrics"),
    ],
)
def test_a_malformed_part_is_named(config, part):
    with pytest.raises(UserError, match=f"^“{part}” in config.json lacks an entry or has one of the wrong kind"):
        facts.of_generator(config, ID)


JUNK = st.sampled_from([None, True, -1, 10**400, 1e308, float("nan"), "", "{}", [], [None], {}, {"": {}}])


def places(value, above: tuple = ()) -> list[tuple]:
    """Where in nested JSON a value can be replaced, as the keys that lead there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, child in items for place in ((*above, key), *places(child, (*above, key)))]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_config_is_worded_or_refused(data):
    """Nothing but a UserError, and nothing but text."""
    config = copy.deepcopy(WHOLE)
    *above, key = data.draw(st.sampled_from(places(config)))
    parent = config
    for step in above:
        parent = parent[step]
    if data.draw(st.booleans()):
        parent[key] = data.draw(JUNK)
    else:
        del parent[key]
    try:
        assert all(fact.as_markdown(each) and fact.plain(each) for each in facts.of_generator(config, ID))
    except UserError as error:
        assert "in config.json lacks an entry or has one of the wrong kind" in str(error) and "\n" not in str(error)


WHOLE = {
    name: part
    for name, part in json.loads((WEIGHTS / "faces-64" / "config.json").read_text()).items()
    if name in ("model", "training", "metrics")
}
