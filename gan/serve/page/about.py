"""The about tab: what this is, how it learned, how good it is, whose pictures, what is promised."""

import html
from functools import lru_cache
from pathlib import Path

import gradio as gr

from gan.model import detector
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge
from gan.serve.models import Models
from gan.serve.page.components import data_url


class About:
    """One component, filled when it is first looked at: the learning timeline is the largest thing on the page."""

    tab = "about"

    def __init__(self, models: Models, judge: Judge):
        self.models, self.judge = models, judge
        self.text = gr.HTML("", elem_id="about", js_on_load=None)
        self.outputs = [self.text]
        self.main = self.text

    def render(self, weights: str) -> list:
        """About the weights with that id, or the current ones where it is not at hand."""
        return [about(self.models.of(weights), self.judge)]


@lru_cache(maxsize=4)
def about(model: FaceModel, judge: Judge) -> str:
    """The tab as HTML; everything that is said about weights and detector comes out of their folders."""
    training, metrics = model.config.get("training", {}), model.config.get("metrics", {})
    distance, quality = metrics.get("frechet_distance"), metrics.get("quality")
    facts = [
        ("Faces", f"{model.resolution} × {model.resolution} px, from {model.latent_dim} random numbers each"),
        ("Weights", f"{model.name}, generator {model.id}"),
    ]
    if training:
        facts += [
            (
                "Learned from",
                f"{training['pictures_in_data']:,} pictures from {training['data']}; "
                f"{training['held_out']:,} more were held out",
            ),
            (
                "Training",
                f"{training['pictures']:,} pictures shown in {training['hours']:.1f} hours on {training['hardware']}, "
                f"recipe {training['recipe']}{_start(training.get('started_from'))}",
            ),
        ]
    if distance:
        name, kin = ("FID", "") if distance.get("name") == "FID" else ("Fréchet distance", "; not an FID")
        facts.append(
            (
                "Distance to real faces",
                f"{name} {distance['value']:.2f} over {distance['features']} "
                f"({distance['samples']:,} samples; real against real {distance['floor']:.2f}){kin}",
            )
        )
    if quality:
        facts += beyond_distance(quality)
    if model.calibration:
        c = model.calibration
        facts.append(
            (
                "The critic",
                f"AUROC {c['auroc']:.3f}, Brier score {c['brier']:.3f} on {c['n']:,} pictures, half of "
                "them real faces that were held out",
            )
        )
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(fact)}</dd>" for name, fact in facts)
    return _TEXT.format(
        facts=f"<dl>{rows}</dl>",
        timeline=_picture(model.folder / "timeline.webp", "image/webp", "The same sixteen faces through the training"),
        verdicts=verdicts(judge.config),
        detector=_picture(
            judge.folder / "detector.png",
            "image/png",
            "The detector: AUROC after changes to the pictures and by generator, and what its probabilities are worth",
        ),
        curves=_picture(
            model.folder / "curves.png",
            "image/png",
            "Curves of the training: losses, the critic's accuracies, and the distance to real faces",
        )
        + (
            _picture(
                model.folder / "quality.png",
                "image/png",
                "Samples beside real faces: precision and recall, distances to the "
                "nearest training picture, power spectra, colours",
            )
            if quality
            else ""
        ),
    )


def _start(started: dict | None) -> str:
    """What a run started from, what that had started from, and so on."""
    return (
        (
            f", from generator {started['generator']} on, which had been shown {started['pictures']:,}"
            f"{_start(started.get('started_from'))}"
        )
        if started
        else ""
    )


def beyond_distance(quality: dict) -> list[tuple[str, str]]:
    """What was measured beside the distance, a name and a sentence each."""
    floor, memory = quality["floor"], quality["memorisation"]
    precision, recall, real_precision, real_recall = (
        f"{100 * of[name]:.0f} %" for of in (quality, floor) for name in ("precision", "recall")
    )
    return [
        (
            "Precision and recall",
            f"{precision} of the samples fall among real faces, {recall} of real faces among samples "
            f"(real against real {real_precision} and {real_recall})",
        ),
        (
            "Learned by heart",
            f"{100 * memory['share_nearer']:.1f} % of {memory['pictures']:,} samples are nearer to a training "
            "picture than the nearest 1 % of held-out faces are; without copying, about 1 % or less would be"
            if memory
            else "not measured: too few pictures were held out",
        ),
    ]


def verdicts(config: dict) -> str:
    """How good the verdicts of "Real or fake" are, as a table: what is changed, one kind of pictures, one generator a line."""
    report = config["report"]
    rows = "".join(
        f"<tr><td>{html.escape(words)}</td><td>{of['auroc']:.3f}</td>"
        + "".join(
            f"<td>{100 * of[share]:.1f} %</td>"
            for share in ("real_called_generated", "generated_called_real", "cannot_tell")
        )
        + "</tr>"
        for words, of in detector.described(report)
    )
    error = report["calibration_error"]
    figures = ", ".join(
        f"{words} {of['value']:.3f} ({of['interval'][0]:.3f} to {of['interval'][1]:.3f})"
        for words, of in ((words, report["as_it_is"][name]) for name, words in _FIGURES.items())
    )
    return (
        f"<p>On {report['real']:,} real and {report['generated']:,} generated pictures that it was neither trained nor "
        f"calibrated on ({report['copies_left_out']} more were copies of training pictures and left out): {figures}, with 95 % "
        f"intervals. Its probabilities are off by {100 * error['after']:.1f} points on average (ECE; "
        f"{100 * error['before']:.1f} before calibration). How often a face is looked at (mirrored, in wider squares) was "
        "chosen on the same pictures, and how it was trained with a view to both halves, which makes all figures a little "
        "kind; the table has the half that it was calibrated on, too.</p>"
        '<div class="wide"><table><thead><tr><th>pictures</th><th>AUROC</th><th>real, called likely generated</th>'
        f"<th>generated, called likely real</th><th>can't tell</th></tr></thead><tbody>{rows}</tbody></table></div>"
        f"{_people(report.get('people'))}{_paragraph(detector.without_a_set(config))}"
    )


_FIGURES = {"auroc": "AUROC", "average_precision": "average precision", "accuracy": "accuracy at one half"}


def _people(measured: dict | None) -> str:
    """Whom it wrongs: real faces called likely generated, by age group and gender."""
    if not measured:
        return ""
    groups = [
        f"{html.escape(name)} {100 * of['called_generated']:.1f} % of {of['pictures']:,}"
        for trait in measured.values()
        for name, of in trait.items()
    ]
    return f"<p>Real faces that it calls likely generated, by age and gender as labelled: {', '.join(groups)}.</p>"


def _paragraph(sentence: str) -> str:
    return f"<p>{html.escape(sentence)}</p>" if sentence else ""


def _picture(path: Path, mime: str, alt: str) -> str:
    return f'<img src="{data_url(path.read_bytes(), mime)}" alt="{alt}">' if path.is_file() else ""


_TEXT = """
<h2>None of these people exist</h2>
<p>A small neural network, a <b>generator</b>, turns random numbers into a face. It learned that from a second one, a
<b>critic</b>, that tried to tell its faces from photographs. A <b>seed</b> picks the random numbers, so every face is a
number: the same number gives the same face, here, on your computer, and in ten years. A link holds the seeds, how far
they vary, and which weights made them, and nothing about you.</p>
<h3>How it learned</h3>
{timeline}
<h3>In figures</h3>
{facts}
<h3>How good the verdicts are</h3>
{verdicts}
{detector}
<h3>The curves</h3>
{curves}
<h3>What this is not</h3>
<ul><li>Not meant to be anybody: a likeness to a living person can happen all the same.</li>
<li>Not fair: the faces have the ages, skin tones, poses and gaps of the pictures they were learned from.</li>
<li>Not perfect: some faces are broken; glasses, hands, hats and profiles are rarely right.</li>
<li>Not forensics: “Real or fake” knows small face GANs like ours, not diffusion models, and is wrong as often as it
says.</li></ul>
<p>Nobody should be judged, identified or deceived with these faces.</p>
<h3>Your pictures</h3>
<p>A picture that you upload is read once and deleted from the server seconds later; one that is never judged,
within minutes. Nothing is stored, logged or learned from. The faces that you keep are remembered by your browser alone.</p>
<h3>Licence</h3>
<p>The code is free (MIT). The weights, and the faces made with them, may be used as the pictures that they were learned
from: for the embedded weights that is non-commercial research only.</p>
<h3>Train your own</h3>
<pre>accelerate launch train_accelerate.py --train_data_dir PICTURES --output_dir runs/faces
SEEDFACES_MODEL=runs/faces/weights python app.py</pre>
"""
