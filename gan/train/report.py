"""What a run shows: sample sheets, curves, the learning timeline, the model card."""

import json
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

from gan.hub import PLACE, card, section
from gan.model import images, sampling
from gan.model.weights import Weights

SHEET_SEEDS = range(64)  # the same faces on every sheet, and the first gallery of the page
TIMELINE_FACES = 16  # the first of them, through the run
TIMELINE_FRAMES = 60

matplotlib.use("Agg")  # no display where networks are trained


def save_sheet(generator, path: Path) -> None:
    """8 x 8 faces of seeds 0-63 as one PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images.sheet(sampling.faces(generator, SHEET_SEEDS)).save(path)


def evenly(items: np.ndarray, count: int) -> np.ndarray:
    """At most `count` of the items, evenly picked, first and last included."""
    return items[np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)]


def save_reals(pictures: np.ndarray, path: Path) -> None:
    """Up to 64 training pictures, evenly picked, as the networks see them."""
    images.sheet(evenly(pictures, 64)).save(path)


def save_timeline(sheets: list[Path], resolution: int, path: Path) -> None:
    """The first 16 faces of each sheet, oldest first, as a looping animated WebP; the last frame stays a while."""
    frames = [images.sheet(images.unsheet(Image.open(sheet), resolution)[:TIMELINE_FACES], 4)
              for sheet in evenly(np.array(sheets), TIMELINE_FRAMES)]
    milliseconds = [150] * (len(frames) - 1) + [2000]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, quality=80)


def read_metrics(path: Path) -> list[dict]:
    """The lines of a metrics.jsonl; a last line that a kill cut short is left out."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def save_curves(rows: list[dict], path: Path) -> None:
    """Losses, the discriminator's accuracies and the Fréchet distance over pictures shown."""
    import matplotlib.pyplot as plt

    panels = [
        ("Losses", {"loss_generator": "G", "loss_real": "D on real", "loss_fake": "D on fake"}),
        ("Accuracy of D", {"accuracy_real": "on real", "accuracy_fake": "on fake", "accuracy_held_out": "on held-out"}),
    ]
    if any("frechet_distance" in row for row in rows):
        panels.append(("Fréchet distance", {"frechet_distance": ""}))
    figure, axes = plt.subplots(1, len(panels), figsize=(5.5 * len(panels), 3.6), layout="constrained")
    for axis, (title, names) in zip(axes, panels):
        for name, label in names.items():
            points = [(row["pictures"] / 1000, row[name]) for row in rows if row.get(name) is not None]
            if points:
                axis.plot(*zip(*points), label=label, linewidth=1, marker="." if len(points) < 30 else None)
        axis.set(title=title, xlabel="thousand pictures shown", xlim=(0, None), ylim=(0, 1.02 if "Accuracy" in title else None))
        axis.grid(alpha=0.3)
        if len(names) > 1 and axis.lines:
            axis.legend(frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def complete(folder: Path, loaded: Weights, rows: list[dict], sheets: list[Path]) -> None:
    """Add the files for people to a weights folder: sheet (from the saved file), curves, timeline, card, licence."""
    save_sheet(loaded.generator, folder / "samples.png")
    save_curves(rows, folder / "curves.png")
    save_timeline(sheets, loaded.settings.resolution, folder / "timeline.webp")
    save_card(folder, loaded.config, loaded.generator_id)


def save_card(folder: Path, config: dict, generator_id: str) -> None:
    """README.md and LICENSE, from the config alone."""
    training, size = config["training"], config["model"]["resolution"]
    distance, critic = config.get("metrics", {}).get("frechet_distance"), config.get("calibration")
    metrics = ({"frechet-distance": distance["value"]} if distance else {}) | ({"critic-auroc": critic["auroc"]} if critic else {})
    commands = "\n\n".join(f"from step {part['from_step']:,}, planned for {part['planned_steps']:,}:\n\n    {part['command']}"
                           for part in training["commands"])
    body = _CARD.format(
        resolution=size, place=PLACE,
        samples=section("samples", _SAMPLES.format(generator_id=generator_id)),
        training=section("training", _TRAINING.format(**{**training, "commands": commands})),
        quality=section("quality", _quality(distance, critic, generator_id)))
    (folder / "README.md").write_text(card(body, f"faces-{size}", training["data"], metrics))
    (folder / "LICENSE").write_text(_LICENSE.format(**training))


def _quality(distance: dict | None, critic: dict | None, generator_id: str) -> str:
    """What was measured, of what, with which command."""
    said = "No distance to real faces was measured.\n"
    if distance:
        measured_on = "the published file" if distance["generator"] == generator_id else "an earlier state of this run"
        said = (f"Fréchet distance **{distance['value']:.2f}** over the features of `{distance['features']}`: "
                f"{distance['samples']:,} samples against the {distance['reference']}. Real against real is "
                f"{distance['floor']:.2f} with {distance['floor_pictures']:,} pictures each. It is not an FID and compares "
                f"with none. Measured on {measured_on} with\n\n    {distance['command']}\n")
    if critic:
        half = critic["n"] // 2
        said += (f"\nThe discriminator as a critic: AUROC **{critic['auroc']:.3f}**, Brier score {critic['brier']:.3f} on "
                 f"{half:,} held-out pictures and {half:,} samples, calibrated on as many others. It knows this "
                 "generator and pictures like its training data, nothing else.\n")
    return said


# what stands between the sections is for people: edited on the Hub, it survives the next push
_CARD = """
# Faces of {resolution} px from seeds

{samples}

## Use

With the code of SeedFaces in the current folder:

```python
from PIL import Image
from gan.serve.faces import FaceModel
Image.fromarray(FaceModel.from_pretrained("{place}").faces([7])[0]).save("seed-7.png")
```

## How it was made

{training}

## How good it is

{quality}

## Limits

The faces are of nobody, but look like the training pictures: with their ages, skin tones, poses and
photographic style in their proportions, and with their gaps. Some are broken. Nobody should be judged, identified or
deceived with them.

## Licence

See [LICENSE](LICENSE): the rights are those of the training pictures.
"""

_SAMPLES = """
![Samples: seeds 0 to 63](samples.png)

A small DCGAN, generator `{generator_id}`: every seed from 0 to 2³²−1 is one face, the same one for good.
"""

_TRAINING = """
- Trained on {pictures_in_data:,} pictures from {data}; {held_out:,} more were held out.
- Shown {pictures:,} pictures in {steps:,} of {planned_steps:,} steps, {hours:.1f} hours on {hardware}.
- Recipe `{recipe}`, with

{commands}

![Losses and accuracies](curves.png)

![The same 16 faces through the run](timeline.webp)
"""

_LICENSE = """These weights, and the pictures made with them that lie beside them, were trained on pictures from
{data}.

They may be used as those pictures may be used, and no further. Where the pictures are for non-commercial research
only (UTKFace and CelebA are), so are these weights and everything made with them. They come without any warranty.
"""
