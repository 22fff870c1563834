"""The page's sliders: one for each field of a look."""

import html
from collections.abc import Mapping
from dataclasses import replace

import gradio as gr

from gan.link import LOOK
from gan.model.look import AS_TRAINED, ATTRIBUTES, Look
from gan.parts.sliders import CONTROLS
from gan.serve.faces import FaceModel
from gan.serve.page.inputs import bounded


class Slider(gr.Slider):
    """A slider whose number box may be empty or out of range while a visitor types; gr.Slider makes that an error."""

    is_template = True  # looks like its parent

    def preprocess(self, payload):
        return payload


def look_slider(tab: str, name: str, **options) -> Slider:
    """The slider of one field of a look."""
    options = {"min_width": 240, **CONTROLS[name], **options}
    return Slider(*LOOK[name][:2], getattr(AS_TRAINED, name), elem_id=f"{tab}-{name}", **options)


def look_sliders(tab: str) -> dict[str, Slider]:
    """The sliders of the fields that every generator has, by name, in the row where they are made."""
    return {name: look_slider(tab, name) for name in CONTROLS if name not in ATTRIBUTES}


class Shape:
    """A panel of a tab with the sliders of all attributes, those hidden that the weights shown cannot move."""

    def __init__(self, tab: str):
        with gr.Accordion("Shape", open=False, elem_id=f"{tab}-shape", elem_classes="shape") as self.panel:
            with gr.Row(elem_classes="attributes"):
                self.sliders = {name: look_slider(tab, name) for name in ATTRIBUTES}
            self.reset = gr.Button("Reset all", size="sm", min_width=0, elem_id=f"{tab}-shape-reset")
        self.outputs = [self.panel, *self.sliders.values()]

    def render(self, model: FaceModel, look: Look, arrived: bool) -> list:
        """Values for `outputs`. The panel of a view that `arrived` with an attribute moved is open."""
        there = model.along(look).of
        opened = {"open": True} if arrived and look.moved else {}
        return [gr.update(visible=bool(there), **opened), *(gr.update(visible=name in there) for name in self.sliders)]


def card_sliders() -> str:
    """The sliders of all attributes as HTML, for the card of one face."""
    rows = []
    for name in ATTRIBUTES:
        label, (least, most, _), step = CONTROLS[name]["label"], LOOK[name], CONTROLS[name]["step"]
        text = html.escape(label)
        rows.append(
            f'<div class="attribute" data-name="{name}" hidden><label><span>{text}</span>'
            f'<input type="range" min="{least:g}" max="{most:g}" step="{step:g}" value="0"></label><output>0</output>'
            f'<button type="button" name="reset" aria-label="Reset {text}">↺</button></div>'
        )
    return "".join(rows)


def api_numbers() -> dict[str, gr.Number]:
    """The fields of a look as arguments of the API, by name."""
    return {name: gr.Number(getattr(AS_TRAINED, name), label=name) for name in CONTROLS}


def values_of(look: Look) -> dict[str, float]:
    """What the sliders show, by name."""
    return {name: getattr(look, name) for name in CONTROLS}


def look_of(values: Mapping, before: Look = AS_TRAINED) -> Look:
    """Numbers by name, as a browser or a program sent them, → a look in its ranges; the other fields stay."""
    fields = {}
    for name, value in values.items():
        least, most, decimals = LOOK[name]
        if name in ATTRIBUTES and not isinstance(value, (int, float)):
            value = 0  # not the least, as of other settings
        fields[name] = round(bounded(value, least, most, whole=False), decimals)
    return replace(before, **fields)


def as_generated(look: Look) -> Look:
    """A look with no attribute moved; the other fields stay."""
    return replace(look, **dict.fromkeys(ATTRIBUTES, 0.0))


def in_words(look: Look) -> str:
    """ "variation 0.8, age 1.5, more feminine 1": only attributes that are moved."""
    numbers = {name: value for name, value in values_of(look).items() if name not in ATTRIBUTES} | look.moved
    words = []
    for name, value in numbers.items():
        less, _, more = CONTROLS[name]["label"].lower().partition(" / ")
        words.append(f"{more if value > 0 else less} {abs(value):g}" if more else f"{less} {value:g}")
    return ", ".join(words)
