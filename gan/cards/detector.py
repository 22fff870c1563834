"""The detector's model card and licence, from its config alone."""

from collections.abc import Iterator
from pathlib import Path

from gan.model import detector, weights


def save(folder: Path, config: dict) -> None:
    """README.md and LICENSE beside the detector."""
    training, report, calibration = config["training"], config["report"], config["calibration"]
    as_it_is, error = report["as_it_is"], report["calibration_error"]
    line = list(_line(training))
    sets = " and ".join(dict.fromkeys(name for each in line for name in each["data"]))
    generators = {name for each in line for name in each["generators"]}
    figures = {
        f"{name}_{part}": value
        for name in ("auroc", "average_precision", "accuracy")
        for part, value in zip(("value", "low", "high"), (as_it_is[name]["value"], *as_it_is[name]["interval"]))
    }
    (folder / "README.md").write_text(
        _CARD.format(
            made=_made(training),
            **calibration,
            **figures,
            calibrated_on=report["calibrated_on"],
            real=report["real"],
            faces=report["generated"],
            copies=report["copies_left_out"],
            before=error["before"],
            after=error["after"],
            beyond="\n\n".join(
                filter(
                    None, [people(report.get("people")), detector.without_a_set(config), _photos(report.get("photos"))]
                )
            ),
            sets=sets,
            count=len(generators),
            table=table(report),
            picture=weights.DETECTOR_PICTURE,
        )
    )
    (folder / "LICENSE").write_text(_LICENSE.format(sets=sets))


def _line(training: dict) -> Iterator[dict]:
    """The trainings that made a detector, the last one first."""
    yield training
    if isinstance(training["started_from"], dict):
        yield from _line(training["started_from"])


def _made(training: dict) -> str:
    """How the detector was trained, and that which it went on from."""
    started, said = training["started_from"], _TRAINING.format(**training)
    if isinstance(started, str):
        return f"{said}\n\nThat started from the discriminator of generator `{started}`."
    return f"{said}\n\nThat went on from an earlier detector:\n\n{_made(started)}"


def table(report: dict) -> str:
    """Markdown: a line for each change to the pictures, data set and generator."""
    lines = [
        "| pictures | AUROC | real, called likely generated | generated, called likely real | can't tell |",
        "|---" * 5 + "|",
    ]
    for words, of in detector.described(report):
        shares = " | ".join(
            f"{100 * of[share]:.1f} %" if share in of else "–"
            for share in ("real_called_generated", "generated_called_real", "cannot_tell")
        )
        lines.append(f"| {words} | {of['auroc']:.3f} | {shares} |")
    return "\n".join(lines)


def people(measured: dict | None) -> str:
    """Real faces called likely generated, by age group and gender, as benchmarks/detector.py measures them."""
    if not measured:
        return ""
    groups = [(name, of) for trait in measured.values() for name, of in trait.items()]
    called = [f"{100 * of['called_generated']:.1f} %" for _, of in groups]
    return "\n".join(
        [
            "Real faces that it calls likely generated, by the labels of the data set:\n",
            f"| | {' | '.join(name for name, _ in groups)} |",
            "|---" * (len(groups) + 1) + "|",
            f"| pictures | {' | '.join(str(of['pictures']) for _, of in groups)} |",
            f"| called likely generated | {' | '.join(called)} |",
        ]
    )


def _photos(measured: dict | None) -> str:
    return (
        (
            f"In {measured['photos']} photos of 12 megapixels, each with a held-out face of 15 to 50 % of its height on plain "
            f"colour, {measured['faces_found']} faces were found; reading a photo took {measured['milliseconds_decoding']} ms, "
            f"finding and judging the face {measured['milliseconds_verdict']} ms (medians, {measured['threads']} thread"
            f"{'s' if measured['threads'] > 1 else ''})."
        )
        if measured
        else ""
    )


_CARD = """---
license: other
license_name: as-the-training-data
license_link: LICENSE
library_name: seedfaces
tags: [face-generation, gan, detection]
---
# Real or generated: a detector of small face GANs

A discriminator that went on to learn from finished generators. It judges a square around a face; the places of its last layer
add up to the logit, and are shown as a heat map. **It is no forensic tool and no judge of pictures from diffusion models or
other large generators**: it knows small face GANs like ours.

```python
from PIL import Image
from gan.serve.judge import Judge
print(Judge("weights/detector").verdict(Image.open("photo.jpg").convert("RGB")).verdict)
```

## How it was made

Real pictures: the training splits of {sets}. Faces: {count} generators, most of them earlier states of one another, half of the
faces varied. Both went the same random way through the world: resize by 0.5 to 2, blur, colour, noise, JPEG or WebP, cut out
of a larger picture.

{made}

## How good it is

Platt's scaling and the two thresholds (likely generated from {generated_from:.2f} on, likely real up to {real_up_to:.2f}) were
fitted on {calibrated_on:,} held-out pictures and new faces: as they are, after a random way, and as faces found in larger
pictures. This is what it does on {real:,} other held-out pictures and {faces:,} other faces. {copies} held-out pictures were
copies of training pictures and left out.

With 95 % intervals (bootstrap), on the pictures as they are: AUROC **{auroc_value:.3f}** ({auroc_low:.3f} to {auroc_high:.3f}),
average precision {average_precision_value:.3f} ({average_precision_low:.3f} to {average_precision_high:.3f}), accuracy
{accuracy_value:.3f} ({accuracy_low:.3f} to {accuracy_high:.3f}).

How often a face is looked at (mirrored, in wider squares) was chosen on the same pictures, and how it was trained with a view to
both halves, which makes all figures a little kind. The half that it was calibrated on is in the table, too.

Calibration error (ECE): {before:.3f} before and {after:.3f} after scaling, over all three.

{table}

![AUROC after changes and by generator, reliability]({picture})

{beyond}

Each data set has its own look, and generators have that of the set that they learned from: AUROC against the real pictures of
another set says little.

## Licence

See [LICENSE](LICENSE): the rights are those of the training pictures.
"""

_TRAINING = """{pictures:,} pictures in {steps:,} steps, {minutes:g} minutes on {hardware}:

    {command}"""

_LICENSE = """This detector was trained on pictures from {sets}, and on faces of generators that were trained on such pictures.

It may be used as those pictures may be used, and no further. Where the pictures are for non-commercial research only (UTKFace
and CelebA are), so is this detector. It comes without any warranty.
"""
