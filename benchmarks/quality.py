"""How good faces get in a given time: recipes, widths and single settings, each trained for the same minutes.

    python benchmarks/quality.py run --train_data_dir DIR --features FILE --minutes 30 --arms modern dcgan --seeds 0 1
    python benchmarks/quality.py table --minutes 30

`run` trains each arm in a process of its own, one after the other; nothing else should be running. An arm takes as many
steps as fit into the minutes at the rate of its rehearsal, so that its schedules end with its time. Finished runs are
not run again, stopped ones are resumed. `table` prints the results so far. Runs are in `runs/quality/`.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rehearsal import ROOT, steps_in

RUNS = ROOT / "runs" / "quality"

_HALF = "--widths 256 128 64 32"
# with the defaults of the time when these arms were run; a later --widths or other option overrides an earlier one
_QUARTER = "--widths 128 64 32 16 --train_batch_size 64 --augment_probability 0.3"

ARMS = {
    "modern": "",
    "dcgan": "--recipe dcgan",
    "rmsprop": "--recipe rmsprop",
    "batch 64": "--train_batch_size 64",
    "half as wide": _HALF,
    "dcgan, half as wide": f"--recipe dcgan {_HALF}",
    # one change each against `a quarter as wide`, where short runs are most informative
    "a quarter as wide": _QUARTER,
    **{
        f"a quarter as wide, {name}": f"{_QUARTER} {words}"
        for name, words in {
            "penalty 0.1": "--penalty_weight 0.1 --penalty_weight_end 0.033",
            "penalty 1": "--penalty_weight 1 --penalty_weight_end 0.33",
            "rate 4e-4": "--learning_rate 4e-4 --learning_rate_end 1e-4",
            "rate 1.6e-3": "--learning_rate 1.6e-3 --learning_rate_end 4e-4",
            "rate does not fall": "--learning_rate_end 8e-4",
            "rate falls to 5e-5": "--learning_rate_end 5e-5",
            "EMA half-life 2,500": "--ema_half_life 2500",
            "EMA half-life 40,000": "--ema_half_life 40000",
            "no augmentation": "--augment_probability 0",
            "augmentation 0.6": "--augment_probability 0.6",
            "batch 32": "--train_batch_size 32",
            "batch 32, rate does not fall": "--train_batch_size 32 --learning_rate_end 8e-4",
            "batch 128": "--train_batch_size 128",
        }.items()
    },
}


@dataclass(frozen=True)
class Run:
    """Train arms; finished ones are skipped."""

    # folder of pictures
    train_data_dir: Path
    # TorchScript feature network
    features: Path
    # of training for each arm and seed
    minutes: float = 10
    # names of ARMS
    arms: tuple[str, ...] = tuple(ARMS)
    # one run each
    seeds: tuple[int, ...] = (0, 1)


@dataclass(frozen=True)
class Table:
    """Print the rows of what has been run."""

    # of training for each arm and seed
    minutes: float = 10


def folder(arm: str, seed: int, minutes: float) -> Path:
    return RUNS / f"{minutes:g} minutes" / f"{arm}, seed {seed}"


def config(run: Path) -> dict | None:
    """What a finished run measured."""
    file = run / "weights" / "config.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found if found.get("metrics", {}).get("frechet_distance", {}).get("generator") else None


def train(arm: str, seed: int, settings: Run) -> None:
    output = folder(arm, seed, settings.minutes)
    words = ["--train_data_dir", settings.train_data_dir, "--seed", seed, *ARMS[arm].split()]
    plan = output / "steps.txt"
    if not plan.exists():
        plan.parent.mkdir(parents=True, exist_ok=True)
        plan.write_text(str(steps_in(settings.minutes, words)), encoding="utf-8")
    length = ["--max_train_steps", plan.read_text(encoding="utf-8"), "--eval_features", settings.features]
    place = ["--output_dir", output, "--resume_from_checkpoint", "latest"]
    command = [sys.executable, "train_accelerate.py", *words, *length, *place]
    subprocess.run(list(map(str, command)), cwd=ROOT, check=True)


def run(settings: Run) -> None:
    for seed in settings.seeds:
        for arm in settings.arms:
            if not config(folder(arm, seed, settings.minutes)):
                train(arm, seed, settings)


def table(settings: Table) -> None:
    """Markdown: one row per arm, all its seeds in it."""
    rows = {}
    for arm in ARMS:
        found = [config(path) for path in sorted((RUNS / f"{settings.minutes:g} minutes").glob(f"{arm}, seed *"))]
        rows[arm] = [each for each in found if each]
    base = [each["metrics"]["frechet_distance"]["value"] for each in rows["modern"]]
    print("| arm | change | minutes | pictures | FFD | against `modern` | precision | recall |\n" + "|---" * 8 + "|")
    for arm, found in rows.items():
        if found:
            distances = [each["metrics"]["frechet_distance"]["value"] for each in found]
            ratio = f"{mean(distances) / mean(base):.2f}" if base else ""
            cells = [
                arm,
                f"`{ARMS[arm]}`",
                _each(found, "training", "hours", scale=60, form=".1f"),
                _each(found, "training", "pictures", form=","),
                ", ".join(f"{distance:.2f}" for distance in distances),
                ratio,
                *(_each(found, "metrics", "quality", name, form=".3f") for name in ("precision", "recall")),
            ]
            print(f"| {' | '.join(cells)} |")


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _each(found: list[dict], *names: str, scale: float = 1, form: str) -> str:
    """A value of each run, by its place in the config."""
    values = []
    for value in found:
        for name in names:
            value = value.get(name, {})
        values.append(f"{value * scale:{form}}" if value != {} else "–")
    return ", ".join(values)


if __name__ == "__main__":
    settings = tyro.cli(
        Annotated[Run, tyro.conf.subcommand("run")] | Annotated[Table, tyro.conf.subcommand("table")],
        use_underscores=True,
    )
    run(settings) if isinstance(settings, Run) else table(settings)
