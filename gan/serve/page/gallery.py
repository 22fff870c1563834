"""The gallery tab: many faces, one face large, and the faces that a visitor keeps."""

import dataclasses
import random
import time

import gradio as gr

from gan.serve import files
from gan.serve.faces import FaceModel
from gan.serve.page.components import FaceCard, Faces, Kept, data_url
from gan.serve.share_link import SEED_LIMIT, SEEDS, VARIATION, View, decode, encode, format_seeds, parse_seeds

MOST = SEEDS["gallery"][1]
SURPRISE_BELOW = 1_000_000  # seeds that one can still read to somebody


def face_list(model: FaceModel, seeds, variation: float) -> list[dict]:
    """What a grid of faces shows: `{seed, src}` for each."""
    seeds = tuple(seeds)
    return [{"seed": seed, "src": data_url(files.png(face))}
            for seed, face in zip(seeds, model.faces(seeds, variation) if seeds else [])]


class Gallery:
    """Components of the tab, what a view makes of them, and the views that its controls ask for."""

    tab = "gallery"

    def __init__(self, model: FaceModel):
        self.model = model
        self.heading = gr.HTML("", elem_id="gallery-heading", js_on_load=None)
        self.grid = Faces("gallery-faces", "Gallery")
        with gr.Row(elem_classes="buttons"):
            self.previous = gr.Button("← Previous", min_width=0)
            self.surprise = gr.Button("Surprise me", variant="primary", min_width=0)
            self.next = gr.Button("Next →", min_width=0)
        with gr.Row(equal_height=True):
            self.variation = gr.Slider(*VARIATION, 1.0, step=0.05, label="Variation", min_width=240,
                                       info="1 as trained, less is nearer the average", elem_id="gallery-variation")
            self.count = gr.Slider(1, MOST, 16, step=1, label="How many", info="Faces at once", min_width=240,
                                   elem_id="gallery-count")
        with gr.Row(equal_height=True):
            self.seeds = gr.Textbox("0", label="Seeds", info="The first one, or a list: 12, 40-55, 1003", min_width=200,
                                    max_lines=1, scale=4, elem_id="gallery-seeds")
            self.show = gr.Button("Show", min_width=100, scale=1)
        with gr.Row(elem_classes="buttons"):
            self.sheet = gr.Button("Download as one PNG", min_width=0, size="sm")
            self.zip = gr.Button("Download all as ZIP", min_width=0, size="sm")
        self.card = FaceCard()
        self.kept = Kept()  # seeds, in the visitor's order
        with gr.Column(visible=False, elem_id="tray") as self.tray:
            gr.Markdown("### Your own gallery")
            self.kept_faces = Faces("kept-faces", "Kept faces", sortable=True)
            with gr.Row(elem_classes="buttons"):
                self.show_kept = gr.Button("Show as gallery", variant="primary", min_width=0, size="sm")
                self.morph_kept = gr.Button("Morph them", min_width=0, size="sm")
                self.clear_kept = gr.Button("Clear", min_width=0, size="sm")
        self.outputs = [self.seeds, self.count, self.variation, self.heading, self.grid, self.previous]
        self.main = self.grid

    def render(self, view: View) -> list:
        """Values for `outputs`."""
        seeds, count = view.seeds, len(view.seeds)
        consecutive = seeds == tuple(range(seeds[0], seeds[0] + count))
        # the label keeps the number of seeds that there are, so that nobody thinks of 0 to 64
        heading = (f"<h2>{'Seed' if count == 1 else 'Seeds'} {format_seeds(seeds, ', ').replace('-', '–')}"
                   f"{f' of {SEED_LIMIT:,}' if consecutive else ''}</h2>"
                   f"<p>{self.model.resolution} px · variation {view.variation:g} · weights {self.model.id}</p>")
        return [str(seeds[0]) if consecutive else format_seeds(seeds, ", "), count, view.variation, heading,
                face_list(self.model, seeds, view.variation), gr.update(interactive=seeds[0] > 0)]

    # --- controls → a view and notes ------------------------------------------------------------------------------

    def from_controls(self, text: str, count: float, variation: float) -> tuple[View, list[str]]:
        """The seeds box: a single number is the first of `count` seeds, anything else a list."""
        seeds, notes = parse_seeds(str(text))
        if len(seeds) == 1 and not notes:
            seeds = consecutive(seeds[0], bounded(count, 1, MOST))
        if not seeds:
            notes = notes or ["Type a seed, say 12, or several: 12, 40-55, 1003."]
            seeds = View().seeds
        return self._view(seeds, variation), notes

    def surprising(self, count: float, variation: float) -> tuple[View, list[str]]:
        """As many faces as before, from a seed that nobody chose."""
        return self._view(consecutive(random.randrange(SURPRISE_BELOW), bounded(count, 1, MOST)), variation), []

    def page(self, query: str, direction: int) -> tuple[View, list[str]]:
        """As many faces as are shown now, after the last or before the first of them."""
        view, _ = decode(query)
        count = len(view.seeds) or 1
        first = view.seeds[-1] + 1 if direction > 0 else view.seeds[0] - count
        if first < 0:
            return self._view(consecutive(0, count), view.variation), []
        if first >= SEED_LIMIT:
            return view, [f"{SEED_LIMIT - 1} is the last seed."]
        return self._view(consecutive(first, count), view.variation), []

    def from_kept(self, kept, variation: float) -> tuple[View, list[str]]:
        seeds = tuple(clean(kept))
        return (self._view(seeds, variation), []) if seeds else (View(weights=self.model.id), ["No face is kept yet."])

    def _view(self, seeds, variation) -> View:
        return View("gallery", tuple(seeds), round(bounded(variation, *VARIATION, whole=False), 2), self.model.id)

    # --- one face -------------------------------------------------------------------------------------------------

    def pick(self, query: str, seed) -> dict:
        """The value of the card: the face large and as it is, and its own link."""
        view = self._view([bounded(seed, 0, SEED_LIMIT - 1)], decode(query)[0].variation)
        face = self.model.faces(view.seeds, view.variation)[0]
        return {"seed": view.seeds[0], "src": data_url(files.png(face)),
                "large": data_url(files.enlarged(face), "image/webp"),
                "query": encode(view), "shown": time.time_ns()}

    def morph_from(self, query: str, seed) -> tuple[View, list[str]]:
        """A morph from a face through the next two of the gallery it is in."""
        view, seed = decode(query)[0], bounded(seed, 0, SEED_LIMIT - 1)
        others = [other for other in view.seeds if other != seed]
        if seed in view.seeds:
            place = view.seeds.index(seed)
            others = [other for other in view.seeds[place:] + view.seeds[:place] if other != seed]
        others = others[:2] or [(seed + 1) % SEED_LIMIT, (seed + 2) % SEED_LIMIT]
        return View("morph", (seed, *others), view.variation, self.model.id), []

    def judge(self, query: str, seed) -> tuple[View, list[str]]:
        return dataclasses.replace(self._view([bounded(seed, 0, SEED_LIMIT - 1)], decode(query)[0].variation),
                                   tab="verdict"), []

    # --- kept faces -----------------------------------------------------------------------------------------------

    def tray_of(self, kept: list[int], variation: float) -> list:
        """Values for kept, kept_faces and tray."""
        return [kept, face_list(self.model, kept, variation), gr.update(visible=bool(kept))]

    def keep(self, kept, query: str, seed) -> list:
        kept, seed = clean(kept), bounded(seed, 0, SEED_LIMIT - 1)
        if seed not in kept:
            if len(kept) >= MOST:
                raise gr.Error(f"{MOST} faces are kept already, as many as a gallery holds: remove one first.")
            kept.append(seed)
        return self.tray_of(kept, decode(query)[0].variation)

    def move(self, kept, query: str, seed, by: int) -> list:
        """Shift a kept face by one place, or with `by` = 0 take it out."""
        kept = clean(kept)
        if seed in kept:
            place = kept.index(seed)
            kept.remove(seed)
            if by:
                kept.insert(max(0, place + by), seed)
        return self.tray_of(kept, decode(query)[0].variation)

    # --- downloads ------------------------------------------------------------------------------------------------

    def sheet_file(self, query: str) -> dict:
        view, _ = decode(query)
        faces = self.model.faces(view.seeds, view.variation)
        return {"name": f"{_file_stem(view)}.png", "url": data_url(files.sheet_png(faces))}

    def zip_file(self, query: str) -> dict:
        view, _ = decode(query)
        data = files.zip_of_pngs(view.seeds, self.model.faces(view.seeds, view.variation))
        return {"name": f"{_file_stem(view)}.zip", "url": data_url(data, "application/zip")}


def clean(kept) -> list[int]:
    """What a browser's storage held → different seeds in their order, as many as a gallery takes."""
    seeds = [seed for seed in kept if type(seed) is int and 0 <= seed < SEED_LIMIT] if isinstance(kept, list) else []
    return list(dict.fromkeys(seeds))[:MOST]


def consecutive(first: int, count: int) -> range:
    """`count` seeds from `first` on, fewer where the seeds end."""
    return range(first, min(first + count, SEED_LIMIT))


def bounded(value, least, most, whole: bool = True):
    """A number that a browser sent, brought into its range; nonsense becomes the least."""
    try:
        number = int(value) if whole else float(value)
        return least if number != number else min(max(number, least), most)  # NaN is unlike itself
    except (TypeError, ValueError, OverflowError):
        return least


def _file_stem(view: View) -> str:
    return "seeds-" + format_seeds(view.seeds, "_")[:80]
