"""A tiny training run, for attacks: pictures of 16 px, networks of a few thousand parameters, on the CPU."""

import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import train_accelerate
from benchmarks.attacks import forks
from gan.train.generator import checkpoint
from gan.train.generator.announce import rehearse
from gan.train.generator.loop import Run
from gan.train.generator.start import start

STEPS = 12
_TINY = "--resolution 16 --widths 16 8 --latent_dim 8 --mixed_precision no --max_train_steps"
_INTERVALS = "--checkpointing_steps 3 --logging_steps 2 --sample_sheets 4 --eval_every 6 --eval_samples 16"


class Moments(torch.nn.Module):
    """A feature network with two features for each colour."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        numbers = pictures.float() / 255
        return torch.cat([numbers.mean([2, 3]), numbers.square().mean([2, 3])], 1)


def prepare(folder: Path, count: int = 40) -> Path:
    """A folder with `pictures`, a blob of colour each, six of them held out, and `features.pt`."""
    random = np.random.RandomState(0)
    y, x = np.mgrid[:20, :20]
    for number in range(count):
        part = folder / "pictures" / ("test" if number < 6 else "train")
        part.mkdir(parents=True, exist_ok=True)
        centre, colour = random.rand(2) * 20, random.randint(60, 255, 3)
        blob = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / 40)[..., None] * colour
        Image.fromarray(blob.astype(np.uint8)).save(part / f"{number:03d}.png")
    torch.jit.script(Moments()).save(folder / "features.pt")
    return folder


def warm_up(folder: Path) -> None:
    """Prepare a folder, and train there once."""
    prepare(folder)
    train(words(folder))
    shutil.rmtree(folder / "out")


def words(folder: Path, *more, steps: int = STEPS) -> list[str]:
    """The command line of a run in `folder/out`, which goes on where it was stopped."""
    places = {
        "train_data_dir": folder / "pictures",
        "eval_features": folder / "features.pt",
        "output_dir": folder / "out",
        "store_dir": folder / "store",
        "resume_from_checkpoint": "latest",
        "train_batch_size": 4,
        "report_to": "none",
    }
    named = [word for name, value in places.items() for word in (f"--{name}", value)]
    return [*map(str, named), *_TINY.split(), str(steps), *_INTERVALS.split(), *map(str, more)]


def train(command: list[str]) -> None:
    """`python train_accelerate.py …` in this process."""
    os.environ |= {"CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "true"}
    sys.argv = ["train_accelerate.py", *command]
    train_accelerate.main()


def begin(command: list[str], log: Path, ranks: int = 1, accident: Callable[[int], None] = lambda rank: None) -> list:
    """Start `train_accelerate.py` in as many processes; returns their ids.

    Args:
        log: a file to which their output is added.
        accident: is called with its rank in each process, before the run.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def one(rank: int) -> None:
        if ranks > 1:
            said = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": ranks, "LOCAL_WORLD_SIZE": ranks}
            said |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
            os.environ |= {name: str(value) for name, value in said.items()}
        accident(rank)
        train(command)

    return [forks.fork(lambda rank=rank: one(rank), log) for rank in range(ranks)]


def end(processes: list[int], seconds: float = 300) -> int:
    """Wait for a run; as a launcher does, end all its processes once one has failed. Returns the first failure, or 0;
    of a run that takes too long, which is killed, 124."""
    running, failed, deadline = list(processes), 0, time.monotonic() + seconds
    while running:
        for process in list(running):
            found, status = os.waitpid(process, os.WNOHANG)
            if found:
                running.remove(process)
                failed = failed or os.waitstatus_to_exitcode(status)
        if running and (failed or time.monotonic() > deadline):
            failed = failed or 124
            for process in running:
                os.kill(process, 9)
        time.sleep(0.02)
    return failed


def newest(folder: Path) -> Path:
    """The last checkpoint of a run."""
    return checkpoint.found(folder / "out" / "checkpoints")[-1]


def resume(folder: Path) -> None:
    """Go on from the last checkpoint, take some steps and save.

    Raises:
        UserError: it is refused.
    """
    os.environ |= {"CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "true"}
    run = Run(train_accelerate.parse(words(folder, "--resume_from_checkpoint", newest(folder))))
    start(run)
    rehearse(run)
    run._save()


def differences(out: Path, undisturbed: Path) -> list[str]:
    """In what the end of a run differs from that of an undisturbed one; what it published, too."""
    found = []
    for name in ("generator.safetensors", "discriminator.safetensors", "samples.png", "curves.png", "timeline.webp",
                 "quality.png"):  # fmt: skip
        if not _same_bytes(out / "weights" / name, undisturbed / "weights" / name):
            found.append(f"weights/{name} differs")
    if _config(out) != _config(undisturbed):
        found.append("weights/config.json differs")
    if _rows(out) != _rows(undisturbed):
        found.append("metrics.jsonl differs")
    sheets = [{path.name: path.read_bytes() for path in (each / "sheets").iterdir()} for each in (out, undisturbed)]
    if sheets[0] != sheets[1]:
        found.append("sheets differ")
    if not _same(*(_training(each) for each in (out, undisturbed))):
        found.append("the last checkpoint differs")
    left = [*out.glob("weights.*"), *out.rglob("*.tmp"), *out.rglob(".*.tmp")]
    return found + [f"{path.name} was left behind" for path in left]


def _same_bytes(one: Path, two: Path) -> bool:
    return one.exists() and one.read_bytes() == two.read_bytes()


def _config(out: Path) -> dict:
    """What the config says, without what a run that was stopped may say otherwise."""
    config = json.loads((out / "weights" / "config.json").read_text(encoding="utf-8"))
    training = {name: value for name, value in config["training"].items() if name not in ("hours", "commands")}
    training["settings"] = {**training["settings"], "hub_model_id": None, "report_to": None}
    return {**config, "training": training}


def _rows(out: Path) -> list[dict]:
    lines = (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "seconds"} for line in lines]


def _training(out: Path) -> dict:
    return torch.load(newest(out.parent), weights_only=True)["training"]


def _same(one, two) -> bool:
    """Whether two nested states are equal, bit for bit."""
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(_same(one[key], two[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(map(_same, one, two))
    return torch.equal(one, two) if torch.is_tensor(one) else one == two
