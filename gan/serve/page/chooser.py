"""The choice between weights, above the faces that they make."""

from gan.serve.faces import FaceModel
from gan.serve.models import Models
from gan.serve.page.components import Component


class Chooser(Component):
    """A button for each of the weights. Its value is what `choices` makes; a click is the tab's action `weights`.

    Not gr.Radio: it refuses what was not on offer when the page was built, such as weights of the Hub.
    """

    def __init__(self, tab: str, **options):
        super().__init__([], "chooser", **{"elem_id": f"{tab}-chooser", **options})


def choices(models: Models, shown: FaceModel) -> list[dict]:
    """All weights on offer, and the shown ones if a link brought others; nothing if there is no choice."""
    sizes = [model.resolution for model in models.offered]
    labels = {
        model.id: f"{model.resolution} px" + (f" · {model.name}" if sizes.count(model.resolution) > 1 else "")
        for model in models.offered
    }
    labels.setdefault(shown.id, f"{shown.resolution} px · older")
    if len(labels) == 1:
        return []
    # as text: a template shows nothing for False
    return [{"id": name, "label": label, "chosen": str(name == shown.id).lower()} for name, label in labels.items()]
