"""The morph tab: from face to face along the sphere of the latents."""

import gradio as gr

from gan.link import FIRST_SEEDS, FRAMES, SEED_LIMIT, SEEDS, View, decode, format_seeds, parse_seeds
from gan.serve import files
from gan.serve.models import Models
from gan.serve.page.chooser import Chooser, choices
from gan.serve.page.components import Player, data_url
from gan.serve.page.inputs import bounded, clean
from gan.serve.page.sliders import LookSliders, Slider, look_of, values_of

FEWEST, MOST = SEEDS["morph"]


class Morph:
    """The tab's components, their values for a view, and the views that its controls ask for."""

    tab = "morph"

    def __init__(self, models: Models):
        self.models = models
        with gr.Row(elem_classes="above"):
            self.chooser = Chooser(elem_id="morph-chooser")
        self.player = Player("player")
        with gr.Row(equal_height=True):
            self.seeds = gr.Textbox(
                format_seeds(FIRST_SEEDS["morph"], ", "),
                label="Seeds",
                max_lines=1,
                min_width=200,
                scale=4,
                info=f"{FEWEST} to {MOST}, in the order of the morph",
                elem_id="morph-seeds",
            )
            self.show = gr.Button("Morph", variant="primary", min_width=100, scale=1)
        with gr.Row(equal_height=True):
            self.frames = Slider(
                *FRAMES,
                16,
                step=1,
                label="Frames from face to face",
                info="More is smoother and slower",
                min_width=240,
                elem_id="morph-frames",
            )
            self.look = LookSliders("morph").sliders
        self.loop = gr.Checkbox(True, label="Return to the first face and repeat", container=False)
        self.outputs = [self.seeds, self.frames, self.loop, *self.look, self.chooser, self.player]
        self.main = self.player

    def render(self, view: View) -> list:
        """Values for `outputs`."""
        model = self.models.of(view.weights)
        animation = model.animation(view.seeds, view.look, view.frames, view.loop)
        first = model.faces(view.seeds[:1], view.look)[0]
        names = ", ".join(map(str, view.seeds))
        player = {
            "src": data_url(animation, "image/webp"),
            "still": data_url(files.png(first, files.origin(view.seeds[:1], view.look, model.id))),
            "alt": f"Morph through the faces of seeds {names}{' and back' if view.loop else ''}",
            "name": f"morph-{'-'.join(map(str, view.seeds))}.webp",
        }
        return [names, view.frames, view.loop, *values_of(view.look), choices(self.models, model), player]

    def from_controls(self, query: str, text: str, frames: float, loop: bool, *look: float) -> tuple[View, list[str]]:
        """A morph through the seeds that were typed."""
        seeds, notes = parse_seeds(str(text), MOST)
        if len(seeds) < FEWEST:
            notes = [*notes, f"A morph takes {FEWEST} to {MOST} seeds, for example 4, 13, 17."]
            seeds = (*seeds, (seeds[0] + 1) % SEED_LIMIT) if seeds else FIRST_SEEDS["morph"]
        weights = self._weights(query)
        return View("morph", seeds, look_of(look), weights, bounded(frames, *FRAMES), bool(loop)), notes

    def from_kept(self, query: str, kept) -> tuple[View, list[str]]:
        """The kept faces in their order, as many as a morph takes."""
        seeds, look, notes = tuple(clean(kept)), decode(query)[0].look, []
        if len(seeds) > MOST:
            notes = [f"A morph takes at most {MOST} faces. These are the first {MOST}."]
        if len(seeds) < FEWEST:
            seeds, notes = FIRST_SEEDS["morph"], [f"Keep at least {FEWEST} faces to morph them. Here are others."]
        return View("morph", seeds[:MOST], look, self._weights(query)), notes

    def _weights(self, query: str) -> str:
        return decode(query)[0].weights or self.models.current.id
