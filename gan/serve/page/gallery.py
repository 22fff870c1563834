"""The gallery tab: many faces, one face large, and the faces that a visitor keeps."""

import html
import random
import time
from itertools import islice

import gradio as gr

from gan.link import SEED_LIMIT, SEEDS, WEIGHTS, View, decode, encode, format_seeds, parse_seeds
from gan.model.look import Look
from gan.serve import files
from gan.serve.faces import FaceModel
from gan.serve.models import Models
from gan.serve.page.chooser import Chooser, choices
from gan.serve.page.components import FaceCard, Faces, Kept, data_url
from gan.serve.page.inputs import bounded, clean, seed_of
from gan.serve.page.sliders import LookSliders, Slider, in_words, look_of, values_of

MOST = SEEDS["gallery"][1]
SURPRISE_BELOW = 1_000_000  # short enough to read out


def face_list(model: FaceModel, seeds, look: Look) -> list[dict]:
    """The value of a grid of faces: `{seed, src}` for each."""
    seeds = tuple(seeds)
    return [
        {"seed": seed, "src": data_url(files.png(face, files.origin([seed], look, model.id)))}
        for seed, face in zip(seeds, model.faces(seeds, look) if seeds else [])
    ]


class Gallery:
    """The tab's components, their values for a view, and the views that its controls ask for."""

    tab = "gallery"

    def __init__(self, models: Models):
        self.models = models
        with gr.Row(elem_classes="above"):
            self.heading = gr.HTML("", elem_id="gallery-heading", js_on_load=None)
            self.chooser = Chooser(elem_id="gallery-chooser")
        self.grid = Faces("gallery-faces", "Gallery")
        with gr.Row(elem_classes="buttons"):
            self.previous = gr.Button("← Previous", min_width=0)
            self.surprise = gr.Button("Surprise me", variant="primary", min_width=0)
            self.next = gr.Button("Next →", min_width=0)
        with gr.Row(equal_height=True):
            self.look = LookSliders("gallery").sliders
            self.count = Slider(
                1, MOST, 16, step=1, label="How many", info="Faces at once", min_width=240, elem_id="gallery-count"
            )
        with gr.Row(equal_height=True):
            self.seeds = gr.Textbox(
                "0",
                label="Seeds",
                info="The first one, or a list: 12, 40-55, 1003",
                min_width=200,
                max_lines=1,
                scale=4,
                elem_id="gallery-seeds",
            )
            self.show = gr.Button("Show", min_width=100, scale=1)
        with gr.Row(elem_classes="buttons"):
            self.sheet = gr.Button("Download as one PNG", min_width=0, size="sm")
            self.zip = gr.Button("Download all as ZIP", min_width=0, size="sm")
        self.card = FaceCard()
        self.kept = Kept()  # in the visitor's order
        with gr.Column(visible=False, elem_id="tray") as self.tray:
            gr.Markdown("### Your own gallery")
            self.kept_before = gr.HTML("", elem_id="kept-before", js_on_load=None)
            self.kept_faces = Faces("kept-faces", "Kept faces", sortable=True)
            with gr.Row(elem_classes="buttons"):
                self.show_kept = gr.Button("Show them", variant="primary", min_width=0, size="sm")
                self.morph_kept = gr.Button("Morph them", min_width=0, size="sm")
                self.clear_kept = gr.Button("Clear", min_width=0, size="sm")
        self.outputs = [self.seeds, self.count, *self.look, self.heading, self.chooser, self.grid, self.previous]
        self.main = self.grid

    def render(self, view: View) -> list:
        """Values for `outputs`."""
        seeds, count, model = view.seeds, len(view.seeds), self.models.of(view.weights)
        consecutive = seeds == tuple(range(seeds[0], seeds[0] + count))
        # the heading shows the number of seeds
        heading = (
            f"<div role='status'><h2>{'Seed' if count == 1 else 'Seeds'} {format_seeds(seeds, ', ').replace('-', '–')}"
            f"{f' of {SEED_LIMIT:,}' if consecutive else ''}</h2>"
            f"<p>{model.resolution} px · {in_words(view.look)} · weights {model.id}</p></div>"
        )
        return [
            str(seeds[0]) if consecutive else format_seeds(seeds, ", "),
            count,
            *values_of(view.look),
            heading,
            choices(self.models, model),
            face_list(model, seeds, view.look),
            gr.update(interactive=seeds[0] > 0),
        ]

    # --- controls → a view and notes ------------------------------------------------------------------------------

    def from_controls(self, query: str, text: str, count: float, *look: float) -> tuple[View, list[str]]:
        """The seeds box: a single number is the first of `count` seeds, anything else a list."""
        seeds, notes = parse_seeds(str(text))
        if len(seeds) == 1 and not notes:
            seeds = consecutive(seeds[0], bounded(count, 1, MOST))
        if not seeds:
            notes = notes or ["Type a seed, for example 12, or several: 12, 40-55, 1003."]
            seeds = gallery_of(query).seeds
        return self._view(query, seeds, look_of(look)), notes

    def resized(self, query: str, count: float, *look: float) -> tuple[View, list[str]]:
        """More or fewer of the faces that are shown; after the last of them those that follow it."""
        seeds, wanted = gallery_of(query).seeds, bounded(count, 1, MOST)
        following = (seed for seed in range(seeds[-1] + 1, SEED_LIMIT) if seed not in seeds)
        seeds = (*seeds, *islice(following, max(0, wanted - len(seeds))))[:wanted]
        return self._view(query, seeds, look_of(look)), []

    def surprising(self, query: str, count: float, *look: float) -> tuple[View, list[str]]:
        """As many faces as before, from a random seed."""
        seeds = consecutive(random.randrange(SURPRISE_BELOW), bounded(count, 1, MOST))
        return self._view(query, seeds, look_of(look)), []

    def next_page(self, query: str) -> tuple[View, list[str]]:
        """As many faces as are shown now, after the last of them."""
        view = gallery_of(query)
        if view.seeds[-1] + 1 == SEED_LIMIT:
            return view, [f"{SEED_LIMIT - 1} is the last seed."]
        return self._view(query, consecutive(view.seeds[-1] + 1, len(view.seeds)), view.look), []

    def previous_page(self, query: str) -> tuple[View, list[str]]:
        """As many faces as are shown now, before the first of them."""
        view = gallery_of(query)
        first = max(0, view.seeds[0] - len(view.seeds))
        return self._view(query, consecutive(first, len(view.seeds)), view.look), []

    def from_kept(self, query: str, kept, *look: float) -> tuple[View, list[str]]:
        """The kept faces, in their order."""
        seeds = clean(kept)
        if not seeds:
            return self._view(query, View().seeds, Look()), ["You have not kept any faces yet."]
        return self._view(query, seeds, look_of(look)), []

    def _view(self, query: str, seeds, look: Look) -> View:
        """A gallery with the weights of the view that a query shows."""
        return View("gallery", tuple(seeds), look, self._weights(gallery_of(query)))

    def _weights(self, view: View) -> str:
        return view.weights or self.models.current.id

    # --- one face -------------------------------------------------------------------------------------------------

    def pick(self, query: str, event: gr.EventData) -> dict:
        """The value of the card: the face enlarged and in its own size, and its own link."""
        shown = gallery_of(query)
        model = self.models.of(shown.weights)  # its link names the weights that made it, even while others are fetched
        view = View("gallery", (seed_of(event),), shown.look, model.id)
        face = model.faces(view.seeds, view.look)[0]
        return {
            "seed": view.seeds[0],
            "src": data_url(files.png(face, files.origin(view.seeds, view.look, model.id))),
            "large": data_url(files.enlarged(face), "image/webp"),
            "query": encode(view),
            "shown": time.time_ns(),
        }

    def morph_from(self, query: str, event: gr.EventData) -> tuple[View, list[str]]:
        """A morph from a face through the next two of its gallery."""
        view, seed = gallery_of(query), seed_of(event)
        place = view.seeds.index(seed) if seed in view.seeds else 0
        others = [other for other in view.seeds[place:] + view.seeds[:place] if other != seed]
        others = others[:2] or [(seed + 1) % SEED_LIMIT, (seed + 2) % SEED_LIMIT]
        return View("morph", (seed, *others), view.look, self._weights(view)), []

    def judge(self, query: str, event: gr.EventData) -> tuple[View, list[str]]:
        """The verdict on a face."""
        view = gallery_of(query)
        return View("verdict", (seed_of(event),), view.look, self._weights(view)), []

    # --- kept faces ---------------------------------------------------------------------------------------------------

    def draw_kept(self, query: str, kept) -> list:
        """Values for kept_faces, tray and kept_before: the kept faces as the shown weights make them, and a link to
        those that were kept if other weights made them."""
        view, seeds = gallery_of(query), clean(kept)
        model, weights = self.models.of(view.weights), str(kept.get("weights")) if seeds else ""
        before = ""
        if WEIGHTS.fullmatch(weights) and weights != model.id:
            link = encode(View("gallery", tuple(seeds), view.look, weights))
            before = f'<p>Kept with other weights: <a href="?{html.escape(link)}">see them as they were</a></p>'
        return [face_list(model, seeds, view.look), gr.update(visible=bool(seeds)), before]

    # --- downloads ------------------------------------------------------------------------------------------------

    def sheet_file(self, query: str) -> dict:
        """The gallery as one picture, in the form that save.js takes."""
        view = gallery_of(query)
        model = self.models.of(view.weights)
        origin = files.origin(view.seeds, view.look, model.id)
        data = files.sheet_png(model.faces(view.seeds, view.look), origin)
        return {"name": f"{_file_stem(view)}.png", "url": data_url(data)}

    def zip_file(self, query: str) -> dict:
        """The gallery as single pictures in a ZIP file, in the form that save.js takes."""
        view = gallery_of(query)
        model = self.models.of(view.weights)
        data = files.zip_of_pngs(view.seeds, model.faces(view.seeds, view.look), view.look, model.id)
        return {"name": f"{_file_stem(view)}.zip", "url": data_url(data, "application/zip")}


def gallery_of(query: str) -> View:
    """The gallery that a query shows, or the first one where it shows none (only a program asks that)."""
    view, _ = decode(query)
    return view if view.tab == "gallery" else View("gallery", view.seeds or View().seeds, view.look, view.weights)


def consecutive(first: int, count: int) -> range:
    """`count` seeds from `first` on; fewer at the end of the seeds."""
    return range(first, min(first + count, SEED_LIMIT))


def _file_stem(view: View) -> str:
    return "seeds-" + format_seeds(view.seeds, "_")[:80]
