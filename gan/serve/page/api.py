"""The public API: `/generate` and `/morph` (`/classify` is the verdict tab's own event)."""

import hashlib
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import SimpleNamespace

import gradio as gr
from gradio.processing_utils import get_upload_folder
from gradio.state_holder import StateHolder

from gan.link import FRAMES, SEEDS, WEIGHTS, View, encode
from gan.model.look import ATTRIBUTES, Look
from gan.serve import files
from gan.serve.faces import FaceModel
from gan.serve.models import Models
from gan.serve.page.inputs import bounded
from gan.serve.page.safety import Refusal
from gan.serve.page.sliders import api_numbers, look_of
from gan.words import typed_points


class Weights(gr.Textbox):
    """The weights of a link; none in the API's examples, where gr.Textbox would say “Hello!!”."""

    is_template = True  # looks like its parent

    def example_payload(self):
        return ""


class Blocks(gr.Blocks):
    """Blocks that fill in the last arguments of an endpoint, since programs written before it took them leave them out,
    that refuse values which no control sends in a sentence, without a traceback in the log, and that keep nothing of a
    visitor."""

    @property
    def state_holder(self) -> StateHolder:
        return self._state_holder

    @state_holder.setter
    def state_holder(self, holder: StateHolder) -> None:
        # Gradio would describe all components for each visitor, in 12 ms of its only loop, to restore what they did
        # from links of its own; the page's links say it all
        holder.blocks = SimpleNamespace(default_config=self.default_config, blocks={})
        self._state_holder = holder

    async def preprocess_data(self, block_fn, *arguments, **options):
        if block_fn.fn is None:
            raise Refusal("This event runs in the browser alone.")
        try:
            return await super().preprocess_data(block_fn, *arguments, **options)
        except Refusal:
            raise
        except Exception:
            raise Refusal("These values cannot be used: see the API's documentation for what is taken.") from None

    async def call_function(self, *arguments, **options):
        try:
            return await super().call_function(*arguments, **options)
        except Refusal:
            raise
        except gr.Error as error:  # Gradio's own: a path in what came with an event
            raise Refusal(error.message) from None

    def validate_inputs(self, block_fn, inputs):
        if block_fn.api_visibility == "public":
            inputs += [block.value for block in block_fn.inputs[len(inputs) :]]
        super().validate_inputs(block_fn, inputs)


class Api:
    """Two endpoints that the page itself does not use. Their files are deleted after some minutes."""

    def __init__(self, models: Models, queue: dict):
        self.models = models
        with gr.Row(visible=False):
            # the values are the defaults, and what the API's documentation shows
            seeds, corners = gr.Textbox("0-15", label="seeds"), gr.Textbox("4, 13, 17", label="seeds")
            look = api_numbers()
            shape = {name: look.pop(name) for name in ATTRIBUTES} | {"directions": Weights("", label="directions")}
            frames = gr.Number(16, label="frames", precision=0)
            loop = gr.Checkbox(True, label="loop")
            weights = Weights("", label="weights")
            faces = gr.Files(label="faces")
            animation = gr.File(label="animation")
            link = gr.Textbox(label="link")
            gr.Button(visible=False).click(
                self.generate,
                None,
                [faces, link],
                api_name="generate",
                inputs_kwargs={"seeds": seeds, **look, "weights": weights, **shape},
                **queue,
            )
            gr.Button(visible=False).click(
                self.morph,
                None,
                [animation, link],
                api_name="morph",
                inputs_kwargs={"seeds": corners, **look, "frames": frames, "loop": loop, "weights": weights, **shape},
                **queue,
            )

    def generate(self, seeds, weights, directions="", **look):
        """Make the faces of given seeds.

        Args:
            seeds: seeds, ranges, words and places between two, for example "12, 40-55, Ada, 4~13@0.4"; 0 to
                4294967295, at most 64 faces.
            variation: 1 as the network was trained, less is closer to the average face; 0 to 1.5.
            weights: what a link calls w, 12 hexadecimal digits; empty for the page's current weights.
            directions: what a link calls d; empty for those that the weights have now. All further arguments are
                attributes, 0 as generated, moved by -3 to 3 standard deviations.

        Returns:
            The faces as PNG files in the order of the seeds, and the query string of the link that shows them.
        """
        model = self._model(weights)
        view = _view("gallery", seeds, _look(model, directions, look), model.id)
        folder = _folder(view)
        names = [files.file_name([point], model.resolution, view.look, "png") for point in view.seeds]
        paths = [folder / f"{place:02d}-{name}" for place, name in enumerate(names)]
        for path, picture in zip(paths, model.pngs(view.seeds, view.look)):
            _write(path, picture)
        return [str(path) for path in paths], encode(view)

    def morph(self, seeds, frames, loop, weights, directions="", **look):
        """Make an animation from face to face.

        Args:
            seeds: two to eight faces in order, for example "4, 13, 17".
            variation: 1 as the network was trained, less is closer to the average face; 0 to 1.5.
            frames: frames from each face to the next, 2 to 32.
            loop: return to the first face and repeat.
            weights: what a link calls w, 12 hexadecimal digits; empty for the page's current weights.
            directions: what a link calls d; empty for those that the weights have now. All further arguments are
                attributes, 0 as generated, moved by -3 to 3 standard deviations.

        Returns:
            The animation as a WebP file, and the query string of the link that shows it.
        """
        model = self._model(weights)
        view = _view("morph", seeds, _look(model, directions, look), model.id, bounded(frames, *FRAMES), bool(loop))
        size = files.animation_size(model.resolution)
        path = _folder(view) / files.file_name(view.seeds, size, view.look, "webp", morph=True)
        _write(path, model.animation(view.seeds, view.look, view.frames, view.loop))
        return str(path), encode(view)

    def _model(self, weights) -> FaceModel:
        """The model that a link calls `weights`. Where the page would show others, this is an error."""
        wanted = _id(weights, "weights", "w")
        if not self.models.has(wanted):
            raise Refusal(
                f"The weights {wanted} are being fetched. Ask again in a minute."
                if self.models.asked_for(wanted)
                else f"This page does not have the weights {wanted}."
            )
        return self.models.of(wanted)


def _id(given, what: str, field: str) -> str:
    wanted = str(given or "").strip().lower()
    if wanted and not WEIGHTS.fullmatch(wanted):
        raise Refusal(f"The {what} must be given as 12 hexadecimal digits, as after {field}= in a link.")
    return wanted


def _look(model: FaceModel, directions, numbers: dict) -> Look:
    """Arguments of a program → a look. What the page would say in a note is an error here."""
    look = replace(look_of(numbers), directions=_id(directions, "directions", "d"))
    if cannot := model.cannot(look):
        raise Refusal(cannot)
    return model.fitting(look)


def _view(tab: str, seeds, look: Look, weights: str, frames: int = 16, loop: bool = True) -> View:
    """Arguments of a program → a view. What the page would say in a note is an error here."""
    chosen, _, notes = typed_points(str(seeds), SEEDS[tab][1])
    if notes:
        raise Refusal(notes[0])
    try:
        return View(tab, chosen, look, weights, frames, loop)
    except ValueError:
        raise Refusal("A morph takes two to eight seeds." if tab == "morph" else "Name at least one seed.") from None


def _folder(view: View) -> Path:
    """Where the files of a view go: inside Gradio's own folder, which Gradio cleans up."""
    folder = Path(get_upload_folder()) / hashlib.sha256(encode(view).encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(path: Path, data: bytes) -> None:
    """Other requests for the same view may be reading the file, or writing it."""
    with NamedTemporaryFile(dir=path.parent, delete=False) as new:
        new.write(data)
    Path(new.name).replace(path)
