import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from accelerate.state import AcceleratorState
from conftest import ROOT

from gan import UserError
from gan.train import machine
from gan.train.settings import TrainSettings


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


@pytest.mark.parametrize("steps", ["4", "auto"])
def test_the_launchers_accumulation_does_not_divide_our_losses_again(monkeypatch, tmp_path, steps):
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", steps)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    AcceleratorState._reset_state(reset_partial_state=True)  # that of other tests
    accelerator = machine.start(TrainSettings(output_dir=tmp_path, report_to="none"))
    number = torch.ones((), requires_grad=True)
    accelerator.backward(3 * number)
    assert number.grad == 3


@pytest.mark.parametrize(
    "variable, value, words",
    [
        ("ACCELERATE_TORCH_DEVICE", "nonsense", "nonsense"),
        ("WORLD_SIZE", "two", "invalid literal for int"),
        ("RANK", "x", "invalid literal for int"),
    ],
)
def test_an_environment_that_accelerate_cannot_use_is_one_sentence(variable, value, words, tmp_path):
    """In a process of its own: Accelerate keeps its state."""
    code = (
        "from gan.train import machine\nfrom gan.train.settings import TrainSettings\n"
        "from gan import UserError\nfrom pathlib import Path\n"
        f"try: machine.start(TrainSettings(output_dir=Path({str(tmp_path)!r}), report_to='none'))\n"
        "except UserError as error: print(error)\n"
    )
    environment = {**os.environ, "RANK": "0", "LOCAL_RANK": "0", variable: value}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.startswith("accelerate cannot start (") and words in done.stdout, done.stderr


def test_the_device_that_the_launcher_names_counts(device, monkeypatch):
    device("cuda")
    monkeypatch.setenv("ACCELERATE_TORCH_DEVICE", "cpu")
    assert machine.device_type() == "cpu"
    monkeypatch.setenv("ACCELERATE_TORCH_DEVICE", "cuda:1")
    assert machine.device_type() == "cuda"


@pytest.fixture
def device(monkeypatch):
    """Pretend to be on a device with or without bf16."""
    for name in ("ACCELERATE_MIXED_PRECISION", "ACCELERATE_USE_CPU", "ACCELERATE_TORCH_DEVICE"):
        monkeypatch.delenv(name, raising=False)

    def pretend(kind: str, has_bf16: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: kind == "cuda")
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: kind == "mps")
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: has_bf16)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_bf16)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)

    return pretend


def test_precision_follows_the_hardware(device, monkeypatch):
    for kind, has_bf16, automatic in (
        ("cpu", True, "bf16"),
        ("cpu", False, "no"),
        ("cuda", True, "bf16"),
        ("cuda", False, "no"),
        ("mps", True, "no"),
    ):
        device(kind, has_bf16)
        assert machine.device_type() == kind
        assert (machine.precision("auto"), machine.precision("no")) == (automatic, "no"), kind
    device("cuda", True)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    assert machine.device_type() == "cpu"


def test_the_launchers_precision_counts_where_it_is_not_its_default(device, monkeypatch):
    device("cuda", has_bf16=True)
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp16")
    assert machine.precision("auto") == "fp16"
    assert (machine.precision("bf16"), machine.precision("no")) == ("bf16", "no")  # ours was typed
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    assert machine.precision("auto") == "bf16"  # the launcher sets that without being asked
    device("cpu", has_bf16=False)
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    assert machine.precision("auto") == "bf16"


@pytest.mark.parametrize(
    "kind, launcher, wanted, sentence",
    [
        ("cpu", "no", "fp16", "--mixed_precision fp16 cannot be used on a CPU: use no or bf16."),
        ("cpu", "fp16", "auto", "--mixed_precision fp16 of accelerate launch cannot be used on a CPU: use no or bf16."),
        ("mps", "no", "fp16", "--mixed_precision fp16 cannot be used on Apple's GPU: use no."),
        ("mps", "bf16", "auto", "--mixed_precision bf16 of accelerate launch cannot be used on Apple's GPU: use no."),
        (
            "cuda",
            "fp8",
            "auto",
            "--mixed_precision fp8 of accelerate launch cannot be used on a CUDA GPU: use no or bf16 or fp16.",
        ),
    ],
)
def test_a_precision_that_cannot_be_is_refused(device, monkeypatch, kind, launcher, wanted, sentence):
    device(kind)
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", launcher)
    with pytest.raises(UserError, match=f"^{re.escape(sentence)}$"):
        machine.precision(wanted)


@pytest.mark.parametrize(
    "variable, value, words",
    [
        ("ACCELERATE_DYNAMO_BACKEND", "INDUCTOR", "the compiler INDUCTOR, which cannot differentiate twice"),
        ("ACCELERATE_DYNAMO_BACKEND", "aot_eager", "accelerate launch --dynamo_backend no"),
        ("ACCELERATE_USE_DEEPSPEED", "true", "asks for DeepSpeed, which cannot train two networks"),
        ("ACCELERATE_USE_FSDP", "true", "asks for FSDP, which"),
        ("ACCELERATE_USE_MEGATRON_LM", "true", "asks for Megatron-LM, which"),
    ],
)
def test_what_cannot_train_two_networks_is_refused(monkeypatch, variable, value, words):
    monkeypatch.setenv(variable, value)
    with pytest.raises(UserError, match=words):
        machine.start(TrainSettings())


def test_what_the_launcher_sets_by_itself_is_not_refused(monkeypatch):
    for name, value in (("ACCELERATE_DYNAMO_BACKEND", "NO"), ("ACCELERATE_USE_FSDP", "false")):
        monkeypatch.setenv(name, value)
    machine._refuse_impossible()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: not enough memory: you tried to"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)"),
        MemoryError(),
    ],
    ids=repr,
)
def test_memory_that_runs_out_is_one_sentence(error):
    def said(**settings) -> str:
        with pytest.raises(UserError) as caught, machine.enough_memory(TrainSettings(**settings)):
            raise error
        return str(caught.value)

    assert said() == (
        "The memory is not enough for batches of 32 pictures of 64 px: try --train_batch_size 16 "
        "--gradient_accumulation_steps 2, which shows as many in a step; or --widths 256 128 64 32, narrower networks."
    )
    assert said(train_batch_size=2).endswith("64 px: try --widths 256 128 64 32, narrower networks.")
    assert "try --train_batch_size 3; or --widths" in said(train_batch_size=7)
    assert "--widths" not in said(resume_from_checkpoint="latest")
    assert said(train_batch_size=2, init_from="weights").endswith("try a smaller --resolution.")


def test_real_memory_that_runs_out_and_other_faults():
    with pytest.raises(UserError, match="train_batch_size 16"), machine.enough_memory(TrainSettings()):
        torch.empty(2**50)
    with pytest.raises(RuntimeError, match="shape"), machine.enough_memory(TrainSettings()):
        raise RuntimeError("wrong shape")


def test_the_clock_waits_for_the_device(monkeypatch):
    waited = []
    for module in (torch.cuda, torch.mps):
        monkeypatch.setattr(module, "synchronize", lambda name=module.__name__: waited.append(name))
    for name in ("cuda", "mps", "cpu"):
        machine.synchronize(torch.device(name))
    assert waited == ["torch.cuda", "torch.mps"]
