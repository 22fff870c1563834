import html
import json
import re

import pytest
from conftest import WEIGHTS
from measuring import DISTANCE, MEMORISATION, QUALITY, TRAINING
from PIL import Image

from gan.cards import detector, facts
from gan.serve.judge import Judge
from gan.serve.page import about as tab

JUDGE = Judge(WEIGHTS / "detector")


class Model:
    """The parts of a FaceModel that the tab uses."""

    name, id = "faces-16", "0123456789ab"

    def __init__(self, folder, **config):
        self.folder, self.config = folder, config
        self.facts = facts.of_generator(config, self.id, self.name)


def about(model) -> str:
    return tab.about(model, JUDGE)


def items(page: str) -> list[tuple[str, str]]:
    return [
        tuple(map(html.unescape, item)) for item in re.findall("<dt>(.*?)</dt><dd>(.*?)(?:<details>.*?)?</dd>", page)
    ]


def test_all_facts_about_generator_and_detector_are_shown_in_order(tmp_path):
    config = {
        "model": {"resolution": 16, "latent_dim": 8},
        "training": TRAINING,
        "metrics": {"frechet_distance": DISTANCE, "quality": {**QUALITY, "memorisation": MEMORISATION}},
    }
    said = [*facts.of_generator(config, Model.id, Model.name), *detector.of_detector(JUDGE.config)]
    assert len(said) > 12
    assert items(about(Model(tmp_path, **config))) == [(each.name, each.sentence) for each in said]


def test_what_was_measured_is_shown(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "quality.png")
    page = about(Model(tmp_path, metrics={"quality": QUALITY}))
    assert 'alt="Samples beside real faces' in page and page.count("<img") == 2
    assert "Not measured: too few pictures were held out" in page


@pytest.mark.parametrize("metrics", [{}, None])
def test_what_was_not_measured_is_not_mentioned(tmp_path, metrics):
    Image.new("RGB", (8, 8)).save(tmp_path / "quality.png")  # left by a measurement of other weights
    page = about(Model(tmp_path, metrics=metrics))
    assert "Precision" not in page and "Memorisation" not in page and page.count("<img") == 1  # the detector's


def test_tables_are_there_line_by_line_behind_a_click(tmp_path):
    metrics = json.loads((WEIGHTS / "faces-64" / "config.json").read_text())["metrics"]
    page = about(Model(tmp_path, metrics=metrics))
    shown = []
    for table in re.findall("<details><summary>Figures</summary>(.*?)</details>", page):
        rows = [re.findall("<t[hd]>(.*?)</t[hd]>", row) for row in re.findall("<tr>(.*?)</tr>", table)]
        shown.append(tuple(tuple(map(html.unescape, row)) for row in rows))
    said = [*facts.of_metrics(metrics, Model.id), *detector.of_detector(JUDGE.config)]
    assert shown == [*(each.table for each in said if each.table), detector.table(JUDGE.config)]
    assert len(shown) > 3 and len(shown[-1]) > 15 and page.count("<table>") == len(shown)


def test_a_config_is_text_and_no_html(tmp_path):
    page = about(Model(tmp_path, training={**TRAINING, "data": "<script>{facts}"}))
    assert "&lt;script&gt;{facts}" in page and "<script" not in page
