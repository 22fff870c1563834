"""Facts about the detector, each worded once, and its model card and licence; from its config alone."""

from collections.abc import Iterator
from pathlib import Path

from gan.cards import detector_card, other_generators
from gan.cards.fact import Fact, as_markdown, markdown_table
from gan.cards.other_generators import percent
from gan.model import weights
from gan.model.config import CONFIG, config_errors


def save(folder: Path, config: dict) -> None:
    """Write README.md and LICENSE beside the detector.

    Raises:
        UserError: the config is malformed; with one sentence.
    """
    with config_errors(CONFIG):
        trainings = list(_trainings(config["training"]))
        sets = " and ".join(dict.fromkeys(name for training in trainings for name in training["data"]))
        text = detector_card.CARD.format(
            sets=sets,
            count=len({name for training in trainings for name in training["generators"]}),
            made="\n\nIt continued from an earlier detector:\n\n".join(map(_training, trainings)),
            facts="\n\n".join(map(as_markdown, of_detector(config))),
            table=markdown_table(table(config)),
            trust=trust(config),
            sources=_source_by_source(config),
            picture=weights.DETECTOR_PICTURE,
        )
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / "LICENSE").write_text(detector_card.LICENSE.format(sets=sets), encoding="utf-8")


def _source_by_source(config: dict) -> str:
    if "unseen" not in config:
        return ""
    rows = markdown_table(other_generators.table(config))
    return detector_card.SOURCES.format(table=rows, **config["unseen"]["training"])


def of_detector(config: dict) -> list[Fact]:
    """All facts about a detector except `trust` and `table`, in the order in which they are shown.

    Raises:
        UserError: the config is malformed; with one sentence. Nothing else is raised, whatever the config holds.
    """
    with config_errors(f"“report” in {CONFIG}"):
        report = config["report"]
        return [
            *_figures(report),
            Fact("Verdicts", f"{_errors(report)}."),
            *_calibration(config["calibration"], report),
            *_people(report.get("people")),
            *_unseen_data_set(config),
            *other_generators.facts(config),
            *_photos(report.get("photos")),
        ]


def trust(config: dict) -> str:
    """What the detector can and cannot know, as Markdown to be read in ten seconds; figures on pictures it never saw.

    Raises:
        UserError: the config is malformed; with one sentence.
    """
    with config_errors(f"“report” or “unseen” in {CONFIG}"):
        known = "**It recognises faces of its own generators.**"
        if "unseen" not in config:
            return f"{known} It knows no others, so it calls no face real. It is not a forensic tool."
        made, real = (
            {verdict: percent(share) for verdict, share in config["unseen"]["report"][kind].items()}
            for kind in ("generated", "real")
        )
        return (
            f"{known} Of other generators' faces it finds {made['likely_generated']}. The best look real to it, so it "
            f"says “can't tell” of most photographs, too ({real['cannot_tell']}). It calls {real['likely_generated']} "
            f"of photographs generated and {made['likely_real']} of such faces real. It is not a forensic tool."
        )


def _errors(report: dict) -> str:
    wrong = report["wrong"]
    return (
        "Asked only whether one of its own generators made a face, over all pictures as they are, with random "
        "degradations, and as faces in larger pictures, it takes "
        f"{100 * wrong['real_called_generated']:.1f} % of the real ones for generated and "
        f"{100 * wrong['generated_called_real']:.1f} % of the generated ones for real, and cannot tell for "
        f"{100 * wrong['cannot_tell']:.0f} %"
    )


def table(config: dict) -> tuple[tuple[str, ...], ...]:
    """A row for each change to the pictures, data set and generator, the header first.

    Raises:
        UserError: the config is malformed; with one sentence.
    """
    shares = ("real_called_generated", "generated_called_real", "cannot_tell")
    with config_errors(f"“report” in {CONFIG}"):
        rows = [
            (words, f"{of['auroc']:.3f}", *(f"{100 * of[share]:.1f} %" if share in of else "–" for share in shares))
            for words, of in _lines(config["report"])
        ]
    return ("pictures", "AUROC", "real, taken for generated", "generated, taken for real", "can't tell"), *rows


def _lines(report: dict) -> Iterator[tuple[str, dict]]:
    """Which pictures, and their figures."""
    for part, line in _LINES.items():
        for name, figures in report.get(part, {}).items():
            if "auroc" in figures:
                shown = {**figures, "not_found": f"{100 * figures.get('not_found', 0):.0f} %"}
                yield line.format(name=_NAMES.get(name, name), **shown), figures


# the parts of a report that compare pictures, and their lines in words
_LINES = {
    "changed": "{name}",
    "page": "{name} ({not_found} have no face of 40 px or more)",
    "other_half": "{name} (the half used for calibration)",
    "data_sets": "only the real pictures of {name}",
    "variations": "only faces with variation {name}",
    "generators": "only faces of generator {name} (AUROC of its own critic: {critic_auroc:.3f})",
    "unseen": "a generator it was not trained on: {name} "
    "({pictures_shown:,} pictures, Fréchet distance {frechet_distance})",
}
_NAMES = {
    "as it is": "all held-out pictures",
    "whole": "as the page judges them: face found and cropped",
    "cut_out": "each somewhere in a larger JPEG, then found and cropped",
}


def _trainings(training: dict) -> Iterator[dict]:
    """The trainings that made a detector, the last one first."""
    while isinstance(training, dict):
        yield training
        training = training["started_from"]


def _training(training: dict) -> str:
    """One training, and the generator whose discriminator it started from."""
    started = training["started_from"]
    return detector_card.TRAINING.format(**training) + (
        f"\n\nIt started from the discriminator of generator `{started}`." if isinstance(started, str) else ""
    )


def _figures(report: dict) -> list[Fact]:
    names = {"auroc": "AUROC", "average_precision": "average precision", "accuracy": "accuracy at one half"}
    figures = [
        f"{words} {of['value']:.3f} ({of['interval'][0]:.3f} to {of['interval'][1]:.3f})"
        for words, of in ((words, report["as_it_is"][name]) for name, words in names.items())
    ]
    return [
        Fact(
            "Measured on",
            f"{report['real']:,} real and {report['generated']:,} generated pictures that were used neither for "
            f"training nor for calibration. {report['copies_left_out']:,} more were left out as copies of training "
            "pictures.",
        ),
        Fact("On these pictures as they are", f"{', '.join(figures)}, with 95 % intervals (bootstrap)."),
        Fact(
            "Caveat",
            "How each face is presented (mirrored, in wider squares) was chosen on the same pictures, and the "
            "training was tuned with both halves in view, so these figures are slightly optimistic. The table also "
            "shows the half used for calibration.",
        ),
    ]


def _calibration(calibration: dict, report: dict) -> list[Fact]:
    error = report["calibration_error"]
    return [
        Fact(
            "Calibration",
            f"Platt scaling and the two thresholds (generated from {calibration['generated_from']:.2f}, "
            f"real up to {calibration['real_up_to']:.2f}) were fitted on {report['calibrated_on']:,} other pictures, "
            "real and generated: as they are, with random degradations, and as faces in larger pictures. On the "
            f"pictures measured, over all three, probabilities are off by {100 * error['after']:.1f} points on average "
            f"(expected calibration error {error['after']:.3f}; {error['before']:.3f} before scaling).",
        )
    ]


def _people(measured: dict | None) -> list[Fact]:
    """Real faces called likely generated, by age group and gender, as benchmarks/detector.py measures them."""
    if not measured:
        return []
    return [
        Fact(
            "Errors by age and gender",
            "Real faces that it calls likely generated, by the labels of the data set.",
            table=(
                ("", "pictures", "called likely generated"),
                *(
                    (name, f"{of['pictures']:,}", f"{100 * of['called_generated']:.1f} %")
                    for trait in measured.values()
                    for name, of in trait.items()
                ),
            ),
        )
    ]


def _unseen_data_set(config: dict) -> list[Fact]:
    """Verdicts on the real faces of a data set that this detector, or the nearest before it, was not trained on."""
    found = [(config["report"].get("unseen_data_set"), "it")] + [
        (training.get("unseen_data_set"), "an earlier detector, from which this one continued,")
        for training in list(_trainings(config["training"]))[1:]
    ]
    return [
        Fact(
            "Without a data set",
            f"Trained once more without {measured['name']}, {who} called {100 * measured['real_called_generated']:.1f} "
            f"% of {measured['pictures']:,} real faces from there likely generated, and could not tell for "
            f"{100 * measured['cannot_tell']:.1f} %.",
        )
        for measured, who in found
        if measured
    ][:1]


def _photos(measured: dict | None) -> list[Fact]:
    if not measured:
        return []
    threads = f"{measured['threads']} thread{'s' if measured['threads'] > 1 else ''}"
    return [
        Fact(
            "Photos",
            f"In {measured['photos']} photos of 12 megapixels, each with a held-out face of 15 to 50 % of its height "
            f"on a plain background, {measured['faces_found']} faces were found. Reading a photo took "
            f"{measured['milliseconds_decoding']} ms, finding and judging the face {measured['milliseconds_verdict']} "
            f"ms (medians, {threads}).",
        )
    ]
