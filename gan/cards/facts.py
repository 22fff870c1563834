"""Facts about a generator: config → facts, each worded once, for model card, page and printed summary."""

from gan.cards.fact import Fact
from gan.model.config import CONFIG, config_errors

# constants of gan.train.measure that the sentences name
SPECTRUM_UP_TO = 0.8  # of the Nyquist frequency: above it, the reference shows little but its resize filter
NEAREST_SHARE = 0.01  # of held-out faces: samples nearer to a training picture than these are suspicious


def of_generator(config: dict, generator_id: str, name: str = "") -> list[Fact]:
    """All facts about a generator, in the order in which they are shown.

    Args:
        config: config.json of its weights folder; parts that it lacks are not mentioned.
        generator_id: the first 12 hex digits of the sha256 of its file.
        name: what people call these weights, if anything.

    Raises:
        UserError: the config is malformed; with one sentence. Nothing else is raised, whatever the config holds.
    """
    return [
        *of_model(config, generator_id, name),
        *of_training(config),
        *of_metrics(config.get("metrics"), generator_id),
    ]


def of_model(config: dict, generator_id: str, name: str = "") -> list[Fact]:
    """Which faces, from which file. Raises UserError, see `of_generator`."""
    with config_errors(f"“model” in {CONFIG}"):
        model = config.get("model")
        size = f"{model['resolution']} × {model['resolution']} px" if model else ""
        faces = [Fact("Faces", f"{size}, each from {model['latent_dim']} random numbers.")] if model else []
        return [*faces, Fact("Weights", f"{f'{name}, ' if name else ''}generator {generator_id}.")]


def of_training(config: dict) -> list[Fact]:
    """From what it was trained, and how. Raises UserError, see `of_generator`."""
    with config_errors(f"“training” in {CONFIG}"):
        training = config.get("training")
        if not training:
            return []
        facts = [
            Fact(
                "Learned from",
                f"{training['pictures_in_data']:,} pictures from {training['data']}; "
                f"{training['held_out']:,} more were held out.",
            ),
            Fact(
                "Training",
                f"{training['pictures']:,} pictures shown in {training['steps']:,} of {training['planned_steps']:,} "
                f"steps, {training['hours']:.1f} hours on {training['hardware']}, recipe {training['recipe']}.",
            ),
        ]
        started = [
            f"generator {of['generator']}, which had been shown {of['pictures']:,} pictures of {of['data']}"
            for of in ancestors(training)
        ]
        return facts + ([Fact("Started from", f"{'; that one from '.join(started)}.")] if started else [])


def ancestors(training: dict) -> list[dict]:
    """The generators that a run started from, the nearest first."""
    found, started = [], training.get("started_from")
    while started:
        found.append(started)
        started = started.get("started_from")
    return found


def of_metrics(metrics: dict | None, generator_id: str) -> list[Fact]:
    """What was measured. Raises UserError, see `of_generator`."""
    facts = []
    with config_errors(f"“metrics” in {CONFIG}"):
        for part, words in _MEASURED.items():
            measured = (metrics or {}).get(part)
            if measured:
                of = measured["generator"]
                other = "" if of == generator_id else f" Measured on generator {of}, an earlier state of this run."
                facts += [fact._replace(sentence=fact.sentence + other) for fact in words(measured)]
    return facts


def _distance(distance: dict) -> list[Fact]:
    is_fid = distance.get("name") == "FID"
    return [
        Fact(
            "Distance to real faces",
            f"{'FID' if is_fid else 'Fréchet distance'} {distance['value']:.2f} over the features of "
            f"{distance['features']}{'' if is_fid else ' (not an FID)'}: {distance['samples']:,} samples against the "
            f"{distance['reference']}. Real against real it is {distance['floor']:.2f}, with "
            f"{distance['floor_pictures']:,} pictures each.",
            "The feature network resizes pictures itself. Compare the distance only with one over the same features, "
            "the same pictures resized alike, and as many samples.",
        )
    ]


def _quality(quality: dict) -> list[Fact]:
    """The figures beside the distance; one that has no words here is shown as raw numbers."""
    facts, floor = [fact for words in _FIGURES for fact in words(quality)], quality["floor"]
    for name in quality:
        if name not in _WORDED:
            real = f" (real against real {_value(floor[name])})" if name in floor else ""
            facts.append(Fact(name.replace("_", " ").capitalize(), f"{_value(quality[name])}{real}."))
    return facts


def _value(figure) -> str:
    return ", ".join(f"{name} {value}" for name, value in figure.items()) if isinstance(figure, dict) else str(figure)


def _precision_recall(quality: dict) -> list[Fact]:
    floor = quality["floor"]
    return [
        Fact(
            "Precision and recall",
            f"{100 * quality['precision']:.0f} % of samples fall among real faces (precision "
            f"{quality['precision']:.3f}), {100 * quality['recall']:.0f} % of real faces among samples (recall "
            f"{quality['recall']:.3f}). Real against real they are {floor['precision']:.3f} and "
            f"{floor['recall']:.3f}, with {floor['pictures']:,} pictures each.",
            f"Measured over the same features, with k = {quality['neighbours']} and {quality['pictures']:,} of each "
            "(Kynkäänniemi et al. 2019). A sample among real faces can still be broken where these features do not "
            "look.",
        )
    ]


def _held_out(quality: dict) -> list[Fact]:
    """Samples against pictures that the generator has not learned from."""
    against = quality.get("held_out")
    if not against:
        return []
    count, training = f"{against['pictures']:,}", against["training"]
    compared = (
        (f"samples against {count} held-out pictures", [against["held_out"]]),
        (f"samples against {count} training pictures ({len(training)} such sets)", training),
        (f"training pictures against those {count} held-out ones", [against["real"]]),
    )
    decimals = {"frechet_distance": 2, "precision": 3, "recall": 3}
    rows = [
        (which, *(_range([of[name] for of in sets], digits) for name, digits in decimals.items()))
        for which, sets in compared
    ]
    return [
        Fact(
            "Held-out pictures",
            "The generator has not learned from these.",
            "With fewer pictures the distance is larger, so these figures compare only with each other.",
            (("", "distance", "precision", "recall"), *rows),
        )
    ]


def _range(numbers: list[float], decimals: int) -> str:
    lowest, highest = (f"{number:.{decimals}f}" for number in (min(numbers), max(numbers)))
    return lowest if lowest == highest else f"{lowest} to {highest}"


def _memorisation(quality: dict) -> list[Fact]:
    memory, share = quality["memorisation"], f"{100 * NEAREST_SHARE:.0f} %"
    if not memory:
        return [Fact("Memorisation", "Not measured: too few pictures were held out.")]
    return [
        Fact(
            "Memorisation",
            f"{100 * memory['share_nearer']:.1f} % of {memory['pictures']:,} samples are nearer to one of "
            f"{memory['training_pictures']:,} training pictures than the nearest {share} of held-out pictures are. "
            f"Without copying it would be about {share} or less.",
            f"Much less means that samples lie farther out than real faces: the median distances are "
            f"{memory['median_samples']:.2f} for samples and {memory['median_held_out']:.2f} for held-out pictures. "
            f"Mirrored pictures count as well. {memory['held_out_copies']:,} held-out pictures were left out as copies "
            "of training pictures. This is about copies of pictures, in these features: a sample can still look like "
            "somebody.",
        )
    ]


def _spectrum(quality: dict) -> list[Fact]:
    spectrum, floor = quality["spectrum"], quality["floor"]["spectrum"]
    return [
        Fact(
            "Power spectrum",
            f"Up to {SPECTRUM_UP_TO:g} of the Nyquist frequency it is at most {abs(spectrum['decibels']):.1f} dB off "
            f"that of real pictures ({'more' if spectrum['decibels'] > 0 else 'less'} detail at {spectrum['at']:.2f}); "
            f"real against real {abs(floor['decibels']):.1f} dB.",
        )
    ]


def _colour(quality: dict) -> list[Fact]:
    colour, floor = quality["colour"], quality["floor"]["colour"]
    return [
        Fact(
            "Colours",
            f"At most {colour['levels']:.1f} of 255 grey levels off ({colour['channel']}); real against real "
            f"{floor['levels']:.1f}.",
        )
    ]


def _critic(critic: dict) -> list[Fact]:
    half = critic["n"] // 2
    return [
        Fact(
            "Critic",
            f"AUROC {critic['auroc']:.3f}, Brier score {critic['brier']:.3f} on {half:,} held-out pictures and "
            f"{half:,} samples.",
            "The critic is the discriminator, its logits scaled on as many other pictures (Platt 1999). It knows this "
            "generator and pictures like its training data, nothing else.",
        )
    ]


def _people(people: dict) -> list[Fact]:
    """Apparent age and gender, as benchmarks/people.py measures them."""
    return [
        Fact(
            f"Apparent {trait}",
            f"Guessed for {people['samples']:,} samples. The guess is wrong for {100 * people[trait]['error']:.0f} % "
            f"of {people[trait]['tested_on']:,} held-out real faces.",
            f"A linear probe on the same features, not fitted on those faces, guesses for real faces as well, so that "
            f"its errors are in both columns.{meaning}",
            (
                (f"apparent {trait}", "real faces", "samples"),
                *(
                    (name, *(f"{100 * people[trait][kind][name]:.1f} %" for kind in ("real", "samples")))
                    for name in people[trait]["real"]
                ),
            ),
        )
        for trait, meaning in (("age", ""), ("gender", " The labels of the data set say male and female."))
    ]


def _attributes(attributes: dict) -> list[Fact]:
    """What the sliders of a look move, as gan.train.attributes learned it."""
    training, labels = attributes["training"], attributes["labels"]
    # straight directions, those before, say "linear" instead
    told, of_what = (attributes["told"], "told by") if "told" in attributes else (attributes["linear"], "linear in")
    return [
        Fact(
            "Attributes",
            f"A network learned the labels of {training['faces']:,} faces from {' and '.join(training['data'])}, "
            f"{training['held_out']:,} more were held out, and guessed those of {attributes['samples']:,} samples. "
            f"{training['minutes']:g} minutes on {training['hardware']}.",
            "They are guesses about looks, made from what people wrote about pictures, and say nothing about people. "
            "The table gives shares of the variance (R²): of the held-out labels that the network explains, and of "
            f"what it sees in samples that is {of_what} the latent. What nobody labelled is measured in the picture. "
            f"Learned with `{training['command']}`.",
            (
                ("attribute", "held-out labels", f"{of_what} the latent"),
                *(
                    (name, f"{labels[name]:.2f}" if name in labels else "measured", f"{share:.2f}")
                    for name, share in told.items()
                ),
            ),
        )
    ]


def _seeds(seeds: dict) -> list[Fact]:
    """How the seed index was made by gan.train.seeds."""
    training = seeds["training"]
    if "init_from" in training:
        learned = f"with the face descriptor of {training['init_from']}"
    else:
        learned = (
            f"by a network that learned who looks like whom from {training['photographs']:,} photographs of "
            f"{' and '.join(training['data'])} and their labels"
        )
    return [
        Fact(
            "Seed index",
            f"The faces of {seeds['seeds']:,} seeds were described {learned}. {training['minutes']:g} minutes on "
            f"{training['hardware']}.",
            "The page finds the seeds whose faces look most like a photo, and recognises a picture of a seed. It finds "
            f"lookalikes and identifies nobody. Made with `{training['command']}`.",
        )
    ]


_FIGURES = (_precision_recall, _held_out, _memorisation, _spectrum, _colour)
# what these say, and what belongs to no figure of its own
_WORDED = {
    *("precision", "recall", "held_out", "memorisation", "spectrum", "colour"),
    *("generator", "neighbours", "pictures", "floor"),
}
_MEASURED = {
    "frechet_distance": _distance,
    "quality": _quality,
    "critic": _critic,
    "people": _people,
    "attributes": _attributes,
    "seeds": _seeds,
}
