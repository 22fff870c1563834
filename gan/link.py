"""A view of the page <-> the query string of a link. Standard library only: this is the trust boundary for URLs.

    ?v=1&seeds=12,40-55,1003&variation=0.8&w=e933c29c64d6                          a gallery
    ?v=1&tab=morph&seeds=12,7&variation=1&frames=16&loop=1&w=e933c29c64d6          a morph

A link says everything that is needed to show the same faces again, and nothing more. Version 1 is a promise:
what it means never changes, nor do its defaults.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

SEED_LIMIT = 2**32  # seeds are 0 <= seed < SEED_LIMIT
SEEDS = {"gallery": (1, 64), "morph": (2, 8), "verdict": (0, 1), "about": (0, 0)}  # fewest and most, per tab
VARIATION = (0.0, 1.5)  # 1: as the generator was trained; below: closer to the average face
FRAMES = (2, 32)  # frames of a morph from one seed to the next
FIRST_SEEDS = {"gallery": tuple(range(16)), "morph": (4, 13, 17), "verdict": (), "about": ()}

SEED = re.compile(r"[0-9]{1,10}")
RANGE = re.compile(r"([0-9]{1,10})\s*[-–]\s*([0-9]{1,10})")
SEPARATOR = re.compile(r"[,;]|(?<=[0-9])\s+(?=[0-9])")
WEIGHTS = re.compile(r"[0-9a-f]{12}")
NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True)
class View:
    """What the page shows. Only views that a link can carry can be built.

    Raises:
        ValueError: a field is out of its range, or set where its tab has no use for it.
    """

    tab: str = "gallery"
    seeds: tuple[int, ...] = FIRST_SEEDS["gallery"]  # at least and at most as many as SEEDS says
    variation: float = 1.0  # two decimals
    weights: str = ""  # first 12 hex digits of the generator's sha256; empty: those that the page has
    frames: int = 16
    loop: bool = True

    def __post_init__(self):
        fewest, most = SEEDS.get(self.tab, (1, 0))
        valid = (
            fewest <= len(self.seeds) <= most
            and all(0 <= seed < SEED_LIMIT for seed in self.seeds)
            and VARIATION[0] <= self.variation <= VARIATION[1]
            and round(self.variation, 2) == self.variation
            and (not self.weights or WEIGHTS.fullmatch(self.weights))
            and FRAMES[0] <= self.frames <= FRAMES[1]
            and (self.tab == "morph" or (self.frames, self.loop) == (16, True))
            and (self.seeds or (self.variation, self.weights) == (1.0, ""))
        )
        if not valid:
            raise ValueError(f"not a view: {self}")


def encode(view: View) -> str:
    """The query string of a view, without the question mark."""
    query = {"v": 1}
    if view.tab != "gallery":
        query["tab"] = view.tab
    if view.seeds:
        query |= {"seeds": format_seeds(view.seeds), "variation": f"{view.variation:g}"}
    if view.tab == "morph":
        query |= {"frames": view.frames, "loop": int(view.loop)}
    if view.weights:
        query["w"] = view.weights
    return urlencode(query, safe=",")


def decode(params: Mapping[str, str] | str) -> tuple[View, list[str]]:
    """Query parameters, or the string that holds them, → a view and one sentence for each thing it could not honour.

    Never raises. Unknown parameters are passed over, and so is a fragment; of repeated ones the last counts.
    `decode(encode(view)) == (view, [])` for every view.
    """
    notes: list[str] = []
    query = _strings(params)
    if query.get("v", "1") != "1":
        notes.append("This link was made by another version of this page; what it understands is shown.")
    tab = query.get("tab", "gallery")
    if tab not in SEEDS:
        notes.append(f"This page has no part called “{_short(tab)}”; here is the gallery.")
        tab = "gallery"
    seeds = _fitting(tab, query, notes)
    if not seeds:
        return View(tab, ()), notes
    fields = {"variation": _number(query, "variation", 1.0, VARIATION, 2, notes)}
    if tab == "morph":
        fields["frames"] = int(_number(query, "frames", 16, FRAMES, 0, notes))
        fields["loop"] = query.get("loop", "1") not in ("0", "false")
    weights = query.get("w", "").lower()
    if weights and not WEIGHTS.fullmatch(weights):
        notes.append("The link does not say which weights made its faces; those of this page are used.")
        weights = ""
    return View(tab, seeds, weights=weights, **fields), notes


def parse_seeds(text: str, most: int = 64) -> tuple[tuple[int, ...], list[str]]:
    """`12, 40-55, 1003` → the first `most` seeds in that order, and sentences about what was left out."""
    seeds: list[int] = []
    notes: list[str] = []
    for part in filter(None, (part.strip() for part in SEPARATOR.split(text[:4000]))):
        match = RANGE.fullmatch(part)
        first, last = (
            map(int, match.groups()) if match else (int(part), int(part)) if SEED.fullmatch(part) else (-1, -1)
        )
        if not (0 <= first < SEED_LIMIT and 0 <= last < SEED_LIMIT):
            notes.append(f"“{_short(part)}” is no seed: seeds are whole numbers from 0 to {SEED_LIMIT - 1}.")
            continue
        step = 1 if last >= first else -1
        # a range may name billions: take no more of it than can be shown, and one to know that there were more
        seeds += range(first, last + step, step)[: most + 1 - len(seeds)]
        if len(seeds) > most:
            notes.append(
                f"More faces than fit here: these are the first {most}." if most > 1 else "Only the first face is used."
            )
            break
    return tuple(seeds[:most]), notes[:3]


def format_seeds(seeds: tuple[int, ...], separator: str = ",") -> str:
    """(12, 40, 41, 42, 1003) → `12,40-42,1003`: the order is kept, runs of three and more are shortened."""
    parts, start = [], 0
    for end in range(1, len(seeds) + 1):
        if end == len(seeds) or seeds[end] != seeds[end - 1] + 1:
            run = seeds[start:end]
            parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)
            start = end
    return separator.join(parts)


def _strings(params: Mapping[str, str] | str) -> dict[str, str]:
    """Whatever came as parameters → names and values that are text of a sane length."""
    if isinstance(params, str):
        try:
            params = dict(parse_qsl(params[:8000].lstrip("?").split("#")[0], max_num_fields=100))
        except ValueError:
            params = {}
    if not isinstance(params, Mapping):
        return {}
    return {str(name): str(value)[:4000].strip() for name, value in params.items() if value is not None}


def _fitting(tab: str, query: dict[str, str], notes: list[str]) -> tuple[int, ...]:
    """The seeds of a query, as many as the tab takes."""
    fewest, most = SEEDS[tab]
    if most == 0:
        return ()
    seeds, seed_notes = parse_seeds(query.get("seeds", ""), most)
    notes += seed_notes
    if len(seeds) >= fewest:
        return seeds
    if seeds:  # a morph of one face
        neighbour = (seeds[0] + 1) % SEED_LIMIT
        notes.append(f"A morph takes at least two faces: seed {neighbour} was added.")
        return (*seeds, neighbour)
    if "seeds" in query:
        notes.append(
            f"The link names no face that can be shown; here are seeds {format_seeds(FIRST_SEEDS[tab], ', ')}."
        )
    return FIRST_SEEDS[tab]


def _number(query: dict[str, str], name: str, default: float, limits: tuple, decimals: int, notes: list[str]) -> float:
    text = query.get(name, "")
    if not text:
        return default
    if not NUMBER.fullmatch(text):
        notes.append(f"“{_short(text)}” is no number for {name}: {default:g} is used.")
        return default
    value = min(max(round(float(text), decimals), limits[0]), limits[1])
    if abs(value - float(text)) > 1e-6:
        notes.append(f"{name.capitalize()} {_short(text)} is not to be had: {value:g} is used.")
    return value


def _short(text: str) -> str:
    """A piece of somebody's text, fit to be quoted in a sentence."""
    text = "".join(letter for letter in text if letter.isprintable())
    return text if len(text) <= 30 else text[:29] + "…"
