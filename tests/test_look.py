"""A look travels whole from the link to the pixels: a new field touches the look, the link and the page's control."""

import ast
import shutil
import subprocess
import sys
from dataclasses import fields

import pytest
from conftest import ROOT
from small import folder_of

from gan.link import LOOK
from gan.model.look import AS_TRAINED, Look
from gan.serve.page.sliders import CONTROLS, in_words, look_of, values_of

# the only files that a new field touches: in each, the line about `variation`, and what is added there for `age`
ADDED = {
    "gan/model/look.py": ("    variation: float = 1.0\n", "    age: float = 0.0\n"),
    "gan/link.py": ('LOOK = {"variation": Range(0.0, 1.5, 2)', ', "age": Range(-3.0, 3.0, 1)'),
    "gan/serve/page/sliders.py": ("CONTROLS = {", '"age": {"label": "Age", "step": 0.5}, '),
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
sampling.from_latents = lambda generator, points, look=Look(): seen.append(look) or original(generator, points, look)

def aged(what):
    assert seen and {look.age for look in seen} == {1.5} and {look.variation for look in seen} == {0.8}, (what, seen)
    seen.clear()
    models.current._remembered.cache_clear()
    models.current.animation.cache_clear()

models = Models(Path(sys.argv[1]), "tiny")
page = Page(models, Judge(sys.argv[2]))
look = look_of({"variation": 0.8, "age": 1.5})
query = encode(View(seeds=(4, 5, 6), look=look))
assert "&age=1.5" in query and decode(query) == (View(seeds=(4, 5, 6), look=look), []), query
assert "age" not in encode(View()) and decode("seeds=4&age=99")[0].look.age == 3
face, *kept = (encode(View(seeds=(seed,), look=look)) for seed in (5, 3, 4))
g = page.gallery
assert g.controls["age"].elem_id == "gallery-age" and page.morph.controls["age"].elem_id == "morph-age"

def act(base, *action):
    asked = SimpleNamespace(base=base, at=action[0], weights="", actions=[[1, *action]])
    return page.answer(asked)[2]

for tab, base in (("gallery", query), ("morph", query + "&tab=morph")):
    assert act(base, tab, "frames", 3)["controls"]["age"] == 1.5
    seen.clear()
    for name, value in {"seeds": ["4", 3] if tab == "gallery" else "4, 5", "count": 5, "surprise": 3, "next": 0,
                        "previous": 0, "kept": kept, "morph": face, "judge": face, "morph kept": kept,
                        "frames": 3}.items():
        models.current._remembered.cache_clear()
        models.current.animation.cache_clear()
        assert "&age=1.5" in act(base, tab, name, value)["query"], name
        aged(name)
    assert "&age=-2&" in act(base, tab, "age", -2)["query"]
    seen.clear()
assert "&age=1.5" in g.pick(SimpleNamespace(query=face))["query"]; aged("card")
(drawn, _) = page.kept.draw(SimpleNamespace(faces=kept))["faces"]
assert drawn["query"] == kept[0] + "&w=" + models.current.id; aged("kept faces")
g.sheet_file(query); aged("sheet")
g.zip_file(query); aged("zip")
preview.drawn(models, decode(query)[0]); aged("preview")
api = Api.__new__(Api); api.models = models
assert "&age=1.5" in api.generate("4", "", variation=0.8, age=1.5)[1]; aged("API")
api.morph("4, 5", 2, True, "", variation=0.8, age=1.5); aged("API's morph")
words = ["--seeds", "5", "--variation", "0.8", "--age", "1.5", "--model", f"{sys.argv[1]}/tiny", "--out", "faces"]
generate.main(words); aged("gan.generate")
assert Path("faces/faces.csv").read_text().strip().endswith("variation=0.8&age=1.5")
info = page.blocks.get_api_info()["named_endpoints"]
assert all("age" in [p["parameter_name"] for p in info[name]["parameters"]] for name in ("/generate", "/morph"))
print("everything knows the new field")
"""


def test_a_new_field_touches_look_link_and_control_and_nothing_between(tmp_path):
    shutil.copytree(ROOT / "gan", tmp_path / "gan", ignore=shutil.ignore_patterns("__pycache__", "*.pyi"))
    for name, (there, added) in ADDED.items():
        text = (tmp_path / name).read_text()
        assert text.count(there) == 1, name
        (tmp_path / name).write_text(text.replace(there, there + added))
    folder_of(tmp_path / "weights" / "tiny")
    command = [sys.executable, "-c", CHECK, str(tmp_path / "weights"), str(ROOT / "weights" / "detector")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "everything knows the new field" in done.stdout, done.stderr


def test_no_other_code_of_the_page_names_a_field():
    """Only code counts: docstrings may explain a field."""
    names, here = {field.name for field in fields(Look)}, ROOT / "gan" / "serve" / "page" / "sliders.py"
    for path in (ROOT / "gan" / "serve").rglob("*.py"):
        used = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        used |= {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert path == here or not used & names, path
    for path in (ROOT / "gan" / "serve" / "page" / "static").glob("*.js"):
        assert not any(name in path.read_text() for name in names), path


def test_every_field_has_its_range_and_its_control():
    names = [field.name for field in fields(Look)]
    assert list(LOOK) == list(CONTROLS) == names
    for name, limits in LOOK.items():
        assert limits.least <= getattr(AS_TRAINED, name) <= limits.most


@pytest.mark.parametrize("sent, look", [(0.777, Look(0.78)), (99, Look(1.5)), (None, Look(0.0)), ("x", Look(0.0))])
def test_numbers_of_a_browser_become_a_look(sent, look):
    assert look_of({"variation": sent}) == look == look_of({"variation": sent}, Look(0.3))
    assert look_of(values_of(look)) == look and look_of({}, look) == look and look_of({}) == Look()


def test_a_look_in_words():
    assert in_words(Look(0.8)) == "variation 0.8" and in_words(Look()) == "variation 1"
