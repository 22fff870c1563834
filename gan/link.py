"""A view of the page <-> the query string of a link. Standard library only: this is the trust boundary for URLs.

    ?v=1&seeds=12,40-55,1003&variation=0.8&w=e933c29c64d6                          a gallery
    ?v=1&tab=morph&seeds=12,7&variation=1&frames=16&loop=1&w=e933c29c64d6          a morph
    ?v=1&seeds=4~13@0.4,99&variation=1&w=e933c29c64d6                              a place between two seeds, and a seed
    ?v=1&tab=find&seeds=812,53,9017&variation=1&w=e933c29c64d6                     seeds that were found for a photo
    ?v=1&seeds=12&variation=1&age=1.5&smile=-1&d=0b1c2d3e4f50&w=e933c29c64d6       a face that is older and more serious

A link holds everything that is needed to show the same faces again, and nothing more. Version 1 is a promise: its
meaning and its defaults never change. `tests/link_vectors.json` holds links and what they mean, for ports to other
languages.

`gan.model.point` says what a place is. People may type words where they type seeds: `gan.words`. Links hold numbers
only, so a word is never lost in one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from gan.link_text import AROUND, LONGEST, in_ascii, parameters, short
from gan.model.look import AS_TRAINED, ATTRIBUTES, Look
from gan.model.point import MOST_SEEDS, SEED_LIMIT, Place, Point, parse, seeds_of

# fewest and most, per tab
SEEDS = {"gallery": (1, 64), "morph": (2, 8), "find": (0, 12), "verdict": (0, 1), "about": (0, 0)}
FRAMES = (2, 32)  # frames of a morph from one seed to the next
FIRST_SEEDS = {"gallery": tuple(range(16)), "morph": (4, 13, 17), "find": (), "verdict": (), "about": ()}


class Range(NamedTuple):
    """Which values a field of a look may have in a link."""

    least: float
    most: float
    decimals: int


# every number of a `Look`
LOOK = {"variation": Range(0.0, 1.5, 2)} | dict.fromkeys(ATTRIBUTES, Range(-3.0, 3.0, 2))
# fields that a link of version 1 always holds; the others only where they differ from the default
_ALWAYS = {"variation"}

_SEED = re.compile(r"[0-9]{1,10}")
_RANGE = re.compile(r"([0-9]{1,10})\s*[-–]\s*([0-9]{1,10})")
_SEPARATOR = re.compile(r"[,;]|(?<=[0-9])\s+(?=[0-9])")
# no t that a link holds is 0, so this is 0.4 as many languages write it, and 4 is no seed
_DECIMAL_COMMA = re.compile(r"@\s*0\s*,\s*[0-9]{1,3}(?![0-9~@.-])")
_AROUND_PLACE = AROUND.replace("(", "").replace(")", "")
WEIGHTS = re.compile(r"[0-9a-f]{12}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True)
class View:
    """What the page shows. Only views that a link can carry can be built.

    Raises:
        ValueError: a field is out of its range, or set where its tab has no use for it.
    """

    tab: str = "gallery"
    seeds: tuple[Point, ...] = FIRST_SEEDS["gallery"]  # their number is limited by SEEDS
    look: Look = AS_TRAINED
    weights: str = ""  # first 12 hex digits of the generator's sha256; empty: those that the page has
    frames: int = 16
    loop: bool = True

    def __post_init__(self):
        fewest, most = SEEDS.get(self.tab, (1, 0))
        valid = (
            fewest <= len(self.seeds) <= most
            and all(isinstance(point, Place) or 0 <= point < SEED_LIMIT for point in self.seeds)
            and isinstance(self.look, Look)
            and all(_fits(getattr(self.look, name), limits) for name, limits in LOOK.items())
            and all(not name or WEIGHTS.fullmatch(name) for name in (self.weights, self.look.directions))
            and FRAMES[0] <= self.frames <= FRAMES[1]
            and (self.tab == "morph" or (self.frames, self.loop) == (16, True))
            and (self.seeds or (self.look, self.weights) == (Look(), ""))
        )
        if not valid:
            raise ValueError(f"not a view: {self}")


def encode(view: View) -> str:
    """The query string of a view, without the question mark."""
    query = {"v": 1}
    if view.tab != "gallery":
        query["tab"] = view.tab
    if view.seeds:
        query |= {"seeds": format_points(view.seeds), **look_fields(view.look)}
    if view.tab == "morph":
        query |= {"frames": view.frames, "loop": int(view.loop)}
    if view.weights:
        query["w"] = view.weights
    return urlencode(query, safe=",~@")  # chats end a link at a parenthesis


def decode(params: Mapping[str, str] | str) -> tuple[View, list[str]]:
    """Query parameters, or the string that holds them, → a view and one sentence for each thing it could not honour.

    Never raises. Unknown parameters and a fragment are ignored; of repeated parameters the last counts. What a chat
    or a keyboard did to the link is undone: see `link_text`.
    `decode(encode(view)) == (view, [])` for every view.
    """
    notes: list[str] = []
    query = parameters(params)
    if query.get("v", "1").strip(AROUND) != "1":
        notes.append("This link comes from another version of this page. The parts that this version knows are shown.")
    named = query.get("tab", "gallery")
    tab = named.strip(AROUND).lower()
    if tab not in SEEDS:
        notes.append(f"This page has no tab “{short(named)}”. Here is the gallery.")
        tab = "gallery"
    seeds = _points_for(tab, query, notes)
    if not seeds:
        return View(tab, ()), notes
    look = {name: _number(query, name, getattr(Look(), name), limits, notes) for name, limits in LOOK.items()}
    morph = {}
    if tab == "morph":
        morph["frames"] = int(_number(query, "frames", 16, Range(*FRAMES, 0), notes))
        morph["loop"] = query.get("loop", "1").strip(AROUND).lower() not in ("0", "false")
    weights = _id(query.get("w", ""))
    if weights is None:
        notes.append("The link does not say which weights made its faces. The page's current weights are used.")
    directions = _id(query.get("d", ""))
    if directions is None and Look(**look).moved:
        notes.append("The link does not say along which directions its faces were moved. Current ones are used.")
    return View(tab, seeds, Look(**look, directions=directions or ""), weights or "", **morph), notes


def look_fields(look: Look) -> dict[str, str]:
    """A look as a link holds it: `{"variation": "0.8"}`."""
    numbers = {name: getattr(look, name) for name in LOOK}
    found = {name: f"{value:g}" for name, value in numbers.items() if name in _ALWAYS or name in look.moved}
    return found | ({"d": look.directions} if look.directions else {})


def _id(text: str) -> str | None:
    """What a link names weights or directions by; None if it cannot be one. Words behind a link belong to its last
    parameter."""
    text = text.strip(AROUND).lower()
    match = re.match(rf"({WEIGHTS.pattern})(?![0-9a-z])", text)
    return match[1] if match else None if text else ""


class Part(NamedTuple):
    """What one part of a list of points means."""

    points: Sequence[Point]  # in their order; empty where it names none
    note: str = ""  # a sentence about what could not be honoured
    word: str = ""  # a sentence that says which seed a word is


def parse_points(text: str, most: int = 64) -> tuple[tuple[Point, ...], list[str]]:
    """`12, 40-55, 4~13@0.4` → the first `most` points in that order, and sentences about what was left out."""
    points, _, notes = first_points(parts(text[:LONGEST]), most)
    return points, notes


def first_points(found: Iterable[Part], most: int) -> tuple[tuple[Point, ...], list[str], list[str]]:
    """The first `most` points, which words they are, what was left out.

    The second is empty or one text that says the seed of each word; the third has one sentence for each fault.
    """
    points: list[Point] = []
    words: list[str] = []
    notes: list[str] = []
    for part in found:
        if len(points) < most and part.word:
            words.append(part.word)
        if part.note and (len(points) < most or not part.points):
            notes.append(part.note)
        # a range may name billions: take only as many as can be shown, and one more to know that there are more
        points += part.points[: most + 1 - len(points)]
        if len(points) > most:
            notes.append(
                f"Only {most} faces fit. These are the first {most}." if most > 1 else "Only the first face is used."
            )
            break
    return tuple(points[:most]), [" ".join(words)] if words else [], notes[:3]


def parts(text: str, others: str = "") -> Iterator[Part]:
    """`12, 40-55, 4~13@0.4` → each part of the text with the points that it names; `others` ends what is said of it
    where it names none."""
    text = in_ascii(text)
    if _DECIMAL_COMMA.search(text):
        yield Part((), "A comma separates faces. Write a place between two with a point, as 4~13@0.4.")
    for part in filter(None, (part.strip() for part in _SEPARATOR.split(text))):
        bare = part.strip(AROUND)
        if "~" in bare:
            yield _place(part)
            continue
        match = _RANGE.fullmatch(bare)
        ends = list(map(int, match.groups())) if match else [int(bare)] * 2 if _SEED.fullmatch(bare) else [-1, -1]
        first, last = ends
        step = 1 if last >= first else -1
        possible = 0 <= min(ends) and max(ends) < SEED_LIMIT
        yield Part(range(first, last + step, step)) if possible else Part((), no_seed(part, others))


def no_seed(part: str, others: str = "") -> str:
    return f"“{short(part)}” is not a seed. Seeds are whole numbers from 0 to {SEED_LIMIT - 1}{others}."


def _place(part: str) -> Part:
    """A part with ~, which is a place or nothing."""
    text = "".join(part.split())
    for around in (_AROUND_PLACE, AROUND):  # a parenthesis may belong to the place
        try:
            point, exact = parse(text.strip(around))
        except ValueError:
            continue
        return Part((point,), "" if exact else f"“{short(part)}” is not possible. {point} is used instead.")
    if text.count("~") >= MOST_SEEDS:
        return Part((), f"“{short(part)}” has too many seeds: a place has at most {MOST_SEEDS}.")
    return Part((), f"“{short(part)}” is not a place between two faces. Write, for example, 4~13@0.4.")


def format_points(points: Sequence[Point], separator: str = ",") -> str:
    """(12, 40, 41, 42, 1003) → `12,40-42,1003`: the order is kept, runs of three and more seeds are shortened."""
    words, start = [], 0
    for end in range(1, len(points) + 1):
        if end == len(points) or not _follows(points[end], points[end - 1]):
            run = points[start:end]
            words += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)
            start = end
    return separator.join(words)


def _follows(point: Point, other: Point) -> bool:
    return not isinstance(other, Place) and point == other + 1


def _fits(value: float, limits: Range) -> bool:
    return limits.least <= value <= limits.most and round(value, limits.decimals) == value


def _points_for(tab: str, query: dict[str, str], notes: list[str]) -> tuple[Point, ...]:
    """The points of a query, as many as the tab takes."""
    fewest, most = SEEDS[tab]
    if most == 0:
        return ()
    text = query.get("seeds") or query.get("seed", "")  # people write seed=5, too
    points, point_notes = parse_points(text, most)
    notes += point_notes
    if len(points) >= fewest:
        return points
    if points:  # a morph of one face
        neighbour = (seeds_of(points[0])[0] + 1) % SEED_LIMIT
        notes.append(f"A morph takes at least two faces. Seed {neighbour} was added.")
        return (*points, neighbour)
    if "seeds" in query or "seed" in query:
        first = format_points(FIRST_SEEDS[tab], ", ")
        notes.append("The link names no face." + (f" Here are seeds {first}." if first else ""))
    return FIRST_SEEDS[tab]


def _number(query: dict[str, str], name: str, default: float, limits: Range, notes: list[str]) -> float:
    text = query.get(name, "")
    if not text:
        return default
    value = default
    number = text.strip(AROUND).replace(",", ".")  # the decimal comma of many languages
    if _NUMBER.fullmatch(number):
        value = min(max(round(float(number), limits.decimals), limits.least), limits.most) + 0.0  # not -0.0
        if abs(value - float(number)) <= 1e-6:
            return value
    notes.append(f"{name.capitalize()} “{short(text)}” is not possible. {value:g} is used instead.")
    return value
