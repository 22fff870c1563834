"""What `--init_from` is worth: distance over pictures shown, from trained weights and from scratch, on several tasks.

    python benchmarks/transfer.py --utkface DIR --celeba DIR --flowers --features FILE --minutes 5
    python benchmarks/transfer.py --anime DIR --digits DIR --features FILE --minutes 20 --picture docs/transfer.png

The tasks: more pixels (64 → 128 px), another set of faces (2,000 of CelebA), 200 flowers that are drawn here, drawn
faces, and handwritten digits; those whose folders are given are run. Both runs of a task take the same number of steps,
as many as fit into the minutes from scratch. Runs are in `runs/transfer/`. What is finished is not run again.
"""

import colorsys
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import tyro
from PIL import Image, ImageDraw, ImageFilter
from pyarrow import parquet
from rehearsal import ROOT, steps_in

RUNS = ROOT / "runs" / "transfer"
EVALUATIONS = 8  # over each run
WIDTHS = ["--widths", "512", "256", "128", "64"]


@dataclass(frozen=True)
class Settings:
    """Train each task from weights and from scratch, and plot both."""

    # TorchScript feature network
    features: Path
    # folders of parquet files
    utkface: Path | None = None
    celeba: Path | None = None
    anime: Path | None = None
    digits: Path | None = None
    flowers: bool = False
    # of training, for each run
    minutes: float = 5
    # what is started from
    weights: Path = Path("weights/faces-64")
    # samples, and training pictures, that are compared
    samples: int = 2000
    # the plot
    picture: Path = Path(__file__).with_suffix(".png")


def tasks(settings: Settings) -> dict[str, list]:
    """The title of each task and its options."""
    s, found = settings, {}
    if s.utkface:
        found["64 → 128 px, UTKFace"] = ["--train_data_dir", s.utkface, "--resolution", "128", *WIDTHS, "32"]
    if s.celeba:
        found["2,000 faces of CelebA"] = ["--train_data_dir", some_of_celeba(s.celeba), *WIDTHS]
    if s.flowers:
        found["200 drawn flowers"] = ["--train_data_dir", flowers(), *WIDTHS]
    if s.anime:
        found["drawn faces"] = ["--train_data_dir", s.anime, *WIDTHS]
    if s.digits:
        found["handwritten digits"] = ["--train_data_dir", s.digits, "--no_flip", *WIDTHS]
    return found


def some_of_celeba(folder: Path) -> Path:
    """The first 2,000 training pictures, as a folder of their own."""
    chosen = RUNS / "celeba-2000"
    if not chosen.exists():
        chosen.mkdir(parents=True)
        parquet.write_table(
            parquet.read_table(sorted(folder.glob("train-*.parquet"))[0]).slice(0, 2000), chosen / "train.parquet"
        )
        parquet.write_table(parquet.read_table(sorted(folder.glob("test-*.parquet"))[0]), chosen / "test.parquet")
    return chosen


def flowers() -> Path:
    """200 pictures of one flower each: petals, heart, stem, sky."""
    folder = RUNS / "flowers"
    if not folder.exists():
        folder.mkdir(parents=True)
        for number in range(200):
            flower(np.random.default_rng(number)).save(folder / f"{number:03}.png")
    return folder


def flower(random: np.random.Generator, size: int = 256) -> Image.Image:
    def colour(hue: float, saturation: float, value: float) -> tuple[int, ...]:
        return tuple(int(255 * part) for part in colorsys.hsv_to_rgb(hue % 1, saturation, value))

    sky, grass = (
        colour(random.uniform(0.5, 0.65), random.uniform(0.2, 0.6), 0.95),
        colour(0.3, 0.6, random.uniform(0.4, 0.7)),
    )
    picture = Image.new("RGB", (size, size), sky)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, size * random.uniform(0.65, 0.85), size, size), fill=grass)
    x, y = size / 2 + random.normal(0, 15), size * random.uniform(0.35, 0.5)
    draw.line(
        (x, y, size / 2 + random.normal(0, 20), size), fill=colour(0.33, 0.8, 0.4), width=int(random.integers(5, 12))
    )
    petals, length = int(random.integers(5, 12)), random.uniform(45, 85)
    petal = colour(random.uniform(0.75, 1.2), random.uniform(0.5, 1), random.uniform(0.8, 1))
    thick = length * random.uniform(0.25, 0.45)
    for angle in np.linspace(0, 2 * np.pi, petals, endpoint=False) + random.uniform(0, 1):
        outline = [
            (along * length / 2 + length / 2, across * thick)
            for along, across in zip(np.cos(np.linspace(0, 2 * np.pi, 40)), np.sin(np.linspace(0, 2 * np.pi, 40)))
        ]
        draw.polygon(
            [
                (x + a * np.cos(angle) - b * np.sin(angle), y + a * np.sin(angle) + b * np.cos(angle))
                for a, b in outline
            ],
            fill=petal,
            outline=colour(0, 0, 0.3),
        )
    heart = length * random.uniform(0.2, 0.35)
    draw.ellipse((x - heart, y - heart, x + heart, y + heart), fill=colour(random.uniform(0.08, 0.16), 0.9, 0.9))
    return picture.filter(ImageFilter.GaussianBlur(0.7))


def train(title: str, words: list, settings: Settings) -> dict[str, list[dict]]:
    """Both runs of a task; the rows of their metrics that have a distance."""
    plan, found = RUNS / title / "steps.txt", {}
    if not plan.exists():
        plan.parent.mkdir(parents=True, exist_ok=True)
        plan.write_text(
            str(max(1, round(steps_in(settings.minutes, words) / EVALUATIONS)) * EVALUATIONS), encoding="utf-8"
        )
    steps = int(plan.read_text(encoding="utf-8"))
    length = ["--max_train_steps", steps, "--eval_every", steps // EVALUATIONS]
    measured = ["--eval_features", settings.features, "--eval_samples", settings.samples]
    for way, more in (("from scratch", []), ("from the weights", ["--init_from", settings.weights])):
        output = RUNS / title / way
        place = ["--output_dir", output, "--resume_from_checkpoint", "latest"]
        command = [sys.executable, "train_accelerate.py", *words, *more, *length, *measured, *place]
        if not (output / "done").exists():
            subprocess.run(list(map(str, command)), cwd=ROOT, check=True)
            (output / "done").touch()
        rows = map(json.loads, (output / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
        found[way] = [row for row in rows if "frechet_distance" in row]
    return found


def plot(results: dict[str, dict[str, list[dict]]], settings: Settings) -> None:
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(results), figsize=(4.5 * len(results), 3.6), squeeze=False, layout="constrained")
    for axis, (title, ways) in zip(axes[0], results.items()):
        for way, rows in ways.items():
            axis.plot(
                [row["pictures"] / 1000 for row in rows],
                [row["frechet_distance"] for row in rows],
                marker=".",
                label=way,
            )
        axis.set(
            title=title,
            xlabel="thousand pictures shown",
            ylabel=f"FFD, {settings.samples:,} samples",
            yscale="log",
            xlim=(0, None),
        )
        axis.grid(alpha=0.3, which="both")
        axis.legend(frameon=False)
    figure.savefig(settings.picture, dpi=110)


def main(settings: Settings) -> None:
    results = {title: train(title, words, settings) for title, words in tasks(settings).items()}
    plot(results, settings)
    print("| task | pictures shown | from scratch | from the weights |\n|---|---|---|---|")
    for title, ways in results.items():
        last = {way: rows[-1] for way, rows in ways.items()}
        print(
            f"| {title} | {last['from scratch']['pictures']:,} | {last['from scratch']['frechet_distance']:.2f} | "
            f"{last['from the weights']['frechet_distance']:.2f} |"
        )


if __name__ == "__main__":
    main(tyro.cli(Settings, use_underscores=True))
