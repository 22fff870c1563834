"""The about tab: what this is, how it learned, how good it is, its limits, privacy and licence."""

import html
import io
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import gradio as gr
from PIL import Image

from gan.cards.fact import Fact
from gan.parts import part
from gan.serve import WEIGHTS
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge
from gan.serve.models import Models
from gan.serve.page.components import Player, data_url, outer_address, static

ROOT = WEIGHTS.parent  # of the checkout, which a Space holds in the same order


class About:
    """The tab's components, filled when it is first looked at: the timeline is the largest thing on the page."""

    tab = "about"

    def __init__(self, models: Models, judge: Judge):
        self.models, self.judge = models, judge
        with gr.Column(elem_id="about"):
            gr.HTML(part("about-intro.html"), js_on_load=None)
            self.timeline = Player("timeline")
            self.text = gr.HTML("", js_on_load=None)
        self.outputs = [self.timeline, self.text]
        self.main = self.text

    def render(self, weights: str) -> list:
        """About the weights with that id, or the current ones if it is not loaded."""
        model = self.models.of(weights)
        return [timeline(model), about(model, self.judge)]


@lru_cache(maxsize=4)
def timeline(model: FaceModel) -> dict | None:
    """The value of the player: the animation, and its last picture, the finished faces, where nothing may move."""
    path = model.folder / "timeline.webp"
    if not path.is_file():
        return None
    last = io.BytesIO()
    with Image.open(path) as picture:
        picture.seek(picture.n_frames - 1)
        picture.convert("RGB").save(last, "WEBP")
    return {
        "src": data_url(path.read_bytes(), "image/webp"),
        "still": data_url(last.getvalue(), "image/webp"),
        "alt": "The same sixteen faces through the training",
        "name": f"{model.name.replace('/', '-')}-timeline.webp",
    }


@lru_cache(maxsize=4)
def about(model: FaceModel, judge: Judge) -> str:
    """The text below the timeline as HTML: everything about weights and detector comes from their folders."""
    curves = _chart(
        model.folder / "curves.png",
        "Curves of the training: losses, the critic's accuracies, and the distance to real faces",
    )
    quality = _chart(
        model.folder / "quality.png",
        "Samples beside real faces: precision and recall, distances to the nearest training picture, power spectra, "
        "colours",
    )
    return static("about.html").format(
        facts=_list(model.facts),
        # a picture alone was left by a measurement of other weights
        curves=curves + (quality if "quality" in (model.config.get("metrics") or {}) else ""),
        verdicts=_list(judge.facts) + _table(judge.table),
        detector=_chart(
            judge.folder / "detector.png",
            "The detector: AUROC by degradation and by generator, and how reliable its probabilities are",
        ),
        cards=_links(
            "With all commands",
            [
                (model.folder / "README.md", f"the model card of {model.name}"),
                (judge.folder / "README.md", "the card of the detector"),
            ],
        ),
        shape=part("about-shape.html") if model.along().of else "",
        manual=_links("How to, with examples", [(ROOT / "docs" / "training.md", "the manual")]),
    )


def _links(words: str, documents: list[tuple[Path, str]]) -> str:
    """A line of links to documents of ours: on a Space to its repo, which shows them; elsewhere to the files."""
    links, space = [], outer_address()
    for path, name in documents:
        if space and path.is_relative_to(ROOT):
            target = f'href="{space}/blob/main/{path.relative_to(ROOT).as_posix()}"'
        elif path.is_file():
            file = f"{path.parent.name}-{path.name}" if path.name == "README.md" else path.name
            target = f'download="{html.escape(file)}" href="{data_url(path.read_bytes(), "text/markdown")}"'
        else:
            continue
        links.append(f"<a {target}>{html.escape(name)}</a>")
    return f"<p>{words}: {' · '.join(links)}.</p>" if links else ""


def _list(said: Iterable[Fact]) -> str:
    items = "".join(
        f"<dt>{html.escape(fact.name)}</dt><dd>{html.escape(fact.sentence)}{_table(fact.table)}</dd>" for fact in said
    )
    return f"<dl>{items}</dl>"


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    """Rows of text, the header first; one that is too wide scrolls."""
    if not rows:
        return ""
    header, *body = (
        "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)
        for tag, row in zip(("th", *["td"] * (len(rows) - 1)), rows)
    )
    lines = "".join(f"<tr>{row}</tr>" for row in body)
    return f'<div class="wide"><table><thead><tr>{header}</tr></thead><tbody>{lines}</tbody></table></div>'


def _chart(path: Path, alt: str) -> str:
    return f'<img class="chart" src="{data_url(path.read_bytes())}" alt="{alt}">' if path.is_file() else ""
