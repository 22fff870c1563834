"""The morph tab: from face to face along the sphere of the latents."""

from dataclasses import replace

import gradio as gr

from gan.link import FIRST_SEEDS, FRAMES, SEEDS, View, decode, encode, format_points
from gan.model.point import between
from gan.serve import files
from gan.serve.faces import FaceModel
from gan.serve.models import Models
from gan.serve.page.chooser import Chooser, choices
from gan.serve.page.components import Player, Said, data_url
from gan.serve.page.inputs import Sent, bounded
from gan.serve.page.sliders import Shape, Slider, look_sliders, values_of
from gan.words import typed_points

FEWEST, MOST = SEEDS["morph"]


class Morph:
    """The tab's components, their values for a view, and the views that its controls ask for."""

    tab = "morph"

    def __init__(self, models: Models):
        self.models = models
        with gr.Row(elem_classes="above"):
            self.chooser = Chooser("morph")
        self.player = Player("player")
        with gr.Row(equal_height=True):
            seeds = gr.Textbox(
                format_points(FIRST_SEEDS["morph"], ", "),
                label="Seeds",
                max_lines=1,
                min_width=200,
                scale=4,
                info=f"{FEWEST} to {MOST}, in the order of the morph",
                elem_id="morph-seeds",
            )
            self.submit = gr.Button("Morph", variant="primary", min_width=100, scale=1)
        self.said = Said("morph-said")
        with gr.Row(equal_height=True):
            frames = Slider(
                *FRAMES,
                16,
                step=1,
                label="Frames from face to face",
                info="More is smoother and slower",
                min_width=240,
                elem_id="morph-frames",
            )
            look = look_sliders("morph")
        loop = gr.Checkbox(True, label="Return to the first face and repeat", container=False)
        self.shape = Shape("morph")
        self.controls = {"seeds": seeds, "frames": frames, "loop": loop, **look, **self.shape.sliders}
        self.actions = {"seeds": self.typed, "frames": self.smoother, "loop": self.looped}
        self.outputs = [self.chooser, self.player, *self.shape.outputs]

    def render(self, view: View, arrived: bool = False) -> list:
        """Values for `outputs`."""
        model = self.models.of(view.weights)
        animation = model.animation(view.seeds, view.look, view.frames, view.loop)
        names = ", ".join(map(str, view.seeds))
        player = {
            "src": data_url(animation, "image/webp"),
            "still": data_url(model.pngs(view.seeds[:1], view.look)[0]),
            "alt": f"Morph through the faces of seeds {names}{' and back' if view.loop else ''}",
            "moments": moments(view, model.id),
            "name": _name(view, model, "webp"),
            "formats": [{"name": name, "label": name.upper()} for name in files.MORPHS if name != "webp"],
        }
        return [choices(self.models, model), player, *self.shape.render(model, view.look, arrived)]

    def settings(self, view: View, arrived: bool) -> dict:
        """What the controls show for a view, by name."""
        names = ", ".join(map(str, view.seeds))
        return {"seeds": names, "frames": view.frames, "loop": view.loop, **values_of(view.look)}

    # --- what a visitor does: a morph and a value as a browser sent it → a view and notes -------------------------

    def of(self, view: View) -> View:
        """A view as a morph with its weights; one that is none (only a program asks that) is the first morph."""
        view = view if view.tab == "morph" else View("morph", FIRST_SEEDS["morph"], view.look, view.weights)
        return replace(view, weights=view.weights or self.models.current.id)

    def typed(self, view: View, text) -> tuple[View, list[str]]:
        """The seeds box."""
        seeds, words, notes = typed_points(str(text), MOST)
        if len(seeds) < FEWEST:
            return view, [*notes, f"A morph takes {FEWEST} to {MOST} seeds, for example 4, 13, 17."]
        return replace(view, seeds=seeds), words + notes

    def smoother(self, view: View, frames) -> tuple[View, list[str]]:
        """Another number of frames from face to face."""
        return replace(view, frames=bounded(frames, *FRAMES)), []

    def looped(self, view: View, loop) -> tuple[View, list[str]]:
        """Whether it returns to the first face."""
        return replace(view, loop=bool(loop)), []

    # --- downloads ------------------------------------------------------------------------------------------------

    def file(self, query: str, event: Sent) -> dict:
        """The morph in a format of `files.MORPHS`, in the form that save.js takes."""
        view = self.of(decode(query)[0])
        extension = str(event.format) if str(event.format) in files.MORPHS else "webp"
        model = self.models.of(view.weights)
        view = replace(view, look=model.fitting(view.look))
        data = model.animation(view.seeds, view.look, view.frames, view.loop, extension)
        return {"name": _name(view, model, extension), "url": data_url(data, files.MORPHS[extension])}


def moments(view: View, weights: str) -> list[dict]:
    """For each frame of a morph its point and the query of its own link; {} where it would name too many seeds."""
    found = []
    for start, end in zip(view.seeds, (*view.seeds[1:], view.seeds[0])):
        for frame in range(view.frames):
            try:
                point = between(start, end, frame / view.frames)
            except ValueError:
                found.append({})
                continue
            query = encode(View("gallery", (point,), view.look, weights))
            found.append({"seed": str(point), "query": query})
    return found if view.loop else found[: view.frames * (len(view.seeds) - 1) + 1]


def _name(view: View, model: FaceModel, extension: str) -> str:
    size = files.animation_size(model.resolution, extension)
    return files.file_name(view.seeds, size, view.look, extension, morph=True)
