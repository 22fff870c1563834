"""The page's own components, on top of `gr.HTML`: link box, grid of faces, large face, player, verdict.

Each has its template and its script in `static/`, under one name. Gradio builds components anew for each visitor, with
`options` of its own.
"""

import base64
import html
import os
from pathlib import Path

import gradio as gr

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
    """The link to the view. `navigate` brings one from Back or from a tab; `other_faces` reports that weights or
    look changed.

    Its value is the view's query string. With `#n` behind it, it answers the n-th press of Back; with `#again` it
    replaces the view before.
    """

    def __init__(self, **options):
        super().__init__("", "link", elem_id="link", outer=outer_address(), **options)


class Notes(gr.HTML):
    """Sentences about what of a tab's view could not be honoured, as a list.

    They quote links, so they are a value and not part of a template: Gradio runs a filled template as a JavaScript
    template literal, and `${…}` in a link would run with it.
    """

    def __init__(self, elem_id: str, **options):
        super().__init__([], js_on_load=None, elem_id=elem_id, elem_classes=["notes"], **options)

    def postprocess(self, value: list[str]) -> str:
        return f"<div role='status'>{''.join(f'<p>{html.escape(note)}</p>' for note in value)}</div>"


class Waiting(Component):
    """Invisible. Its value is the query of a view whose weights are being fetched; `again` asks for it once more."""

    def __init__(self, **options):
        super().__init__("", "waiting", elem_id="waiting", **options)


class Faces(Component):
    """A grid of faces. Its value is a list of `{seed, src}`; `pick` reports which was clicked.

    A `sortable` grid holds the faces that a visitor keeps: each can be moved and removed.
    """

    def __init__(self, elem_id: str, name: str, sortable: bool = False, **options):
        super().__init__([], "faces", elem_id=elem_id, title=name, sortable=sortable, **options)


class Kept(Component):
    """The faces that a visitor keeps, `{seeds, weights}`: invisible, stored by the browser. `changed` reports changes.

    Not gr.BrowserState: it fails where a browser forbids storage, and each tab would overwrite what the others keep.
    """

    def __init__(self, **options):
        super().__init__(None, "kept", elem_id="kept", **options)


class FaceCard(Component):
    """One face, large, in a dialog. Its value is `{seed, large, src, query, shown}`; a new `shown` opens it again."""

    def __init__(self, **options):
        super().__init__(None, "card", elem_id="card", **options)


class Player(Component):
    """An animated WebP that plays and can be paused. Its value is `{src, still, alt, name}`, or None."""

    def __init__(self, elem_id: str, **options):
        super().__init__(None, "player", elem_id=elem_id, **options)


class VerdictCard(Component):
    """The verdict. Its value is a dict, see `gan.serve.page.verdict.as_json`, or None."""

    def __init__(self, **options):
        # the same two parts show the opinion on a face and that on the middle square
        template = static("verdict.html").replace("METER", static("verdict-meter.html"))
        template = template.replace("SQUARES", static("verdict-squares.html"))
        super().__init__(None, "verdict", html_template=template, elem_id="verdict", label="verdict", **options)

    def api_info(self) -> dict:
        return {
            "type": "object",
            "description": "verdict, probability_generated (0 to 1, or null), faces, box (left, top, side, or null), "
            "sentences, opinion (with crop and heat_map as PNG data URLs, or null), and, where no face was found, "
            "middle: such an opinion",
        }
