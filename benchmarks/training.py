"""Pictures per second of our training step against the PyTorch DCGAN tutorial's, in one run.

    python benchmarks/training.py

On a GPU the table also has what that GPU can compute in; --rounds 2 is meant for ten minutes of one, and none has run
it yet.

The tutorial's step (https://docs.pytorch.org/tutorials/beginner/dcgan_faces_tutorial.html): float32, contiguous,
BCELoss after a sigmoid, D on real and on fake with a backward each, Adam, batch 128, the same widths. It gets its
pictures as float32 tensors on the device for nothing; ours starts from uint8 and also flips, penalises (`modern`)
and averages. Each variant runs in a process of its own, in turn, and the median of the rounds counts.
"""

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from torch import nn

SECONDS = 12  # of measuring per round

_MEMORY = {"tutorial-kept-memory": "the same, with our memory setting"}
VARIANTS = {
    "tutorial": "PyTorch's tutorial, batch 128",
    **({} if torch.cuda.is_available() else _MEMORY),
    "dcgan": "ours, `dcgan`, batch 128",
    "modern": "ours, `modern`, batch 32",
    "modern-64": "the same, batch 64",
}
if torch.cuda.is_available():
    VARIANTS |= {
        "modern-256": "the same, batch 256",
        "modern-256-no": "the same, in float32",
        "modern-256-fp16": "the same, in fp16",
        "modern-256-compiled": "the same, with torch.compile where there is no penalty",
    }
else:
    VARIANTS["dcgan-returned-memory"] = "ours, `dcgan`, batch 128, without our memory setting"


def tutorial_networks(device: torch.device) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator, layer by layer as in the tutorial."""
    widths = (512, 256, 128, 64)
    layers = [nn.ConvTranspose2d(100, 512, 4, 1, 0, bias=False), nn.BatchNorm2d(512), nn.ReLU(True)]
    for channels_in, channels_out in zip(widths, widths[1:]):
        layers += [
            nn.ConvTranspose2d(channels_in, channels_out, 4, 2, 1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(True),
        ]
    generator = nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())
    layers = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for channels_in, channels_out in zip(widths[::-1], widths[-2::-1]):
        layers += [
            nn.Conv2d(channels_in, channels_out, 4, 2, 1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.LeakyReLU(0.2, True),
        ]
    discriminator = nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Sigmoid())
    return generator.to(device), discriminator.to(device)


def tutorial_step(device: torch.device):
    """The body of the tutorial's loop, as it stands there."""
    generator, discriminator = tutorial_networks(device)
    criterion = nn.BCELoss()
    generator_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    real = torch.rand(128, 3, 64, 64, device=device) * 2 - 1
    ones, zeros = torch.ones(128, device=device), torch.zeros(128, device=device)

    def step():
        discriminator.zero_grad()
        output = discriminator(real).view(-1)
        criterion(output, ones).backward()
        output.mean().item()
        fake = generator(torch.randn(128, 100, 1, 1, device=device))
        output = discriminator(fake.detach()).view(-1)
        criterion(output, zeros).backward()
        output.mean().item()
        discriminator_optimizer.step()
        generator.zero_grad()
        output = discriminator(fake).view(-1)
        criterion(output, ones).backward()
        output.mean().item()
        generator_optimizer.step()

    return step, 128


def our_step(recipe: str, batch: int = 0, mixed_precision: str = "auto", compiled: bool = False):
    from accelerate import Accelerator

    from gan.train.generator.step import GanStep
    from gan.train.machine import precision
    from gan.train.settings import RECIPES

    settings = RECIPES[recipe]
    settings = dataclasses.replace(settings, train_batch_size=batch or settings.train_batch_size)
    accelerator = Accelerator(mixed_precision=precision(mixed_precision))
    gan = GanStep(settings, accelerator, total_steps=10_000)
    gan.step = 5_000  # mid-run
    pictures = torch.randint(
        0, 256, (settings.train_batch_size, 64, 64, 3), dtype=torch.uint8, device=accelerator.device
    )
    eager = gan.wrapped_discriminator
    # a compiled network has no second derivatives, which penalties need
    fast = torch.compile(eager) if compiled else eager
    if compiled:
        gan.wrapped_generator = torch.compile(gan.wrapped_generator)

    def step():
        gan.wrapped_discriminator = fast if gan.step % settings.penalty_every else eager
        gan([pictures])

    return step, settings.train_batch_size


def _options(words: list[str]) -> dict:
    """The words of a variant's name after the first → arguments of `our_step`."""
    options = {}
    for word in words:
        if word.isdigit():
            options["batch"] = int(word)
        elif word in ("no", "fp16"):
            options["mixed_precision"] = word
        elif word == "compiled":
            options["compiled"] = True
    return options


def measure(variant: str) -> float:
    """Pictures per second of a variant in this process."""
    from gan.train.machine import keep_memory

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if variant not in ("tutorial", "dcgan-returned-memory") and device.type == "cpu":
        keep_memory()
    recipe, *words = variant.split("-")
    step, batch = tutorial_step(device) if recipe == "tutorial" else our_step(recipe, **_options(words))

    def wait():
        if device.type == "cuda":
            torch.cuda.synchronize()

    for _ in range(3):
        step()
    wait()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        for _ in range(8):  # one penalty among eight steps of `modern`
            step()
        wait()
        count += 8
    return count * batch / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each variant is measured")
    parser.add_argument("--measure", choices=VARIANTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    rates = {variant: [] for variant in VARIANTS}
    for _ in range(arguments.rounds):
        for variant in VARIANTS:
            output = subprocess.run(
                [sys.executable, __file__, "--measure", variant],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                check=True,
            ).stdout
            rates[variant].append(json.loads(output.splitlines()[-1]))
    hardware = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{torch.get_num_threads()} CPU threads"
    print(f"64 px, {hardware}, torch {torch.__version__}, median of {arguments.rounds} rounds (lowest to highest)\n")
    print("| step | pictures a second | against the tutorial |\n|---|---|---|")
    base = statistics.median(rates["tutorial"])
    for variant, name in VARIANTS.items():
        median, lowest, highest = statistics.median(rates[variant]), min(rates[variant]), max(rates[variant])
        print(f"| {name} | {median:,.0f} ({lowest:,.0f}–{highest:,.0f}) | {median / base:.2f} x |")


if __name__ == "__main__":
    main()
