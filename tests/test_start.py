"""Which networks a run has: those that were asked for, or those of the checkpoint or weights that it starts from."""

import copy
import dataclasses
import os
import signal
from functools import reduce
from operator import getitem
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from conftest import TINY
from small import SMALL, accelerator

from gan import UserError, expand_home
from gan.model.settings import ModelSettings
from gan.train.generator import checkpoint
from gan.train.generator.checkpoint import Checkpoint
from gan.train.generator.start import _load, model_of
from gan.train.generator.step import GanStep
from gan.train.settings import RECIPES

MODERN = RECIPES["modern"]


def found(model: ModelSettings, without: str = "") -> Checkpoint:
    """A checkpoint of a run with these networks; `without` a setting that was not there yet."""
    identity = identity_of(model)
    identity.pop(without, None)
    return Checkpoint(Path("checkpoint-00000001.pt"), {"identity": identity})


def identity_of(model: ModelSettings) -> dict:
    return checkpoint.identity(dataclasses.replace(MODERN, model=model), "bf16", 32, "digest")


def resumed(checkpoint_found: Checkpoint) -> ModelSettings:
    """The networks with which the command `--resume_from_checkpoint latest` goes on."""
    model = model_of(MODERN.model, checkpoint_found, None)
    checkpoint.require_same(checkpoint_found.path, checkpoint_found.state["identity"], identity_of(model))
    return model


def test_a_run_goes_on_with_its_own_widths():
    narrow = ModelSettings(64, widths=(8, 8, 8, 8), skips=True)
    assert resumed(found(narrow)) == narrow


def test_a_run_from_before_there_were_skips_goes_on_without():
    older = ModelSettings(64).explicit()
    assert not older.skips and MODERN.model.skips
    assert resumed(found(older, without="skips")) == older


def test_a_run_is_not_resumed_towards_fewer_steps_than_it_has():
    gan = SimpleNamespace(step=5000, load_state_dict=lambda state: None)
    state = {"training": {}, "seconds": 1.0, "measured": [], "commands": [], "total_steps": 9000}
    with pytest.raises(UserError, match="has 5,000 steps already, more than the 100 of --max_train_steps"):
        _load(SimpleNamespace(gan=gan, run_id="", total_steps=100, say=print), Checkpoint(Path("a.pt"), state))


def spoiled(state: dict, place: str, value) -> dict:
    """A deep copy of a state with another value at a place, or without it, where the value is None."""
    state = copy.deepcopy(state)
    *above, key = (int(part) if part.isdigit() else part for part in place.split("/"))
    parent = reduce(getitem, above, state)
    parent.pop(key) if value is None else parent.update({key: value})
    return state


def test_a_checkpoint_that_does_not_fit_is_refused_in_one_sentence(tmp_path):
    settings = dataclasses.replace(MODERN, model=SMALL, train_batch_size=4)
    gan = GanStep(settings, accelerator(), 100)
    gan([torch.zeros(4, 16, 16, 3, dtype=torch.uint8)])
    state = {"training": gan.state_dict(), "seconds": 1.0, "measured": {}, "commands": [], "total_steps": 100}
    run = SimpleNamespace(gan=gan, run_id="", total_steps=100, say=print)
    for place, value in (
        ("generator", None),
        ("generator", "x"),
        ("generator/project.weight", torch.zeros(3)),
        ("ema/project_norm.weight", 1),
        ("discriminator/surprise", torch.zeros(3)),
        ("generator_optimizer/state", {0: {"exp_avg": torch.zeros(3), "exp_avg_sq": torch.zeros(3)}}),
        ("generator_optimizer/state/0/step", torch.zeros(16)),
        ("discriminator_optimizer/state/0", None),
        ("step", -1),
    ):
        with pytest.raises(UserError, match=r"^checkpoint-00000001\.pt does not fit this run \(.*\): ") as caught:
            _load(run, Checkpoint(Path("checkpoint-00000001.pt"), spoiled(state, f"training/{place}", value)))
        assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    for part in ("generator_optimizer", "discriminator_optimizer"):  # hyperparameters are those of the settings
        state = spoiled(state, f"training/{part}/param_groups", [])
    _load(run, Checkpoint(Path("checkpoint-00000001.pt"), state))
    gan([torch.zeros(4, 16, 16, 3, dtype=torch.uint8)])


def test_a_run_without_skips_is_not_continued_with_them():
    with pytest.raises(UserError, match="skips: False there, True here"):
        resumed(found(ModelSettings(64).explicit()))


# --- the program --------------------------------------------------------------------------------------------------

SIGNALLED = """
import os, signal, sys
import train_accelerate
from gan.train.generator import log, loop
owner, name = {"announce": (loop, "announce"), "trackers": (log.MetricsLog, "start_trackers")}[sys.argv.pop(1)]
original, number = getattr(owner, name), getattr(signal, sys.argv.pop(1))
def signalled(*arguments):
    original(*arguments)
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), number if number == signal.SIGTERM else 0)  # launchers repeat it
setattr(owner, name, signalled)
train_accelerate.main()
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_before_the_first_step_leaves_no_folder(run, pictures, tmp_path, name):
    words = ["--train_data_dir", pictures, "--output_dir", tmp_path / "runs" / "out", *TINY, "--max_train_steps", "3"]
    done = run("-c", SIGNALLED, "announce", name, *words, "--store_dir", tmp_path / "store")
    assert done.returncode == 1 and done.stderr.endswith("are kept for the next run.\n")
    assert not (tmp_path / "runs").exists()


def test_a_signal_once_the_run_has_begun_saves_it(run, pictures, tmp_path):
    words = ["--train_data_dir", pictures, "--output_dir", tmp_path / "out", *TINY, "--max_train_steps", "3"]
    done = run("-c", SIGNALLED, "trackers", "SIGTERM", *words, "--store_dir", tmp_path / "store")
    assert done.returncode == 128 + signal.SIGTERM and "Stopped by SIGTERM at step 1 of 3" in done.stdout, done.stderr
    assert [path.name for path in (tmp_path / "out" / "checkpoints").iterdir()] == ["checkpoint-00000001.pt"]


def test_a_terminal_that_lacks_characters(run, pictures, tmp_path):
    """The plan has lines of boxes, and sentences have quotes."""
    words = ["--train_data_dir", pictures, "--output_dir", tmp_path / "out", *TINY, "--max_train_steps", "2"]
    done = run("train_accelerate.py", *words, PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and "Done: " in done.stdout, done.stderr


def test_home_folders_of_users_who_are_not_known(run, tmp_path):
    done = run("train_accelerate.py", "--train_data_dir=~nobody.known/in", "--output_dir", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr == ("Error: ~nobody.known/in: there is no home folder of that name; write the path in full.\n")
    home = os.path.expanduser("~root/x")
    words = ["--data_name", "~", "--data_name=~ ours", "--output_dir=~root/x", "~root/x", "--train_data_dir", "a~/b"]
    assert expand_home(words)[2:] == ["--data_name=~ ours", f"--output_dir={home}", home, "--train_data_dir", "a~/b"]
