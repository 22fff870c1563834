"""The about tab: what this is, how it learned, how good it is, its limits, privacy and licence."""

import html
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import gradio as gr

from gan.cards.fact import Fact
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge
from gan.serve.models import Models
from gan.serve.page.components import data_url, static


class About:
    """One component, filled when it is first looked at: the learning timeline is the largest thing on the page."""

    tab = "about"

    def __init__(self, models: Models, judge: Judge):
        self.models, self.judge = models, judge
        self.text = gr.HTML("", elem_id="about", js_on_load=None)
        self.outputs = [self.text]
        self.main = self.text

    def render(self, weights: str) -> list:
        """About the weights with that id, or the current ones if it is not loaded."""
        return [about(self.models.of(weights), self.judge)]


@lru_cache(maxsize=4)
def about(model: FaceModel, judge: Judge) -> str:
    """The tab as HTML: everything about weights and detector comes from their folders."""
    curves = _picture(
        model.folder / "curves.png",
        "image/png",
        "Curves of the training: losses, the critic's accuracies, and the distance to real faces",
    )
    quality = _picture(
        model.folder / "quality.png",
        "image/png",
        "Samples beside real faces: precision and recall, distances to the nearest training picture, power spectra, "
        "colours",
    )
    return static("about.html").format(
        facts=_list(model.facts),
        timeline=_picture(model.folder / "timeline.webp", "image/webp", "The same sixteen faces through the training"),
        verdicts=_list(judge.facts) + _folded(judge.table),
        detector=_picture(
            judge.folder / "detector.png",
            "image/png",
            "The detector: AUROC by degradation and by generator, and how reliable its probabilities are",
        ),
        # a picture alone was left by a measurement of other weights
        curves=curves + (quality if "quality" in (model.config.get("metrics") or {}) else ""),
    )


def _list(said: Iterable[Fact]) -> str:
    items = "".join(
        f"<dt>{html.escape(fact.name)}</dt><dd>{html.escape(fact.sentence)}{_folded(fact.table)}</dd>" for fact in said
    )
    return f"<dl>{items}</dl>"


def _folded(rows: tuple[tuple[str, ...], ...]) -> str:
    """A table behind a click: on a phone each is longer than the screen."""
    return f"<details><summary>Figures</summary>{_table(rows)}</details>" if rows else ""


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    """Rows of text, the header first; wide ones scroll."""
    header, *body = (
        "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)
        for tag, row in zip(("th", *["td"] * (len(rows) - 1)), rows)
    )
    lines = "".join(f"<tr>{row}</tr>" for row in body)
    return f'<div class="wide"><table><thead><tr>{header}</tr></thead><tbody>{lines}</tbody></table></div>'


def _picture(path: Path, mime: str, alt: str) -> str:
    return f'<img src="{data_url(path.read_bytes(), mime)}" alt="{alt}">' if path.is_file() else ""
