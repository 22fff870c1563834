import pytest
import torch

from gan.train import machine


@pytest.mark.parametrize(
    "words, count",
    [
        (["accelerate", "launch", "--num_processes", "2", "train.py"], 2),
        (["--num_processes=4"], 4),
        (["--num-processes", "8"], 8),
        (["accelerate", "launch", "train.py"], None),
        (["--num_processes"], None),
    ],
)
def test_what_the_launcher_was_asked_for(words, count):
    assert machine.processes_asked_for(words) == count


def test_precision_follows_the_hardware(monkeypatch):
    assert machine.precision("no") == "no" and machine.precision("bf16") == "bf16"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for has_bf16, expected in ((True, "bf16"), (False, "no")):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_bf16)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        assert machine.precision("auto") == expected
