"""What browsers send, which may be anything, brought into its range before the page uses it."""

from gan.link import SEED_LIMIT, SEEDS

MOST_ACTIONS = 100  # answered at once: a browser sends what was done during one answer


def bounded(value, least, most, whole: bool = True):
    """A number that a browser sent, brought into its range; anything else becomes the least."""
    try:
        number = int(value) if whole else float(value)
        return least if number != number else min(max(number, least), most)  # NaN is unlike itself
    except (TypeError, ValueError, OverflowError):
        return least


def seed_of(value) -> int:
    """A seed that a browser sent, brought into the range of seeds."""
    return bounded(value, 0, SEED_LIMIT - 1)


def clean(kept) -> list[int]:
    """The kept faces as a browser sent them → distinct seeds in their order, at most as many as a gallery takes."""
    listed = kept.get("seeds") if isinstance(kept, dict) else None
    seeds = (
        [seed for seed in listed if type(seed) is int and 0 <= seed < SEED_LIMIT] if isinstance(listed, list) else []
    )
    return list(dict.fromkeys(seeds))[: SEEDS["gallery"][1]]


def listed(actions) -> list[tuple[int, str, str, object]]:
    """What a visitor did, as a browser sent it → at most `MOST_ACTIONS` times `(number, tab, name, value)`."""
    found = [entry for entry in actions if isinstance(entry, list)] if isinstance(actions, list) else []
    return [
        (bounded(entry[0], 0, 10**9), str(entry[1]), str(entry[2]), entry[3])
        for entry in found[:MOST_ACTIONS]
        if len(entry) == 4
    ]
