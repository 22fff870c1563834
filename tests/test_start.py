"""Which networks a run has: those that were asked for, or those of the checkpoint or weights that it starts from."""

import dataclasses
from pathlib import Path

import pytest

from gan import UserError
from gan.model.settings import ModelSettings
from gan.train.generator import checkpoint
from gan.train.generator.checkpoint import Checkpoint
from gan.train.generator.start import model_of
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


def test_a_run_without_skips_is_not_continued_with_them():
    with pytest.raises(UserError, match="skips: False there, True here"):
        resumed(found(ModelSettings(64).explicit()))
