import json

import pytest
import torch

from gan.train.generator.log import judgement, read_metrics


def test_accuracies_follow_from_the_logits():
    logits = {
        "real": torch.tensor([3.0, 1.0]),
        "held_out": torch.tensor([2.0, -1.0]),
        "fake": torch.tensor([-3.0, 1.0]),
    }
    figures = judgement(logits, "bce")
    assert figures == pytest.approx(
        {"accuracy_real": 1, "accuracy_held_out": 0.5, "accuracy_fake": 0.5, "overfitting": 0.5}
    )
    moved = {name: value + 10 for name, value in logits.items()}
    assert judgement(moved, "relativistic") == pytest.approx(figures)  # relative to the middle between both means
    assert judgement(moved, "bce") == pytest.approx({**figures, "accuracy_held_out": 1, "accuracy_fake": 0})


def test_without_logits_there_are_no_accuracies():
    real, fake = torch.tensor([1.0]), torch.tensor([2.0])
    assert "overfitting" not in judgement({"real": real, "fake": fake}, "bce")
    assert judgement({"real": real, "held_out": real, "fake": fake}, "bce")["overfitting"] is None
    assert judgement({}, "bce") == {}


def test_a_cut_off_last_line_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert read_metrics(path) == []
    path.write_text(json.dumps({"step": 1}) + "\n" + '{"step": 2, "los')
    assert read_metrics(path) == [{"step": 1}]
