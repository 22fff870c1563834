"""What browsers send, which may be anything, brought into its range before the page uses it."""

import gradio as gr

from gan.link import SEED_LIMIT, SEEDS


def bounded(value, least, most, whole: bool = True):
    """A number that a browser sent, brought into its range; anything else becomes the least."""
    try:
        number = int(value) if whole else float(value)
        return least if number != number else min(max(number, least), most)  # NaN is unlike itself
    except (TypeError, ValueError, OverflowError):
        return least


def seed_of(event: gr.EventData) -> int:
    """The seed of the face that was clicked, as a browser sent it."""
    return bounded(event.seed, 0, SEED_LIMIT - 1)


def clean(kept) -> list[int]:
    """The kept faces as a browser sent them → distinct seeds in their order, at most as many as a gallery takes."""
    listed = kept.get("seeds") if isinstance(kept, dict) else None
    seeds = (
        [seed for seed in listed if type(seed) is int and 0 <= seed < SEED_LIMIT] if isinstance(listed, list) else []
    )
    return list(dict.fromkeys(seeds))[: SEEDS["gallery"][1]]
