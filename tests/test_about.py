import base64
import html
import io
import json
import re

import pytest
from conftest import WEIGHTS
from measuring import DISTANCE, MEMORISATION, QUALITY, TRAINING
from PIL import Image

from gan.cards import detector, facts
from gan.model.directions import Directions
from gan.serve.judge import Judge
from gan.serve.page import about as tab

JUDGE = Judge(WEIGHTS / "detector")


class Model:
    """The parts of a FaceModel that the tab uses."""

    name, id = "faces-16", "0123456789ab"

    def __init__(self, folder, **config):
        self.folder, self.config = folder, config
        self.facts = facts.of_generator(config, self.id, self.name)
        self.directions = Directions("", {})

    def along(self) -> Directions:
        return self.directions


def about(model) -> str:
    return tab.about(model, JUDGE)


def items(page: str) -> list[tuple[str, str]]:
    return [tuple(map(html.unescape, item)) for item in re.findall("<dt>(.*?)</dt><dd>(.*?)(?:<div.*?)?</dd>", page)]


def test_all_facts_about_generator_and_detector_are_shown_in_order(tmp_path):
    config = {
        "model": {"resolution": 16, "latent_dim": 8},
        "training": TRAINING,
        "metrics": {"frechet_distance": DISTANCE, "quality": {**QUALITY, "memorisation": MEMORISATION}},
    }
    said = [*facts.of_generator(config, Model.id, Model.name), *detector.of_detector(JUDGE.config)]
    assert len(said) > 12
    assert items(about(Model(tmp_path, **config))) == [(each.name, each.sentence) for each in said]


def test_where_faces_can_be_shaped_it_is_said_whose_labels_that_goes_by(tmp_path):
    model = Model(tmp_path)
    assert "under “Shape”" not in about(model)
    shaped = Model(tmp_path)
    shaped.directions = Directions("0b1c2d3e4f50", {"age": None})
    page = about(shaped)
    assert "the data sets named in the weights' card" in page.replace("\n", " ")
    assert "guesses about looks" in page


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


def test_figures_and_charts_are_behind_a_click(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "curves.png")
    page = about(Model(tmp_path, training=TRAINING))
    seen = re.sub("<details>.*?</details>", "", page, flags=re.DOTALL)
    assert seen.count("<h3>") == 5 and not re.search("<dl>|<table>|<img", seen)
    assert page.count("<summary>") == 2 and page.count("<dl>") == 2 and page.count("<img") == 2


def test_tables_are_there_line_by_line(tmp_path):
    metrics = json.loads((WEIGHTS / "faces-64" / "config.json").read_text())["metrics"]
    page = about(Model(tmp_path, metrics=metrics))
    shown = []
    for table in re.findall("<table>(.*?)</table>", page):
        rows = [re.findall("<t[hd]>(.*?)</t[hd]>", row) for row in re.findall("<tr>(.*?)</tr>", table)]
        shown.append(tuple(tuple(map(html.unescape, row)) for row in rows))
    said = [*facts.of_metrics(metrics, Model.id), *detector.of_detector(JUDGE.config)]
    assert shown == [*(each.table for each in said if each.table), detector.table(JUDGE.config)]
    assert len(shown) > 3 and len(shown[-1]) > 15


def test_a_config_is_text_and_no_html(tmp_path):
    page = about(Model(tmp_path, training={**TRAINING, "data": "<script>{facts}"}))
    assert "&lt;script&gt;{facts}" in page and "<script" not in page


def links(page: str) -> dict[str, tuple[str, str]]:
    """Words → the attribute before the address, if any, and the address."""
    return {
        words: (name, to) for name, to, words in re.findall('<a (?:download="(.*?)" )?href="(.*?)">(.*?)</a>', page)
    }


def test_cards_and_manual_are_files_or_on_a_space_its_pages(tmp_path, monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    (tmp_path / "README.md").write_text("# A card")
    found = links(about(Model(tmp_path)))
    assert list(found) == ["the model card of faces-16", "the card of the detector", "the manual"]
    name, address = found["the model card of faces-16"]
    assert name == f"{tmp_path.name}-README.md" and base64.b64decode(address.split(",")[1]) == b"# A card"
    assert found["the manual"][0] == "training.md"
    (tmp_path / "README.md").unlink()
    assert list(links(about(Model(tmp_path)))) == ["the card of the detector", "the manual"]

    monkeypatch.setenv("SPACE_ID", "somebody/seedfaces")
    blob = "https://huggingface.co/spaces/somebody/seedfaces/blob/main"
    assert links(about(Model(WEIGHTS / "faces-64"))) == {
        "the model card of faces-16": ("", f"{blob}/weights/faces-64/README.md"),
        "the card of the detector": ("", f"{blob}/weights/detector/README.md"),
        "the manual": ("", f"{blob}/docs/training.md"),
    }


def test_the_timeline_plays_and_its_last_picture_stands_for_it(tmp_path):
    assert tab.timeline(Model(tmp_path)) is None
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "timeline.webp", save_all=True, append_images=frames[1:])
    value = tab.timeline(Model(tmp_path))
    still = Image.open(io.BytesIO(base64.b64decode(value["still"].split(",")[1])))
    assert not still.is_animated and still.getpixel((8, 8))[2] > 200
    assert base64.b64decode(value["src"].split(",")[1]) == (tmp_path / "timeline.webp").read_bytes()
    assert value["name"] == "faces-16-timeline.webp"
