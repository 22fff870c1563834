"""What this machine offers, and whether the launcher started what was asked for."""

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import GradientAccumulationPlugin, InitProcessGroupKwargs, ProjectConfiguration

from gan import UserError, reason
from gan.train.settings import TrainSettings

# how long processes wait for each other: the first one measures alone, and the launcher notices one that dies
_PATIENCE = timedelta(days=1)
# ways to train, by the variable with which `accelerate launch` asks for them
_IMPOSSIBLE = {
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "a parallelism config",
}
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "cannot allocate memory", "alloc_failed")


def start(settings: TrainSettings) -> Accelerator:
    """The Accelerator of this process.

    Raises:
        UserError: the launcher asks for what cannot be done, or fewer or more processes train than were asked for, or
            Accelerate cannot use what the environment says.
    """
    _refuse_impossible()
    try:
        accelerator = _accelerator(settings)
        _check_processes(accelerator)
    except (ImportError, RuntimeError, ValueError) as error:
        raise UserError(
            f"accelerate cannot start ({reason(error)}): check accelerate config and the variables ACCELERATE_…, RANK, "
            "LOCAL_RANK and WORLD_SIZE."
        ) from error
    _stop_with_launcher()
    # launchers set one thread; faces are measured on the CPU beside a GPU, too
    torch.set_num_threads(max(1, cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
    if accelerator.device.type == "cpu":
        keep_memory()
    return accelerator


def _accelerator(settings: TrainSettings) -> Accelerator:
    tracker = None if settings.report_to == "none" else settings.report_to
    return Accelerator(
        mixed_precision=precision(settings.mixed_precision),
        log_with=tracker,
        kwargs_handlers=[InitProcessGroupKwargs(timeout=_PATIENCE)],
        # steps are accumulated by GanStep; Accelerate would divide the losses again, by what a variable says
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        project_config=ProjectConfiguration(
            project_dir=str(settings.output_dir), logging_dir=str(settings.output_dir / "logs")
        ),
    )


def precision(wanted: str) -> str:
    """What to compute in: "bf16", "fp16" or "no", which is float32.

    "auto" is what `accelerate launch` asks for, unless that is its default, "no"; then bf16 where the hardware computes
    in it, else float32.

    Raises:
        UserError: the device cannot train in what was asked for.
    """
    device, launcher = device_type(), (os.environ.get("ACCELERATE_MIXED_PRECISION") or "no").lower()
    of_launcher = wanted == "auto" and launcher != "no"
    asked = launcher if of_launcher else wanted
    possible = {"cuda": ("auto", "no", "bf16", "fp16"), "mps": ("auto", "no")}.get(device, ("auto", "no", "bf16"))
    if asked not in possible:
        names = {"cuda": "a CUDA GPU", "mps": "Apple's GPU"}
        others = " or ".join(possible[1:])
        raise UserError(
            f"--mixed_precision {asked}{' of accelerate launch' if of_launcher else ''} cannot be used on "
            f"{names.get(device, 'a CPU')}: use {others}."
        )
    if asked != "auto":
        return asked
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no"
    return "bf16" if device == "cpu" and cpu_has_bf16() else "no"


def device_type() -> str:
    """Where Accelerate is going to train: "cuda", "mps" or "cpu"."""
    if os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes"):
        return "cpu"
    if device := os.environ.get("ACCELERATE_TORCH_DEVICE"):
        return device.partition(":")[0]
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def synchronize(device: torch.device) -> None:
    """Wait until the device has computed everything, before a clock is read."""
    torch.get_device_module(device).synchronize()


def cpu_has_bf16() -> bool:
    """Whether the CPU computes in bf16: without AMX or AVX512-BF16 it is emulated, slower than float32."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def hardware(device: torch.device, processes: int = 1) -> str:
    """The hardware that trains, in words: `2 x NVIDIA H100`, `4 cores of AMD EPYC`."""
    if device.type == "cuda":
        return f"{processes} x {torch.cuda.get_device_name(device)}"
    if device.type != "cpu":
        return f"{device.type} of {platform.machine()}"
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{cores()} core{'s' if cores() > 1 else ''} of {name}"


@contextmanager
def enough_memory(settings: TrainSettings) -> Iterator[None]:
    """
    Raises:
        UserError: the memory of the device ran out; with settings that need less.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is a RuntimeError
        words = str(error).lower()
        if not isinstance(error, MemoryError) and not any(part in words for part in _OUT_OF_MEMORY):
            raise
        batch, model = settings.train_batch_size, settings.model
        ways = []
        if batch >= 4 and batch % 2 == 0:
            batches = f" --gradient_accumulation_steps {2 * settings.gradient_accumulation_steps}"
            ways.append(f"--train_batch_size {batch // 2}{batches}, which shows as many in a step")
        elif batch > 2:
            ways.append(f"--train_batch_size {max(2, batch // 2)}")
        if not settings.init_from and not settings.resume_from_checkpoint:
            halved = " ".join(str(max(1, width // 2)) for width in model.channels)
            ways.append(f"--widths {halved}, narrower networks")
        raise UserError(
            f"The memory is not enough for batches of {batch} pictures of {model.resolution} px: "
            f"try {'; or '.join(ways) or 'a smaller --resolution'}."
        ) from error


def require_writable(folder: Path) -> None:
    """
    Raises:
        UserError: an output folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        raise UserError(
            f"--output_dir {folder} cannot be written ({error.strerror}): choose another folder."
        ) from error


class StopSignal:
    """Remembers SIGTERM or Ctrl-C until the step is done, and until `forget` is called.

    A second Ctrl-C ends the process at once. A second SIGTERM does not: a dying launcher may send one per thread.
    """

    def __init__(self):
        self.received = 0
        self._before = {number: signal.signal(number, self._remember) for number in (signal.SIGTERM, signal.SIGINT)}

    def forget(self) -> None:
        """Let signals do what they did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _remember(self, number: int, frame) -> None:
        self.received = self.received or number
        if number == signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)


def _refuse_impossible() -> None:
    backend = os.environ.get("ACCELERATE_DYNAMO_BACKEND", "no")
    if backend.lower() not in ("", "no"):
        raise UserError(
            f"accelerate asks for the compiler {backend}, which cannot differentiate twice as gradient penalties need: "
            "start with accelerate launch --dynamo_backend no, or answer no to torch dynamo in accelerate config."
        )
    for variable, name in _IMPOSSIBLE.items():
        if os.environ.get(variable, "").lower() in ("1", "true", "yes"):
            raise UserError(
                f"accelerate asks for {name}, which cannot train two networks that learn in turn: start with "
                "accelerate launch --multi_gpu, or choose multi-GPU without it in accelerate config."
            )


def _check_processes(accelerator: Accelerator) -> None:
    asked = os.environ.get("WORLD_SIZE")
    # `accelerate launch --cpu --num_processes 2` sets an address, starts one process and prints no warning
    started_alone = asked is None and "MASTER_ADDR" in os.environ and started_by_accelerate()
    if not started_alone and accelerator.num_processes == int(asked or 1):
        return
    use_cpu = "ACCELERATE_USE_CPU=true " if accelerator.device.type == "cpu" else ""
    raise UserError(
        f"{asked or 'Several'} processes were asked for and {accelerator.num_processes} would train. "
        f"This starts {asked or 2}: {use_cpu}accelerate launch --multi_gpu --num_processes {asked or 2} "
        f"--num_machines 1 --mixed_precision no --dynamo_backend no --main_process_port 0 {' '.join(sys.argv)}"
    )


def started_by_accelerate() -> bool:
    """Whether `accelerate launch` started this process: it always sets this variable, and nothing else does."""
    return "ACCELERATE_DYNAMO_MODE" in os.environ


def _stop_with_launcher() -> None:
    """Have the kernel send SIGTERM when `accelerate launch` dies: it passes no signal on, and without this
    `kill` of the command that was typed would leave the training running, out of sight."""
    if sys.platform == "linux" and started_by_accelerate():
        pr_set_pdeathsig = 1  # from sys/prctl.h
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def keep_memory() -> None:
    """Tell glibc to keep freed memory: every step needs the same tensors, and getting tens of megabytes fresh from
    the kernel each time slows training (benchmarks/README.md). Elsewhere nothing happens."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        m_trim_threshold, m_mmap_max = -1, -4  # from malloc.h
        libc.mallopt(m_mmap_max, 0)
        libc.mallopt(m_trim_threshold, 2**31 - 1)
