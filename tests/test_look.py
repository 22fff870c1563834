"""A look travels whole from the link to the pixels: a new field touches the look, the link and the page's control."""

import ast
import re
import shutil
import subprocess
import sys
from dataclasses import fields

import gradio as gr
import pytest
from conftest import ROOT
from small import folder_of, shaped

from gan.link import LOOK
from gan.model.look import AS_TRAINED, ATTRIBUTES, Look
from gan.serve.faces import FaceModel
from gan.serve.page.sliders import CONTROLS, Shape, in_words, look_of, values_of

# the only files that a new attribute touches: in each, the line about another one, and what is added behind it
ADDED = {
    "gan/model/look.py": ("    age: float = 0.0\n", "    freckles: float = 0.0\n"),
    "gan/parts/sliders.py": ('("age", "Age", "younger – older"),', '("freckles", "Freckles", None),'),
}
CHECK = """
import sys
from types import SimpleNamespace
from gan import generate
from gan.link import View, decode, encode
from gan.model import sampling
from gan.model.look import Look
from gan.serve.judge import Judge
from gan.serve.models import Models
from gan.serve.page import preview
from gan.serve.page.api import Api
from gan.serve.page.frame import Page
from gan.serve.page.sliders import look_of
from pathlib import Path

seen, original = [], sampling.from_latents
sampling.from_latents = lambda generator, vectors, looks, size: seen.extend(looks) or original(
    generator, vectors, looks, size)

def moved(what):
    assert seen and {(look.variation, look.freckles) for look in seen} == {(0.8, 1.5)}, (what, seen)
    seen.clear()
    models.current._kept.clear()
    models.current.animation.cache_clear()

models = Models(Path(sys.argv[1]), "tiny")
page = Page(models, Judge(sys.argv[2]))
look = look_of({"variation": 0.8, "freckles": 1.5})
query = encode(View(seeds=(4, 5, 6), look=look))
assert query.endswith("&freckles=1.5") and decode(query) == (View(seeds=(4, 5, 6), look=look), []), query
assert "freckles" not in encode(View()) and decode("seeds=4&freckles=99")[0].look.freckles == 3
face, *kept = (encode(View(seeds=(seed,), look=look)) for seed in (5, 3, 4))
g = page.gallery
assert all(part.controls["freckles"].elem_id == part.tab + "-freckles" for part in (g, page.morph))

def act(base, *action):
    asked = SimpleNamespace(base=base, at=action[0], weights="", actions=[[1, *action]])
    return page.answer(asked)[2]

for tab, base in (("gallery", query), ("morph", query + "&tab=morph")):
    assert act(base, tab, "frames", 3)["controls"]["freckles"] == 1.5
    seen.clear()
    for name, value in {"seeds": ["4", 3] if tab == "gallery" else "4, 5", "count": 5, "surprise": 3, "next": 0,
                        "previous": 0, "kept": kept, "morph": face, "judge": face, "morph kept": kept,
                        "frames": 3}.items():
        models.current._kept.clear()
        models.current.animation.cache_clear()
        assert "&freckles=1.5" in act(base, tab, name, value)["query"], name
        moved(name)
    assert "&freckles=-2&d=" in act(base, tab, "freckles", -2)["query"]
    seen.clear()
assert "&freckles=1.5" in g.pick(SimpleNamespace(query=face))["query"]; moved("card")
(drawn, _) = page.kept.draw(SimpleNamespace(faces=kept))["faces"]
own = f"{kept[0]}&d={models.current.along().id}&w={models.current.id}"
assert drawn["query"] == own; moved("kept faces")
g.sheet_file(query); moved("sheet")
g.zip_file(query); moved("zip")
preview.drawn(models, decode(query)[0]); moved("preview")
api = Api.__new__(Api); api.models = models
assert "&freckles=1.5" in api.generate("4", "", variation=0.8, freckles=1.5)[1]; moved("API")
api.morph("4, 5", 2, True, "", variation=0.8, freckles=1.5); moved("API's morph")
words = ["--seeds", "5", "--variation", "0.8", "--freckles", "1.5", "--model", f"{sys.argv[1]}/tiny", "--out", "faces"]
generate.main(words); moved("gan.generate")
assert Path("faces/faces.csv").read_text().strip().endswith("=0.8&freckles=1.5&d=" + models.current.along().id)
info = page.blocks.get_api_info()["named_endpoints"]
assert all("freckles" in [p["parameter_name"] for p in info[name]["parameters"]] for name in ("/generate", "/morph"))
link = act(query, "gallery", "unshaped", None)
assert link["controls"]["freckles"] == 0 and "variation=0.8&w=" in link["query"] and "freckles" not in link["query"]
print("everything knows the new attribute")
"""


def test_a_new_field_touches_look_link_and_control_and_nothing_between(tmp_path):
    shutil.copytree(ROOT / "gan", tmp_path / "gan", ignore=shutil.ignore_patterns("__pycache__", "*.pyi"))
    for name, (there, added) in ADDED.items():
        text = (tmp_path / name).read_text()
        assert text.count(there) == 1, name
        (tmp_path / name).write_text(text.replace(there, there + added))
    shaped(folder_of(tmp_path / "weights" / "tiny"), "freckles")
    command = [sys.executable, "-c", CHECK, str(tmp_path / "weights"), str(ROOT / "weights" / "detector")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "everything knows the new attribute" in done.stdout, done.stderr


def test_no_other_code_of_the_page_names_a_field():
    """Only code counts: docstrings may explain a field, and a variable may happen to have its name."""
    here = ROOT / "gan" / "serve" / "page" / "sliders.py"
    for path in (ROOT / "gan" / "serve").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        used |= {node.arg for node in nodes if isinstance(node, ast.keyword)}
        used |= {node.value for node in nodes if isinstance(node, ast.Constant)}
        assert path == here or not used & set(LOOK), path
    for path in (ROOT / "gan" / "serve" / "page" / "static").glob("*.js"):
        named = re.findall(rf"""[.&"'`]({"|".join(LOOK)})["'`=]""", path.read_text())
        assert not named, (path, named)


def test_every_field_has_its_range_and_its_control():
    assert list(LOOK) == list(CONTROLS) == [field.name for field in fields(Look) if field.name != "directions"]
    for name, limits in LOOK.items():
        assert limits.least <= getattr(AS_TRAINED, name) <= limits.most
    for name in ATTRIBUTES:
        assert LOOK[name] == (-3, 3, 2) and CONTROLS[name]["step"] == 0.5


@pytest.mark.parametrize("sent, look", [(0.777, Look(0.78)), (99, Look(1.5)), (None, Look(0.0)), ("x", Look(0.0))])
def test_numbers_of_a_browser_become_a_look(sent, look):
    assert look_of({"variation": sent}) == look == look_of({"variation": sent}, Look(0.3))
    assert look_of(values_of(look)) == look and look_of({}, look) == look and look_of({}) == Look()


@pytest.mark.parametrize("sent, value", [(1.777, 1.78), (99, 3), (-99, -3), (None, 0), ("x", 0), ([1], 0)])
def test_an_attribute_of_a_browser_is_in_its_range_and_nonsense_moves_nothing(sent, value):
    assert look_of({"age": sent}, Look(0.8, smile=1)) == Look(0.8, smile=1, age=value)


def test_a_look_in_words():
    assert in_words(Look(0.8)) == "variation 0.8" and in_words(Look()) == "variation 1"
    look = Look(0.8, age=1.5, smile=-1, directions="0b1c2d3e4f50")
    assert in_words(look) == "variation 0.8, age 1.5, smile -1"
    assert in_words(Look(masculine=1)) == "variation 1, more masculine 1"
    assert in_words(Look(masculine=-0.5)) == "variation 1, more feminine 0.5"


def test_the_panel_shows_what_the_weights_can_move(tmp_path):
    plain, model = FaceModel(folder_of(tmp_path)), FaceModel(shaped(tmp_path, "smile", "age"))
    with gr.Blocks():
        shape = Shape("gallery")

    def shown(model: FaceModel, look: Look = AS_TRAINED, arrived: bool = True) -> list[str]:
        """Names of what is visible, and "open" where the panel is opened."""
        panel, *sliders = shape.render(model, look, arrived)
        names = ["panel"] * panel["visible"] + ["open"] * panel.get("open", False)
        return names + [name for name, slider in zip(shape.sliders, sliders) if slider["visible"]]

    assert shown(plain) == [] and shown(model) == shown(model, Look(0.5)) == ["panel", "age", "smile"]
    assert shown(model, Look(age=1)) == ["panel", "open", "age", "smile"]
    assert shown(model, Look(age=1), arrived=False) == ["panel", "age", "smile"]  # it is as the visitor left it
    older = model.along().id
    newer = FaceModel(shaped(tmp_path, "glasses", seed=1))
    assert shown(newer) == ["panel", "glasses"]
    assert shown(newer, Look(age=1, directions=older)) == ["panel", "open", "age", "smile"]
