from types import SimpleNamespace

import torch

from gan import UserError
from gan.train import machine


def refusal(monkeypatch, **environment) -> str:
    """The error message for one process that was started with these variables, or ""."""
    for name in ("WORLD_SIZE", "MASTER_ADDR", "ACCELERATE_DYNAMO_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    try:
        machine._check_processes(SimpleNamespace(num_processes=1, device=torch.device("cpu")))
    except UserError as error:
        return str(error)
    return ""


def test_one_process_where_several_were_asked_for_is_refused(monkeypatch):
    launcher = {"ACCELERATE_DYNAMO_MODE": "default"}
    meeting = {"MASTER_ADDR": "127.0.0.1"}
    assert refusal(monkeypatch) == refusal(monkeypatch, **launcher) == ""
    assert refusal(monkeypatch, WORLD_SIZE="1", **meeting) == ""  # torchrun --nproc_per_node 1
    assert refusal(monkeypatch, **meeting) == ""  # a cluster's own variable, and no launcher
    assert refusal(monkeypatch, **launcher, **meeting).startswith("Several processes were asked for and 1 would train.")
    assert refusal(monkeypatch, **launcher, **meeting, WORLD_SIZE="3").startswith("3 processes were asked for and 1 ")


def test_precision_follows_the_hardware(monkeypatch):
    assert machine.precision("no") == "no" and machine.precision("bf16") == "bf16"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for has_bf16, expected in ((True, "bf16"), (False, "no")):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda has=has_bf16: has)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        assert machine.precision("auto") == expected
