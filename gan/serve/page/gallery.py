"""The gallery tab: many faces, and one face large."""

import random
from dataclasses import replace
from functools import partial
from itertools import islice

import gradio as gr

from gan.link import FRAMES, SEED_LIMIT, SEEDS, View, decode, encode, format_points
from gan.model.look import Look
from gan.model.point import MOST_SEEDS, Place, Point, seeds_of
from gan.serve import files
from gan.serve.faces import FaceModel
from gan.serve.models import Models
from gan.serve.page.chooser import Chooser, choices
from gan.serve.page.components import Faces, Said, data_url
from gan.serve.page.face_address import FaceAddress
from gan.serve.page.inputs import Sent, bounded, clean
from gan.serve.page.safety import Refusal
from gan.serve.page.sliders import Shape, Slider, in_words, look_sliders, values_of
from gan.serve.relatives import WAYS, relatives
from gan.words import typed_points

MOST = SEEDS["gallery"][1]
SURPRISE_BELOW = 1_000_000  # short enough to read out


def face_list(model: FaceModel, points, look: Look) -> list[dict]:
    """The value of a grid of faces: for each its point, its picture, the query of its own link, and words on it."""
    points, look = tuple(points), model.fitting(look)
    return [
        {
            "seed": str(point),
            "src": data_url(picture),
            "query": encode(View("gallery", (point,), look, model.id)),
            "words": f"{model.resolution} px · {in_words(look)}" + where(point),
        }
        for point, picture in zip(points, model.pngs(points, look))
    ]


def where(point: Point) -> str:
    """Where a place is, in words; a seed needs none."""
    if not isinstance(point, Place):
        return ""
    return f" · {100 * point.t:g} % of the way from {point.left} to {point.right}"


class Gallery:
    """The tab's components, their values for a view, and the views that its controls ask for."""

    tab = "gallery"

    def __init__(self, models: Models):
        self.models = models
        with gr.Row(elem_classes="above"):
            self.heading = gr.HTML("", elem_id="gallery-heading", js_on_load=None)
            self.chooser = Chooser("gallery")
        self.grid = Faces("gallery-faces", "Gallery")
        with gr.Row(elem_classes="buttons"):
            self.previous = gr.Button("← Previous", min_width=0)
            self.surprise = gr.Button("Surprise me", variant="primary", min_width=0)
            self.next = gr.Button("Next →", min_width=0)
        with gr.Row(equal_height=True):
            look = look_sliders("gallery")
            count = Slider(
                1, MOST, 16, step=1, label="How many", info="Faces at once", min_width=240, elem_id="gallery-count"
            )
        self.shape = Shape("gallery")
        with gr.Row(equal_height=True):
            seeds = gr.Textbox(
                "0-15",
                label="Seeds",
                info="The first one, a word, or a list: 12, 40-55, Ada, 4~13@0.4",
                min_width=200,
                max_lines=1,
                scale=4,
                elem_id="gallery-seeds",
            )
            self.submit = gr.Button("Show", min_width=100, scale=1)
        self.said = Said("gallery-said")
        with gr.Row(elem_classes="buttons"):
            self.sheet = gr.Button("Download as one PNG", min_width=0, size="sm")
            self.zip = gr.Button("Download all as ZIP", min_width=0, size="sm")
        self.controls = {"seeds": seeds, "count": count, **look, **self.shape.sliders}
        self.actions = {
            "seeds": self.typed,
            "count": self.resized,
            "surprise": self.surprising,
            "next": self.next_page,
            "previous": self.previous_page,
            "morph": self.morph_from,
            "mix": self.mix,
            "judge": self.judge,
            **{name: partial(self.like, t=t) for name, t in WAYS.items()},
        }
        self.outputs = [self.heading, self.chooser, self.grid, self.previous, *self.shape.outputs]

    def render(self, view: View, arrived: bool = False) -> list:
        """Values for `outputs`."""
        seeds, count, model = view.seeds, len(view.seeds), self.models.of(view.weights)
        consecutive = seeds == tuple(range(first_seed(seeds[0]), first_seed(seeds[0]) + count))
        # the heading shows the number of seeds
        heading = (
            f"<div role='status'><h2>{'Seed' if count == 1 else 'Seeds'} {format_points(seeds, ', ').replace('-', '–')}"
            f"{f' of {SEED_LIMIT:,}' if consecutive else ''}</h2>"
            f"<p>{model.resolution} px · {in_words(view.look)} · weights {model.id}</p></div>"
        )
        return [
            heading,
            choices(self.models, model),
            face_list(model, seeds, view.look),
            gr.update(interactive=first_seed(seeds[0]) > 0),
            *self.shape.render(model, view.look, arrived),
        ]

    def settings(self, view: View, arrived: bool) -> dict:
        """What the controls show for a view, by name. How many is the visitor's own choice, for a single seed typed
        next: only a view that `arrived` by a link or Back sets it, and neither a list nor a single face does."""
        first, count = first_seed(view.seeds[0]), len(view.seeds)
        run = {"count": count} if arrived and count > 1 and view.seeds == tuple(range(first, first + count)) else {}
        return {"seeds": format_points(view.seeds, ", "), **run, **values_of(view.look)}

    # --- what a visitor does: a gallery and a value as a browser sent it → a view and notes -----------------------

    def of(self, view: View) -> View:
        """A view as a gallery with its weights; one of no faces (only a program asks that) is the first gallery."""
        return View("gallery", view.seeds or View().seeds, view.look, view.weights or self.models.current.id)

    def typed(self, view: View, sent) -> tuple[View, list[str]]:
        """The seeds box and how many: one number is the first of so many seeds, anything else a list; a word is one."""
        text, count = sent if isinstance(sent, list) and len(sent) == 2 else ("", 1)
        seeds, words, notes = typed_points(str(text))
        if len(seeds) == 1 and not words and not notes and not isinstance(seeds[0], Place):
            seeds = consecutive(seeds[0], bounded(count, 1, MOST))
        if not seeds:
            return view, notes or ["Type a seed, for example 12, or several: 12, 40-55, 1003, or a word."]
        return replace(view, seeds=tuple(seeds)), words + notes

    def resized(self, view: View, count) -> tuple[View, list[str]]:
        """More or fewer of the faces that are shown; after the last of them those that follow it."""
        seeds, wanted = view.seeds, bounded(count, 1, MOST)
        following = (seed for seed in range(first_seed(seeds[-1]) + 1, SEED_LIMIT) if seed not in seeds)
        return replace(view, seeds=(*seeds, *islice(following, max(0, wanted - len(seeds))))[:wanted]), []

    def surprising(self, view: View, count) -> tuple[View, list[str]]:
        """So many faces from a random seed."""
        seeds = consecutive(random.randrange(SURPRISE_BELOW), bounded(count, 1, MOST))
        return replace(view, seeds=tuple(seeds)), []

    def next_page(self, view: View, _=None) -> tuple[View, list[str]]:
        """As many faces as are shown now, after the last of them."""
        last = first_seed(view.seeds[-1])
        if last + 1 == SEED_LIMIT:
            return view, [f"{SEED_LIMIT - 1} is the last seed."]
        return replace(view, seeds=tuple(consecutive(last + 1, len(view.seeds)))), []

    def previous_page(self, view: View, _=None) -> tuple[View, list[str]]:
        """As many faces as are shown now, before the first of them."""
        first = max(0, first_seed(view.seeds[0]) - len(view.seeds))
        return replace(view, seeds=tuple(consecutive(first, len(view.seeds)))), []

    def morph_from(self, view: View, query) -> tuple[View, list[str]]:
        """A morph from a face through the next two of its gallery; if it is of another, through the next seeds."""
        face = self._one(query)
        (point,) = face.seeds
        alike = (face.weights, face.look) == (self.models.of(view.weights).id, view.look)
        seeds = view.seeds if alike else ()
        place = seeds.index(point) if point in seeds else 0
        others = [other for other in seeds[place:] + seeds[:place] if other != point]
        others = others[:2] or [(first_seed(point) + step) % SEED_LIMIT for step in (1, 2)]
        return replace(face, tab="morph", seeds=(point, *others)), []

    def mix(self, view: View, queries) -> tuple[View, list[str]]:
        """From a face to another, once and smoothly: every moment of it is a mixture of the two."""
        faces = [self.of(face) for face in clean(queries).values()]
        if len(faces) != 2:
            return view, []
        one, other = faces
        return replace(one, tab="morph", seeds=one.seeds + other.seeds, frames=FRAMES[1], loop=False), []

    def like(self, view: View, query, t: float) -> tuple[View, list[str]]:
        """A face and its relatives at `t` of the way to others."""
        face = self._one(query)
        found = relatives(face.seeds[0], t)
        notes = [] if found else [f"This face mixes {MOST_SEEDS} seeds, the most there can be, so it has no relatives."]
        return replace(face, seeds=(*face.seeds, *found)) if found else view, notes

    def judge(self, view: View, query) -> tuple[View, list[str]]:
        """The verdict on a face."""
        return replace(self._one(query), tab="verdict"), []

    def _one(self, query) -> View:
        """The query of one face's link, as a browser sent it → a gallery of that face."""
        view = self._shown(str(query))
        return replace(view, seeds=view.seeds[:1])

    def _shown(self, query: str) -> View:
        return self.of(decode(query)[0])

    # --- one face -------------------------------------------------------------------------------------------------

    def pick(self, event: Sent) -> dict:
        """The value of the card for the face whose query the event holds.

        Raises:
            Refusal: its weights are no longer here, or cannot shape it so.
        """
        view = self._one(event.query)
        model = self.models.of(view.weights)
        if model.id != view.weights:
            raise Refusal("This page no longer has the weights that made this face.")
        if cannot := model.cannot(view.look):
            raise Refusal(cannot)
        face = model.faces(view.seeds, view.look)[0]
        return {
            **face_list(model, view.seeds, view.look)[0],
            "asked": str(event.query),
            "moves": list(model.along(view.look).of),
            "along": model.along(view.look).id,
            "large": data_url(files.enlarged(face), "image/webp"),
            "name": files.file_name(view.seeds, model.resolution, view.look, "png"),
            "enlarged": str(FaceAddress(view.seeds[0], "png", view.look, model.id, files.LARGE)),
            "enlarged_name": files.file_name(view.seeds, files.LARGE, view.look, "png"),
        }

    # --- downloads ------------------------------------------------------------------------------------------------

    def sheet_file(self, query: str) -> dict:
        """The gallery as one picture, in the form that save.js takes."""
        view, model = self._filed(query)
        origin = files.origin(view.seeds, view.look, model.id)
        data = files.sheet_png(model.faces(view.seeds, view.look), origin)
        return {"name": files.file_name(view.seeds, model.resolution, view.look, "png"), "url": data_url(data)}

    def _filed(self, query: str) -> tuple[View, FaceModel]:
        """A view, with the look that its files have, and its model."""
        view = self._shown(query)
        model = self.models.of(view.weights)
        return replace(view, look=model.fitting(view.look)), model

    def zip_file(self, query: str) -> dict:
        """The gallery as single pictures in a ZIP file, in the form that save.js takes."""
        view, model = self._filed(query)
        pictures = model.pngs(view.seeds, view.look)
        data = files.zip_of_pngs(view.seeds, pictures, model.resolution, view.look)
        name = files.file_name(view.seeds, model.resolution, view.look, "zip")
        return {"name": name, "url": data_url(data, "application/zip")}


def first_seed(point: Point) -> int:
    """The seed from which a point is reached: where pages go on from a place."""
    return seeds_of(point)[0]


def consecutive(first: int, count: int) -> range:
    """`count` seeds from `first` on; fewer at the end of the seeds."""
    return range(first, min(first + count, SEED_LIMIT))
