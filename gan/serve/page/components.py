"""The page's own components, on top of `gr.HTML`: link box, grid of faces, large face, player, verdict.

Gradio builds them anew for each visitor, with `options` of its own.
"""

import base64
import html
import os
from pathlib import Path

import gradio as gr

STATIC = Path(__file__).parent / "static"


def data_url(data: bytes, mime: str = "image/png") -> str:
    """A file as a URL of its own: nothing is written on the server for it."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def outer_address() -> str:
    """Where the page is to be found by others, when it knows: on a Space it runs inside an iframe of the Hub."""
    space = os.environ.get("SPACE_ID")
    return f"https://huggingface.co/spaces/{space}" if space else ""


class LinkBox(gr.HTML):
    """The link to the view; `navigate` brings one from Back or from a tab, `other_faces` says that weights or variation changed.

    Its value is the view's query string; with `#n` behind it, it answers the n-th press of Back, with `#again` it stands
    in for the view before.
    """

    def __init__(self, **options):
        super().__init__(
            "",
            html_template="""<div class="link"><label>Link to what you see<input type="text" readonly></label>
                <button type="button">Copy link</button></div>""",
            apply_default_css=False,
            js_on_load=(STATIC / "link.js").read_text(),
            elem_id="link",
            outer=outer_address(),
            **options,
        )


class Notes(gr.HTML):
    """Sentences about what of a tab's view could not be honoured, their list.

    They quote links, so they are a value and in no template: Gradio runs what a template makes of its values as a JavaScript
    template literal, and `${…}` in a link would run with it.
    """

    def __init__(self, elem_id: str, **options):
        super().__init__([], js_on_load=None, elem_id=elem_id, elem_classes=["notes"], **options)

    def postprocess(self, value: list[str]) -> str:
        return f"<div role='status'>{''.join(f'<p>{html.escape(note)}</p>' for note in value)}</div>"


class Waiting(gr.HTML):
    """Nothing to see. Its value is the query of a view whose weights are on their way; `again` asks for it once more."""

    def __init__(self, **options):
        super().__init__(
            "",
            html_template="<span></span>",
            apply_default_css=False,
            elem_id="waiting",
            # a clock, not each answer, starts the next question: an answer may be lost, and the first value may be there
            # before anybody watches it
            js_on_load="setInterval(() => props.value && trigger('again'), 2000);",
            **options,
        )


class Faces(gr.HTML):
    """A grid of faces. Its value is a list of `{seed, src}`; `pick` says which was clicked.

    With `sortable` they are those that a visitor keeps: each can be moved and taken out.
    """

    def __init__(self, elem_id: str, label: str, sortable: bool = False, **options):
        face = """<button type="button" class="face" data-event="pick" data-seed="{{seed}}">
            <img src="{{src}}" alt="Face of seed {{seed}}" draggable="false"><span aria-hidden="true">{{seed}}</span></button>"""
        tools = """<span class="tools">
            <button type="button" data-event="earlier" data-seed="{{seed}}" aria-label="Move seed {{seed}} earlier">←</button>
            <button type="button" data-event="remove" data-seed="{{seed}}" aria-label="Remove seed {{seed}}">×</button>
            <button type="button" data-event="later" data-seed="{{seed}}" aria-label="Move seed {{seed}} later">→</button>
            </span>"""
        each = f"<li>{face}{tools if sortable else ''}</li>"
        super().__init__(
            [],
            html_template=f'<ul class="faces" aria-label="{label}">' + "{{#each value}}" + each + "{{/each}}</ul>",
            apply_default_css=False,
            js_on_load=(STATIC / "faces.js").read_text(),
            elem_id=elem_id,
            **options,
        )


class Kept(gr.HTML):
    """The faces that a visitor keeps, `{seeds, weights}`: nothing to see, and remembered by their browser. `changed` says so.

    gr.BrowserState would do, but it breaks where a browser forbids storage, and each tab would overwrite what others keep.
    """

    def __init__(self, **options):
        super().__init__(
            None,
            html_template="<span></span>",
            apply_default_css=False,
            js_on_load=(STATIC / "kept.js").read_text(),
            elem_id="kept",
            **options,
        )


class FaceCard(gr.HTML):
    """One face, large, in a dialog. Its value is `{seed, large, src, query, shown}`; a new `shown` opens it again."""

    def __init__(self, **options):
        super().__init__(
            None,
            html_template="""{{#if value}}<dialog class="card" data-seed="{{value.seed}}" aria-label="Face of seed {{value.seed}}">
                <img src="{{value.large}}" alt="Face of seed {{value.seed}}, large">
                <h2>Seed {{value.seed}}</h2>
                <div class="link"><label>Its link<input type="text" readonly data-query="{{value.query}}"></label>
                <button type="button" name="link">Copy link</button></div>
                <div class="actions">
                <button type="button" name="keep" class="primary">Keep</button>
                <a class="button" download="seed-{{value.seed}}.png" href="{{value.src}}">PNG</a>
                <button type="button" name="morph">Morph from here</button>
                <button type="button" name="judge">Real or fake?</button>
                <button type="button" name="close" autofocus>Close</button></div>
                </dialog>{{/if}}""",
            apply_default_css=False,
            js_on_load=(STATIC / "card.js").read_text(),
            elem_id="card",
            **options,
        )


class Player(gr.HTML):
    """A morph that plays. Its value is `{src, still, alt, name}`, or None."""

    def __init__(self, **options):
        super().__init__(
            None,
            html_template="""{{#if value}}<figure class="player">
                <picture><source media="(prefers-reduced-motion: reduce)" srcset="{{value.still}}">
                <img src="{{value.src}}" alt="{{value.alt}}"></picture>
                <figcaption class="actions"><a class="button" download="{{value.name}}" href="{{value.src}}">Download</a>
                <button type="button" name="play">Play from the start</button></figcaption></figure>{{/if}}""",
            apply_default_css=False,
            js_on_load=(STATIC / "player.js").read_text(),
            elem_id="player",
            **options,
        )


class VerdictCard(gr.HTML):
    """What the detector says. Its value is a dict: see `gan.serve.page.verdict.as_json`; or None."""

    def __init__(self, **options):
        figure = '<figure><img src="{{%s}}" alt="%s"><figcaption>%s</figcaption></figure>'
        photo = (
            "{{#if value.photo}}"
            + figure % ("value.photo", "Your picture, with the face marked", "the face")
            + "{{/if}}"
        )
        meter = """<div class="meter" role="img" aria-label="{{OF.percent}} % generated">
            <span style="width: {{OF.percent}}%"></span></div>
            <div class="scale" aria-hidden="true"><span>real</span><span>generated</span></div>
            {{#each OF.sentences}}<p>{{this}}</p>{{/each}}"""
        squares = figure % ("OF.crop", "The square that was judged", "what was judged") + figure % (
            "OF.heat_map",
            "The same square in grey, red where it looks generated",
            "what speaks for generated",
        )
        template = """{{#if value}}<section class="verdict" aria-label="Verdict"><h2>{{value.headline}}</h2>
            {{#each value.sentences}}<p>{{this}}</p>{{/each}}{{#if value.opinion}}METER{{/if}}
            <div class="seen">PHOTO{{#if value.opinion}}SQUARES{{/if}}</div>
            {{#if value.middle}}<details><summary>Judge the middle square all the same</summary><h3>{{value.middle.headline}}</h3>
            <p>That says something only if there is a face in it.</p>MIDDLE</details>{{/if}}</section>{{/if}}"""
        parts = {
            "PHOTO": photo,
            "METER": meter.replace("OF", "value.opinion"),
            "SQUARES": squares.replace("OF", "value.opinion"),
            "MIDDLE": (meter + f'<div class="seen">{squares}</div>').replace("OF", "value.middle"),
        }
        for name, part in parts.items():
            template = template.replace(name, part)
        super().__init__(
            None,
            html_template=template,
            apply_default_css=False,
            js_on_load=None,
            elem_id="verdict",
            label="verdict",
            **options,
        )

    def api_info(self) -> dict:
        return {
            "type": "object",
            "description": "verdict, probability_generated (0 to 1, or null), faces, box (left, top, side, "
            "or null), sentences, opinion (with crop and heat_map as PNG data URLs, or "
            "null), and, where no face was found, middle: such an opinion",
        }
