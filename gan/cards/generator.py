"""The generator's model card and licence, from its config alone."""

import re
from pathlib import Path

from gan.cards import facts
from gan.cards.fact import Fact, as_markdown
from gan.hub.model_card import PLACE, card, section
from gan.model import weights
from gan.model.config import CONFIG, config_errors


def save(folder: Path, config: dict, generator_id: str) -> None:
    """Write README.md and LICENSE; the card shows those of its pictures that are in the folder.

    Raises:
        UserError: the config is malformed; with one sentence.
    """
    with config_errors(CONFIG):
        training, size, metrics = config["training"], config["model"]["resolution"], config.get("metrics") or {}
        run = _RUN.format(commands=_commands(training["commands"]))
        body = _CARD.format(
            resolution=size,
            place=PLACE,
            samples=section("samples", f"{_SAMPLES}\n\n{_list(facts.of_model(config, generator_id))}"),
            training=section("training", f"{_list(facts.of_training(config))}\n{run}"),
            quality=section("quality", _quality(metrics, generator_id)),
            failures=section("failures", config.get("failures", "Some are broken.")),
        )
        text = card(body, f"faces-{size}", training["data"], _results(metrics))
        started = training.get("started_from")
        also = f",\nand started from weights that were trained on pictures from {started['data']}" if started else ""
    (folder / "README.md").write_text(
        _PICTURE.sub(lambda line: line[0] * (folder / line[1]).is_file(), text), encoding="utf-8"
    )
    (folder / "LICENSE").write_text(_LICENSE.format(data=training["data"], also=also), encoding="utf-8")


def _list(said: list[Fact]) -> str:
    return "\n".join(f"- {as_markdown(fact)}" for fact in said)


def _results(metrics: dict) -> dict[str, float]:
    """What the Hub reads from the front matter."""
    distance, critic = metrics.get("frechet_distance"), metrics.get("critic")
    return ({"frechet-distance": distance["value"]} if distance else {}) | (
        {"critic-auroc": critic["auroc"]} if critic else {}
    )


def _quality(metrics: dict, generator_id: str) -> str:
    distance, parts = metrics.get("frechet_distance"), map(as_markdown, facts.of_metrics(metrics, generator_id))
    published = " on the published file" if distance and distance["generator"] == generator_id else ""
    return "\n\n".join(
        [
            *([] if distance else ["No distance to real faces was measured."]),
            *parts,
            *([_MEASURED.format(published=published, **distance)] if distance else []),
            *([_QUALITY_PICTURE] if "quality" in metrics else []),
        ]
    )


def _commands(parts: list[dict]) -> str:
    """What was typed, and at which step; a command that only resumed a stopped run is shown once."""
    shown, last = [], None
    for part in parts:
        if last == (part["planned_steps"], part["command"]):
            shown[-1][0] += f", {part['from_step']:,}"
        else:
            shown.append([f"from step {part['from_step']:,}", part])
        last = part["planned_steps"], part["command"]
    return "\n\n".join(
        f"{where}, planned for {part['planned_steps']:,}:\n\n    {part['command']}" for where, part in shown
    )


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

The faces show no real people. They resemble the training pictures in ages, skin tones, poses and photographic style,
with the same gaps. Nobody should be judged, identified or deceived with them.

{failures}

## Licence

See [LICENSE](LICENSE): the rights are those of the training pictures.
"""

_PICTURE = re.compile(r"^!\[[^\]]*\]\(([^)]+)\)\n+", re.MULTILINE)  # a line of its own

_SAMPLES = """![Samples: seeds 0 to 63](samples.png)

A small DCGAN: every seed from 0 to 2³²−1 is one face, and always the same one."""

_RUN = """
{commands}

Settings that a command does not name are under `training.settings` in config.json; another version may have other
defaults.

![Losses and accuracies](curves.png)

![The same 16 faces through the training](timeline.webp)
"""

_MEASURED = """The distance was measured{published} with

    {command}"""

_QUALITY_PICTURE = (
    "![Precision and recall, nearest training pictures, power spectra and colours, samples beside real faces]"
    f"({weights.QUALITY})"
)

_LICENSE = """These weights, and the pictures made with them that lie beside them, were trained on pictures from
{data}{also}.

They may be used as those pictures may be used, and no further. Where the pictures are for non-commercial research
only (UTKFace and CelebA are), so are these weights and everything made with them. They come without any warranty.
"""
