"""The page's own components, on top of `gr.HTML`: link box, grid of faces, large face, kept faces, player, verdict.

Each has its template and its script in `static/`, under one name. Gradio builds components anew for each visitor, with
`options` of its own.
"""

import base64
import html
import os
from pathlib import Path

import gradio as gr

from gan.model.look import ATTRIBUTES
from gan.serve.files import MOST_BYTES
from gan.serve.page.sliders import card_sliders

STATIC = Path(__file__).parent / "static"


def static(name: str) -> str:
    """The text of a file in `static/`."""
    return (STATIC / name).read_text(encoding="utf-8")


def data_url(data: bytes, mime: str = "image/png") -> str:
    """A file as a URL that contains it: nothing is written on the server for it."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def outer_address() -> str:
    """The public address of the page where it is known: on a Space the page runs inside an iframe of the Hub."""
    space = os.environ.get("SPACE_ID")
    return f"https://huggingface.co/spaces/{space}" if space else ""


class Component(gr.HTML):
    """A component whose template is `static/NAME.html`, with the script `static/NAME.js` where there is one."""

    def __init__(self, value, name: str, **options):
        script = STATIC / f"{name}.js"
        options.setdefault("html_template", static(f"{name}.html"))
        options.setdefault("js_on_load", static(script.name) if script.exists() else None)
        super().__init__(value, apply_default_css=False, **options)


class LinkBox(Component):
    """The link to the view, and what leads from view to view: all that a visitor does goes through it, in order.

    Its value is `{query, turned, controls, upto, again}`: the view's query string; whether its tab was selected with
    it; what the tab's controls show, by name; the number of the last action that it answers, and whether it replaces
    the view before. All but the first may be missing. Handlers get the query. `ask` brings the visitor's actions, and
    `settle` is sent when controls may follow a view. What is done in a row with one of `STEPS` is one entry of the
    history.
    """

    STEPS = ("count", "frames", "unshaped", *ATTRIBUTES)

    def __init__(self, **options):
        script = static("actions.js") + static("link.js")  # one scope
        properties = {"outer": outer_address(), "steps": self.STEPS}
        super().__init__({"query": ""}, "link", js_on_load=script, elem_id="link", **properties, **options)

    def preprocess(self, payload) -> str:
        return str(payload.get("query", "")) if isinstance(payload, dict) else ""


class Notes(gr.HTML):
    """Sentences about what of a tab's view could not be honoured, as a list.

    They quote links, so they are a value and not part of a template: Gradio runs a filled template as a JavaScript
    template literal, and `${…}` in a link would run with it.
    """

    def __init__(self, elem_id: str, **options):
        super().__init__([], **{"js_on_load": None, "elem_id": elem_id, "elem_classes": ["notes"], **options})

    def postprocess(self, value: list[str]) -> str:
        return f"<div role='status'>{''.join(f'<p>{html.escape(note)}</p>' for note in value)}</div>"


class Said(Notes):
    """Sentences about what a visitor did, beside the controls: they come into sight."""

    def __init__(self, elem_id: str, **options):
        super().__init__(elem_id, js_on_load=static("said.js"), **options)


class Waiting(Component):
    """Invisible. Its value is the query of a view whose weights are being fetched; `again` asks for it once more."""

    def __init__(self, **options):
        super().__init__("", "waiting", elem_id="waiting", **options)


class Faces(Component):
    """A grid of faces. Its value is a list of `{seed, src, query, words}`; a click opens the face card."""

    def __init__(self, elem_id: str, name: str, **options):
        super().__init__([], "faces", elem_id=elem_id, title=name, **options)


class Kept(Component):
    """The faces that a visitor keeps, with buttons to move, remove and show them. The list is stored by the browser.

    `draw` asks for pictures, and the value is the answer, see `gan.serve.page.kept.KeptFaces.draw`. Not
    gr.BrowserState: it fails where a browser forbids storage, and each tab would overwrite what the others keep.
    """

    def __init__(self, **options):
        super().__init__(None, "kept", elem_id="tray", **options)


class FaceCard(Component):
    """One face, large, in a dialog, with sliders that shape it.

    `pick` asks for its large picture and what its weights can move; the value is the answer, see `Gallery.pick`.
    """

    def __init__(self, **options):
        # not a property: Gradio drops those of components in a tab that is not selected when the page opens
        options.setdefault("html_template", static("card.html").replace("SLIDERS", card_sliders()))
        super().__init__(None, "card", elem_id="card", **options)


class Player(Component):
    """An animated WebP that plays and can be paused. Its value is `{src, still, alt, name}`, or None.

    With `moments`, `{seed, query}` for each frame as it was given, a slider goes to any of them, which can be kept.
    """

    def __init__(self, elem_id: str, **options):
        super().__init__(None, "player", elem_id=elem_id, **options)


class UploadCard(Component):
    """What a tab answers to an upload. Its value is a dict, or `{refused}`, why there is no answer, or None. `folder`
    tells which upload it is about. `refused` reports that a picture never reached the server.
    """

    # of the template and the script in `static/`; the upload's elem_id; what the API's documentation says of the value
    name = upload_id = description = ""

    def __init__(self, **options):
        # not properties: Gradio drops those of components in a tab that is not selected when the page opens
        script = (static(f"{self.name}.js") + static("upload.js")).replace("MOST_BYTES", str(MOST_BYTES))
        options.setdefault("js_on_load", script.replace("UPLOAD", self.upload_id))
        options.setdefault("html_template", static("photo.html") + static(f"{self.name}.html"))
        super().__init__(None, self.name, elem_id=self.name, label=self.name, **options)

    def api_info(self) -> dict:
        return {"type": "object", "description": self.description}


class VerdictCard(UploadCard):
    """The verdict: see `gan.serve.page.verdict.as_json`."""

    name, upload_id = "verdict", "upload"
    description = (
        "verdict, probability_generated (0 to 1, or null), faces, box (left, top, side, or null), roll (degrees, or "
        "null), sentences, opinion (with crop and heat_map as PNG data URLs, or null), others (such a verdict on each "
        "of the next largest faces) and, where no face was found, middle: such an opinion"
    )


class FoundCard(UploadCard):
    """The photo and the faces in it that were looked for: see `gan.serve.page.find.as_json`."""

    name, upload_id = "find", "find-upload"
    description = (
        "faces (of each face in the picture, largest first: seeds, as text, most alike first; alike, how much, -1 to "
        "1; link, the query string of the link that shows them; made_by, the seed and the weights whose face it is, or "
        "null; box, left, top and side in pixels; roll, degrees)"
    )
