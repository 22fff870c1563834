"""What browsers send, which may be anything, brought into its range before the page uses it."""

import gradio as gr

from gan.link import SEEDS, View, decode

MOST_ACTIONS = 100  # answered at once: a browser sends what was done during one answer


class Sent(gr.EventData):
    """What a browser sent with an event. A field that is missing is None."""

    def __getattr__(self, name: str):
        return self._data.get(name) if isinstance(self._data, dict) else None


def bounded(value, least, most, whole: bool = True):
    """A number that a browser sent, brought into its range; anything else becomes the least."""
    try:
        number = int(value) if whole else float(value)
        return least if number != number else min(max(number, least), most)  # NaN is unlike itself
    except (TypeError, ValueError, OverflowError):
        return least


def numbers(value, count: int) -> list[float] | None:
    """So many numbers that a browser sent, each brought into the range of a byte; None if it is anything else."""
    if not isinstance(value, list) or len(value) != count:
        return None
    return [bounded(each, -128, 127, whole=False) for each in value]


def clean(kept) -> dict[str, View]:
    """Kept faces as a browser sent them, a list of the queries of their links → for each query a gallery of its face.

    What is not such a query is dropped; of the others at most as many as a gallery takes, in their order.
    """
    sent = [query for query in kept if isinstance(query, str)] if isinstance(kept, list) else []
    views = {query: decode(query) for query in sent[: SEEDS["gallery"][1]]}
    return {
        query: view
        for query, (view, notes) in views.items()
        if not notes and view.tab == "gallery" and len(view.seeds) == 1
    }


def listed(actions) -> list[tuple[int, str, str, object]]:
    """What a visitor did, as a browser sent it → at most `MOST_ACTIONS` times `(number, tab, name, value)`."""
    found = [entry for entry in actions if isinstance(entry, list)] if isinstance(actions, list) else []
    return [
        (bounded(entry[0], 0, 10**9), str(entry[1]), str(entry[2]), entry[3])
        for entry in found[:MOST_ACTIONS]
        if len(entry) == 4
    ]
