"""The choice between weights, above the faces that they make."""

import gradio as gr

from gan.serve.faces import FaceModel
from gan.serve.models import Models


class Chooser(gr.HTML):
    """Buttons, one for each of the weights. Its value is what `choices` makes; `choose` says which was clicked.

    gr.Radio would do, but it refuses what was not on offer when the page was built, such as weights of the Hub.
    """

    def __init__(self, **options):
        super().__init__(
            [],
            html_template="""<div class="chooser" role="group" aria-label="Which weights make the faces">{{#each value}}
                <button type="button" data-weights="{{id}}" aria-pressed="{{chosen}}">{{label}}</button>{{/each}}</div>""",
            apply_default_css=False,
            js_on_load="""element.addEventListener("click", (event) => {
                const button = event.target.closest("button[aria-pressed=false]");
                if (button) trigger("choose", { weights: button.dataset.weights });
            });""",
            **options,
        )


def choices(models: Models, shown: FaceModel) -> list[dict]:
    """All weights on offer, and those that are shown where a link brought others; nothing where there is no choice."""
    sizes = [model.resolution for model in models.offered]
    labels = {
        model.id: f"{model.resolution} px" + (f" · {model.name}" if sizes.count(model.resolution) > 1 else "")
        for model in models.offered
    }
    labels.setdefault(shown.id, f"{shown.resolution} px · older")
    # text, since a template shows nothing for False
    return (
        [
            {"id": name, "label": label, "chosen": "true" if name == shown.id else "false"}
            for name, label in labels.items()
        ]
        if len(labels) > 1
        else []
    )
