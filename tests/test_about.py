import html
import re

import pytest
from conftest import WEIGHTS
from measuring import DISTANCE, MEMORISATION, QUALITY, TRAINING
from PIL import Image

from gan.cards import detector, fact, facts
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
    return [tuple(map(html.unescape, item)) for item in re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", page)]


def test_all_facts_about_generator_and_detector_are_shown_in_order(tmp_path):
    config = {
        "model": {"resolution": 16, "latent_dim": 8},
        "training": TRAINING,
        "metrics": {"frechet_distance": DISTANCE, "quality": {**QUALITY, "memorisation": MEMORISATION}},
    }
    said = [*facts.of_generator(config, Model.id, Model.name), *detector.of_detector(JUDGE.config)]
    assert len(said) > 12
    assert items(about(Model(tmp_path, **config))) == [(each.name, fact.plain(each)) for each in said]


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


def test_the_detectors_report_is_there_line_by_line(tmp_path):
    page = about(Model(tmp_path))
    header, *rows = detector.table(JUDGE.config)
    cells = [tuple(map(html.unescape, re.findall("<td>(.*?)</td>", row))) for row in re.findall("<tr>(.*?)</tr>", page)]
    assert len(rows) > 15 and cells == [(), *rows]
    assert tuple(map(html.unescape, re.findall("<th>(.*?)</th>", page))) == header


def test_a_config_is_text_and_no_html(tmp_path):
    page = about(Model(tmp_path, training={**TRAINING, "data": "<script>{facts}"}))
    assert "&lt;script&gt;{facts}" in page and "<script" not in page
