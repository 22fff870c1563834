"""The page's sliders: one for each field of a look. Nothing else on the page names these fields."""

from collections.abc import Mapping
from dataclasses import replace

import gradio as gr

from gan.link import LOOK
from gan.model.look import AS_TRAINED, Look
from gan.serve.page.inputs import bounded

# for each field of a look, what gr.Slider needs beside range and value
CONTROLS = {"variation": {"label": "Variation", "info": "1 as trained, less is closer to the average", "step": 0.05}}


class Slider(gr.Slider):
    """A slider whose number box may be empty or out of range while a visitor types; gr.Slider makes that an error."""

    is_template = True  # looks like its parent

    def preprocess(self, payload):
        return payload


def look_sliders(tab: str) -> dict[str, Slider]:
    """One slider for each field of a look, by name, in the row where they are made."""
    return {
        name: Slider(*LOOK[name][:2], getattr(AS_TRAINED, name), min_width=240, elem_id=f"{tab}-{name}", **options)
        for name, options in CONTROLS.items()
    }


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
        fields[name] = round(bounded(value, least, most, whole=False), decimals)
    return replace(before, **fields)


def in_words(look: Look) -> str:
    """ "variation 0.8"."""
    return ", ".join(f"{CONTROLS[name]['label'].lower()} {getattr(look, name):g}" for name in CONTROLS)
