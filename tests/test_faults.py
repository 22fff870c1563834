"""The short form of `benchmarks/faults.py weights`. Those of the trainer's row are in the tests of the trainer."""

import numpy as np
import pytest

from benchmarks.attacks import mutations
from benchmarks.attacks import weights as attacked
from gan import UserError

TARGETS = [target for target, (kind, _, _) in attacked.TARGETS.items() if kind != attacked.RUN]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    attacked.make_weights(folder)
    return folder


@pytest.mark.parametrize("target", TARGETS)
def test_a_changed_file_is_used_or_refused_in_one_sentence(whole, target):
    results = [attacked.tried(target, whole, seed) for seed in range(10)]
    assert [result["broken"] for result in results if result["broken"]] == []
    assert {result["end"] for result in results} <= {"refused in one sentence", "loaded and used"}


def test_unchanged_folders_are_used(whole, monkeypatch):
    monkeypatch.setattr(attacked, "change", lambda *arguments: None)
    for target in (TARGETS[0], TARGETS[-1]):
        result = attacked.tried(target, whole, 0)
        assert (result["end"], result["broken"]) == ("loaded and used", "")


def run_a_pickle(kind, folder) -> None:
    mutations.Evil().__reduce__()[0](mutations.Evil().__reduce__()[1][0])
    raise UserError("It is damaged.")


def refuse_in_a_page(kind, folder) -> None:
    raise UserError("It is\ndamaged")


@pytest.mark.parametrize(
    "use, broken",
    [
        (lambda kind, folder: {}[kind], "KeyError at test_faults.py"),
        (lambda kind, folder: np.ones(50_000_000), " MB of memory"),  # some of it may be there already
        (run_a_pickle, "a pickle was run"),
        (refuse_in_a_page, "not one sentence"),
    ],
)
def test_broken_promises_are_noticed(whole, monkeypatch, use, broken):
    monkeypatch.setattr(attacked, "use", use)
    monkeypatch.setattr(attacked, "MOST_MEMORY", 60e6)
    assert broken in attacked.tried(TARGETS[0], whole, 0)["broken"]
