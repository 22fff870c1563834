"""docs/train_in_a_notebook.ipynb, run by a real kernel as people run it."""

import base64
import copy
import io
import os
import re
import shlex
import subprocess
import sys
from itertools import islice
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from conftest import ROOT, TINY
from huggingface_hub import HfApi
from nbclient import NotebookClient
from PIL import Image

from gan import link
from gan.hub import __main__ as hub_program
from gan.model import images
from gan.serve.faces import FaceModel
from gan.train import machine
from train_accelerate import parse

NOTEBOOK = nbformat.read(ROOT / "docs" / "train_in_a_notebook.ipynb", as_version=4)
CODE = {cell.id: cell for cell in NOTEBOOK.cells if cell.cell_type == "code"}
PARAMETERS, *ALL = CODE
SEEDS = (*range(15), 1003)


def pixels(picture) -> np.ndarray:
    """A PNG, a path or a file, as `(H, W, 3)` uint8."""
    return np.asarray(Image.open(picture).convert("RGB"))


class Outputs:
    """What a cell has printed, the error that it ended with, and the pictures that it shows."""

    def __init__(self, cell):
        self.text = "".join(output.get("text", "") for output in cell.outputs)
        self.error = "".join(output.evalue for output in cell.outputs if output.output_type == "error")
        shown = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
        self.pictures = [pixels(io.BytesIO(base64.b64decode(data))) for data in shown]


def executed(start: Path, *rounds: tuple[dict, list[str]], **environment) -> list[dict[str, Outputs]]:
    """Run cells in one new kernel, round after round → for each round, the outputs of its cells by their ids.

    Args:
        start: the folder in which the kernel starts.
        rounds: values for variables of the first cell, and the ids of the cells to run after it.
    """
    cells = []
    for given, ids in rounds:
        values = "\n".join(f"{name} = {value!r}" for name, value in given.items())
        cells += [CODE[PARAMETERS], nbformat.v4.new_code_cell(values, id="given"), *(CODE[each] for each in ids)]
    names = [cell.id for cell in cells]
    cells = [{**copy.deepcopy(cell), "id": f"{cell.id}-{number}"} for number, cell in enumerate(cells)]
    notebook = nbformat.from_dict({**NOTEBOOK, "cells": cells})
    place = {"metadata": {"path": str(start)}}
    # pip only looks whether all is there
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "PIP_DRY_RUN": "1", "PIP_NO_INDEX": "1", **environment}
    NotebookClient(notebook, timeout=300, allow_errors=True, resources=place).execute(env=environment)
    made = zip(names, map(Outputs, notebook.cells))
    return [dict(islice(made, 2 + len(ids))) for _, ids in rounds]


def test_the_committed_notebook_holds_no_outputs():
    nbformat.validate(NOTEBOOK)
    assert len(ALL) > 5 and [each for each, cell in CODE.items() if cell.outputs or cell.execution_count] == []
    assert CODE[PARAMETERS].metadata.tags == ["parameters"]  # papermill's word for the cell whose values are replaced


def test_it_trains_goes_on_when_run_again_and_ends_cleanly(pictures, hub_server, repo_id, tmp_path):
    output = tmp_path / "my runs" / "faces"

    def given(steps: int, **more) -> dict:
        options = [*TINY, "--logging_steps", 1, "--sample_sheets", 2, "--store_dir", tmp_path / "store"]
        options = shlex.join(map(str, [*options, "--data_name", "Drawn pictures", "--max_train_steps", steps]))
        return {"PICTURES": str(pictures), "OUTPUT": str(output), "OPTIONS": options, **more}

    first, second, third, on_space, mistaken, on_hub, in_zip = executed(
        ROOT / "docs",
        (given(3), ALL),
        (given(6, HUB_MODEL_ID=repo_id), ALL),
        (given(6), ["train"]),
        (given(6, SPACE="alice/page"), ["link"]),
        (given(6, PICTURES=str(tmp_path / "nowhere")), ["command", "pictures"]),
        (given(6, PICTURES="https://huggingface.co/datasets/user/name"), ["command"]),
        (given(6, PICTURES="photos.zip"), ["command"]),
    )
    assert [cell.error for each in (first, second, third) for cell in each.values() if cell.error] == []
    assert "40 pictures to train on, 6 held out" in first["pictures"].text
    # seen before the training, as the networks see them
    assert np.array_equal(*first["pictures"].pictures, pixels(output / "reals.png"))
    assert "No checkpoint" in first["train"].text and "nothing was published" in first["publish"].text
    assert "http://127.0.0.1:7860/?v=1&seeds=0-14,1003&" in first["link"].text
    assert "Going on from step 3 of 6." in second["train"].text and "Going on from step 6 of 6." in third["train"].text
    for each in (first, second, third):
        assert f"Done: {output / 'weights'}." in each["train"].text.replace("'", "")
    assert mistaken["pictures"].error.startswith("Error: --train_data_dir /")
    assert " --dataset_name user/name " in on_hub["command"].text
    assert " --train_data_dir photos.zip " in in_zip["command"].text

    model = FaceModel(output)
    for name in ("samples", "curves"):
        assert np.array_equal(*second[name].pictures, pixels(output / "weights" / f"{name}.png"))
    assert np.array_equal(*second["seeds"].pictures, np.asarray(images.sheet(model.faces(SEEDS))))
    assert not np.array_equal(*first["seeds"].pictures, *second["seeds"].pictures)
    address, _, query = on_space["link"].text.strip().partition("?")
    assert address == "https://huggingface.co/spaces/alice/page"
    assert link.decode(query) == (link.View(seeds=SEEDS, weights=model.id), [])
    assert f"g-{model.id}" in {tag.name for tag in HfApi().list_repo_refs(repo_id).tags}


@pytest.fixture
def project(tmp_path) -> str:
    """A git repository in which there is nothing to install."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("train_accelerate.py", "requirements.txt"):
        (folder / name).touch()
    git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "All"]):
        subprocess.run([*git, *words], check=True)
    return str(folder)


def test_it_clones_once_and_says_what_is_not_filled_in(project, tmp_path):
    start = tmp_path / "content"
    start.mkdir()
    given = {"REPOSITORY": project, "PICTURES": "faces.zip"}
    stale = given | {"__import__('PIL').__version__": "1.0"}  # as when pip updates what the kernel has imported
    empty, nowhere, first, again, updated = executed(
        start, *((values, ["install"]) for values in ({}, {"PICTURES": "a"}, given, given, stale))
    )
    assert empty["install"].error == "Fill in PICTURES in the first cell."
    assert nowhere["install"].error == "Fill in REPOSITORY in the first cell."
    assert updated["install"].error.startswith("pillow was updated: restart the session")
    assert "To exit" not in empty["install"].text
    assert "Cloning into 'seedfaces'" in first["install"].text
    (start / "seedfaces" / "mine.txt").touch()
    (restarted,) = executed(start, (given, ["install"]))
    assert not any("Cloning" in each["install"].text or each["install"].error for each in (again, restarted))
    assert (start / "seedfaces" / "mine.txt").exists()


def test_colab_mounts_drive_where_it_is_used(tmp_path):
    """A stand-in for Colab, whose kernels import its package when they start."""
    package = tmp_path / "google" / "colab"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "drive.py").write_text("def mount(path):\n    print('mounted', path)\n")
    (tmp_path / "sitecustomize.py").write_text("import google.colab\n")
    rounds = [
        ({}, ["drive"]),
        ({"OUTPUT": "faces"}, ["drive"]),
        ({"OUTPUT": "a", "PICTURES": "/content/drive/b"}, ["drive"]),
    ]
    texts = [each["drive"].text.strip() for each in executed(tmp_path, *rounds, PYTHONPATH=str(tmp_path))]
    assert texts == ["mounted /content/drive", "", "mounted /content/drive"]
    (here,) = executed(tmp_path, ({"OUTPUT": "/content/drive/a"}, ["drive"]))
    assert (here["drive"].text, here["drive"].error) == ("", "")


@pytest.mark.parametrize("cuda, bf16, expected", [(True, False, "fp16"), (True, True, "bf16"), (False, False, "no")])
def test_gpus_without_bf16_train_in_fp16(monkeypatch, cuda, bf16, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bf16)
    monkeypatch.setattr(machine, "cpu_has_bf16", lambda: bf16)
    monkeypatch.delenv("ACCELERATE_MIXED_PRECISION", raising=False)
    variables = {"machine": machine}
    (line,) = re.findall("^precision = .*$", CODE["command"].source, re.M)
    exec(line, variables)
    assert machine.precision(parse(["--mixed_precision", variables["precision"]]).mixed_precision) == expected


def test_a_command_of_a_notebook_does_not_wait_for_an_answer_that_nobody_can_type():
    code = "from gan.train.generator.announce import confirm_few; confirm_few(3, 'faces', 1)"
    cell = nbformat.v4.new_code_cell(f'import sys\n!{{sys.executable}} -c "{code}"')
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=NOTEBOOK.metadata)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    assert "UserError: Only 3 pictures in faces" in Outputs(cell).text


def test_its_options_variables_and_pages_exist(monkeypatch, capsys):
    for program, *words in (
        [parse, "--help"],
        [hub_program.main, "push", "--help"],
        [hub_program.main, "deploy", "--help"],
    ):
        monkeypatch.setattr(sys, "argv", ["python -m gan.hub", *words])
        with pytest.raises(SystemExit):
            program(words) if program is parse else program()
    manual, text = capsys.readouterr().out, "\n".join(cell.source for cell in NOTEBOOK.cells)
    options = set(re.findall(r"(?<!\w)--[a-z_]+", text)) - {"--depth"}  # git's
    assert {"--crop", "--init_from", "--resume_from_checkpoint", "--model"} <= options
    assert {option for option in options if not re.search(rf"{option}\b", manual)} == set()
    parse(shlex.split(re.search('^OPTIONS = "(.*)"$', text, re.M)[1]))
    pages = re.findall(r"docs/\w+\.md", text)
    assert len(pages) > 1 and [page for page in pages if not (ROOT / page).exists()] == []
    manual = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    variables = set(re.findall(r"\b(?:SEEDFACES|GRADIO)_[A-Z]+", text))
    assert len(variables) == 2 and all(variable in manual for variable in variables)
