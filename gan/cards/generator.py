"""The generator's model card and licence, from its config alone."""

from pathlib import Path

from gan.cards import facts
from gan.hub.model_card import PLACE, card, section
from gan.model import weights

_DECIMALS = {"frechet_distance": 2, "precision": 3, "recall": 3}


def save(folder: Path, config: dict, generator_id: str) -> None:
    """README.md and LICENSE, from the config alone, with the pictures that lie beside it."""
    training, size, measured = config["training"], config["model"]["resolution"], config.get("metrics", {})
    distance, critic = measured.get("frechet_distance"), config.get("calibration")
    metrics = {"frechet-distance": distance["value"]} if distance else {}
    metrics |= {"critic-auroc": critic["auroc"]} if critic else {}
    commands = _commands(training["commands"])
    started = training.get("started_from")
    parts = [
        _distance(distance, generator_id),
        _beyond_distance(measured.get("quality")),
        _QUALITY_PICTURE if "quality" in measured and (folder / weights.QUALITY).exists() else "",
        people(measured.get("people")),
        _critic(critic),
    ]
    body = _CARD.format(
        resolution=size,
        place=PLACE,
        samples=section("samples", _SAMPLES.format(generator_id=generator_id)),
        training=section("training", _TRAINING.format(**{**training, "commands": commands, "start": _start(started)})),
        quality=section("quality", "\n\n".join(filter(None, parts))),
        failures=section("failures", config.get("failures", "Some are broken.")),
    )
    (folder / "README.md").write_text(card(body, f"faces-{size}", training["data"], metrics))
    also = f",\nand started from weights that were trained on pictures from {started['data']}" if started else ""
    (folder / "LICENSE").write_text(_LICENSE.format(data=training["data"], also=also))


def _start(started: dict | None, who: str = "Started") -> str:
    """What a run started from, what that had started from, and so on."""
    return (
        _STARTED.format(who=who, **started) + _start(started.get("started_from"), "That one started") if started else ""
    )


def _commands(parts: list[dict]) -> str:
    """What was typed, and where; a command that only went on with what was stopped is named once."""
    said, last = [], None
    for part in parts:
        if last == (part["planned_steps"], part["command"]):
            said[-1][0] += f", {part['from_step']:,}"
        else:
            said.append([f"from step {part['from_step']:,}", part])
        last = part["planned_steps"], part["command"]
    return "\n\n".join(
        f"{where}, planned for {part['planned_steps']:,}:\n\n    {part['command']}" for where, part in said
    )


def _distance(distance: dict | None, generator_id: str) -> str:
    """What was measured, of what, with which command."""
    if not distance:
        return "No distance to real faces was measured."
    measured_on = "the published file" if distance["generator"] == generator_id else "an earlier state of this run"
    is_fid = distance.get("name") == "FID"
    kin = (
        "It compares only with an FID of as many samples against the same pictures, resized alike."
        if is_fid
        else "It is not an FID and compares with none."
    )
    return (
        f"{'FID' if is_fid else 'Fréchet distance'} **{distance['value']:.2f}** over the features of "
        f"`{distance['features']}`, which resizes pictures by itself: {distance['samples']:,} samples against the "
        f"{distance['reference']}. Real against real is {distance['floor']:.2f} with {distance['floor_pictures']:,} "
        f"pictures each. {kin} Measured on {measured_on} with\n\n    {distance['command']}"
    )


def _beyond_distance(measured: dict | None) -> str:
    """What the same command says beside the distance."""
    if not measured:
        return ""
    floor, spectrum, colour = measured["floor"], measured["spectrum"], measured["colour"]
    return (
        f"Over the same features, precision **{measured['precision']:.2f}** and recall **{measured['recall']:.2f}**: the share "
        "of samples that fall among real faces, and of real faces that fall among samples "
        f"(k = {measured['neighbours']}, {measured['pictures']:,} of each; Kynkäänniemi et al. 2019). Real against real they "
        f"are {floor['precision']:.2f} and {floor['recall']:.2f} with {floor['pictures']:,} each. A sample among real faces "
        "can still be broken where these features do not look.\n\n"
        f"{_held_out(measured.get('held_out'))}{_memorisation(measured['memorisation'])}\n\n"
        f"Up to {facts.SPECTRUM_UP_TO:g} of the Nyquist frequency the power spectrum is at most {abs(spectrum['decibels']):.1f} dB "
        f"off that of real pictures ({'more' if spectrum['decibels'] > 0 else 'less'} detail at {spectrum['at']:.2f}), and the "
        f"colours are at most {colour['levels']:.1f} of 255 grey levels off ({colour['channel']}); real against real "
        f"{abs(floor['spectrum']['decibels']):.1f} dB and {floor['colour']['levels']:.1f}."
    )


def _held_out(against: dict | None) -> str:
    """The same figures against pictures that the generator has not learned from, as a Markdown table."""
    if not against:
        return ""
    rows = "\n".join(f"| {' | '.join(row)} |" for row in held_out_rows(against))
    return (
        f"Those are pictures that it has learned from. Here are {against['pictures']:,} held-out ones beside as many of them; to "
        "fewer pictures the distance is larger, so these figures compare with each other only:\n\n"
        f"| | distance | precision | recall |\n|---|---|---|---|\n{rows}\n\n"
    )


def held_out_rows(against: dict) -> list[tuple[str, ...]]:
    """What was compared with what, and distance, precision and recall, as words; of several sets lowest and highest."""
    count, training = f"{against['pictures']:,}", against["training"]
    compared = (
        (f"samples against {count} held-out pictures", [against["held_out"]]),
        (f"against {count} training pictures ({len(training)} such sets)", training),
        (f"training pictures against those {count} held-out ones", [against["real"]]),
    )
    return [
        (which, *(_range([of[name] for of in sets], decimals) for name, decimals in _DECIMALS.items()))
        for which, sets in compared
    ]


def _range(numbers: list[float], decimals: int) -> str:
    lowest, highest = (f"{number:.{decimals}f}" for number in (min(numbers), max(numbers)))
    return lowest if lowest == highest else f"{lowest} to {highest}"


def _memorisation(memory: dict | None) -> str:
    if not memory:
        return "Learned by heart? Too few pictures were held out to say."
    by_chance = f"{100 * facts.NEAREST_SHARE:.0f} %"
    return (
        f"Learned by heart? **{100 * memory['share_nearer']:.1f} %** of {memory['pictures']:,} samples are nearer to one of "
        f"{memory['training_pictures']:,} training pictures, either way round, than the nearest {by_chance} of as many "
        f"held-out faces are. About {by_chance} is what a generator that copies nothing would give; much less says that its "
        f"faces lie farther out than real ones: the medians are {memory['median_samples']:.2f} for samples and "
        f"{memory['median_held_out']:.2f} for held-out faces. {memory['held_out_copies']:,} held-out faces were left out: they "
        "lie as near as only copies of training pictures do. All of this is about copies of pictures, in these features; "
        "it is no proof that no sample looks like somebody."
    )


def people(measured: dict | None) -> str:
    """Shares of apparent ages and genders as Markdown tables, as benchmarks/people.py measures them."""
    if not measured:
        return ""
    said = [
        f"Whom they look like, guessed for {measured['samples']:,} samples of generator `{measured['generator']}` by a "
        "linear probe on the same features, and for held-out real faces by the same probe, so that its errors are in both:"
    ]
    for trait in ("age", "gender"):
        names, real, samples = list(measured[trait]["real"]), measured[trait]["real"], measured[trait]["samples"]
        said.append(
            "\n".join(
                [
                    f"| apparent {trait} | {' | '.join(names)} |",
                    "|---" * (len(names) + 1) + "|",
                    f"| real faces | {' | '.join(f'{100 * real[name]:.1f} %' for name in names)} |",
                    f"| samples | {' | '.join(f'{100 * samples[name]:.1f} %' for name in names)} |",
                ]
            )
        )
    errors = [f"{trait} is wrong for {100 * measured[trait]['error']:.0f} %" for trait in ("age", "gender")]
    return (
        "\n\n".join(said) + f"\n\nThe probe's {' and '.join(errors)} of {measured['age']['tested_on']:,} real faces "
        "that it was not fitted on; apparent gender is what the data set's labels call male and female."
    )


def _critic(critic: dict | None) -> str:
    if not critic:
        return ""
    half = critic["n"] // 2
    return (
        f"The discriminator as a critic: AUROC **{critic['auroc']:.3f}**, Brier score {critic['brier']:.3f} on "
        f"{half:,} held-out pictures and {half:,} samples, calibrated on as many others. It knows this "
        "generator and pictures like its training data, nothing else."
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

The faces are of nobody, but look like the training pictures: with their ages, skin tones, poses and
photographic style in their proportions, and with their gaps. Nobody should be judged, identified or deceived with them.

{failures}

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
{start}- Recipe `{recipe}`, with

{commands}

What a command does not name is under `training.settings` in config.json; another version may have other defaults.

![Losses and accuracies](curves.png)

![The same 16 faces through the training](timeline.webp)
"""

_STARTED = "- {who} from generator `{generator}`, which had been shown {pictures:,} pictures of {data}.\n"

_QUALITY_PICTURE = (
    "![Precision and recall, nearest training pictures, power spectra and colours, samples beside real faces]"
    f"({weights.QUALITY})"
)

_LICENSE = """These weights, and the pictures made with them that lie beside them, were trained on pictures from
{data}{also}.

They may be used as those pictures may be used, and no further. Where the pictures are for non-commercial research
only (UTKFace and CelebA are), so are these weights and everything made with them. They come without any warranty.
"""
