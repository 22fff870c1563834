"""A view of the page <-> the query string of a link. Standard library only: this is the trust boundary for URLs.

    ?v=1&seeds=12,40-55,1003&variation=0.8&w=e933c29c64d6                          a gallery
    ?v=1&tab=morph&seeds=12,7&variation=1&frames=16&loop=1&w=e933c29c64d6          a morph

A link holds everything that is needed to show the same faces again, and nothing more. Version 1 is a promise: its
meaning and its defaults never change. `tests/link_vectors.json` holds links and what they mean, for ports to other
languages.

People may type words where they type seeds: `typed_seeds`. Links hold numbers only, so a word is never lost in one.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple
from urllib.parse import urlencode

from gan.link_text import AROUND, in_ascii, parameters, pasted
from gan.model.look import AS_TRAINED, Look

SEED_LIMIT = 2**32  # seeds are 0 <= seed < SEED_LIMIT
SEEDS = {"gallery": (1, 64), "morph": (2, 8), "verdict": (0, 1), "about": (0, 0)}  # fewest and most, per tab
FRAMES = (2, 32)  # frames of a morph from one seed to the next
FIRST_SEEDS = {"gallery": tuple(range(16)), "morph": (4, 13, 17), "verdict": (), "about": ()}


class Range(NamedTuple):
    """Which values a field of a look may have in a link."""

    least: float
    most: float
    decimals: int


LOOK = {"variation": Range(0.0, 1.5, 2)}  # every field of a `Look`
# fields that a link of version 1 always holds; the others only where they differ from the default
_ALWAYS = {"variation"}

_SEED = re.compile(r"[0-9]{1,10}")
_RANGE = re.compile(r"([0-9]{1,10})\s*[-–]\s*([0-9]{1,10})")
_SEPARATOR = re.compile(r"[,;]|(?<=[0-9])\s+(?=[0-9])")
_NAMED = re.compile(r"^\s*seeds?\b[\s:#=]*(?=\d)(?!.*[^\W\d_])", re.I)  # as the page's headings say it
_TYPED_SEPARATOR = re.compile("[,;，；、]")
WEIGHTS = re.compile(r"[0-9a-f]{12}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True)
class View:
    """What the page shows. Only views that a link can carry can be built.

    Raises:
        ValueError: a field is out of its range, or set where its tab has no use for it.
    """

    tab: str = "gallery"
    seeds: tuple[int, ...] = FIRST_SEEDS["gallery"]  # their number is limited by SEEDS
    look: Look = AS_TRAINED
    weights: str = ""  # first 12 hex digits of the generator's sha256; empty: those that the page has
    frames: int = 16
    loop: bool = True

    def __post_init__(self):
        fewest, most = SEEDS.get(self.tab, (1, 0))
        valid = (
            fewest <= len(self.seeds) <= most
            and all(0 <= seed < SEED_LIMIT for seed in self.seeds)
            and isinstance(self.look, Look)
            and all(_fits(getattr(self.look, name), limits) for name, limits in LOOK.items())
            and (not self.weights or WEIGHTS.fullmatch(self.weights))
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
        query |= {"seeds": format_seeds(view.seeds), **look_fields(view.look)}
    if view.tab == "morph":
        query |= {"frames": view.frames, "loop": int(view.loop)}
    if view.weights:
        query["w"] = view.weights
    return urlencode(query, safe=",")


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
        notes.append(f"This page has no tab “{_short(named)}”. Here is the gallery.")
        tab = "gallery"
    seeds = _seeds_for(tab, query, notes)
    if not seeds:
        return View(tab, ()), notes
    look = {name: _number(query, name, getattr(Look(), name), limits, notes) for name, limits in LOOK.items()}
    morph = {}
    if tab == "morph":
        morph["frames"] = int(_number(query, "frames", 16, Range(*FRAMES, 0), notes))
        morph["loop"] = query.get("loop", "1").strip(AROUND).lower() not in ("0", "false")
    weights = query.get("w", "").strip(AROUND).lower()
    # words behind the link belong to its last parameter
    if match := re.match(rf"({WEIGHTS.pattern})(?![0-9a-z])", weights):
        weights = match[1]
    elif weights:
        notes.append("The link does not say which weights made its faces. The page's current weights are used.")
        weights = ""
    return View(tab, seeds, Look(**look), weights, **morph), notes


def look_fields(look: Look) -> dict[str, str]:
    """The fields of a look as a link holds them: `{"variation": "0.8"}`."""
    return {
        field.name: f"{getattr(look, field.name):g}"
        for field in fields(look)
        if field.name in _ALWAYS or getattr(look, field.name) != field.default
    }


def parse_seeds(text: str, most: int = 64) -> tuple[tuple[int, ...], list[str]]:
    """`12, 40-55, 1003` → the first `most` seeds in that order, and sentences about what was left out."""
    seeds, _, notes = _first(seed_ranges(text[:4000]), most)
    return seeds, notes


def typed_seeds(text: str, most: int = 64) -> tuple[tuple[int, ...], list[str], list[str]]:
    """What a person typed, `Ada Lovelace, 12, 40-55` → the first `most` seeds, which words they are, what was left out.

    The second is empty or one text that says the seed of each word; the third has one sentence for each fault.
    """
    return _first(typed_ranges(text[:4000]), most, ", or words")


def _first(
    ranges: Iterator[tuple[str, range | None]], most: int, others: str = ""
) -> tuple[tuple[int, ...], list[str], list[str]]:
    seeds: list[int] = []
    words: list[str] = []
    notes: list[str] = []
    for part, run in ranges:
        if run is None:
            notes.append(f"“{_short(part)}” is not a seed. Seeds are whole numbers from 0 to {SEED_LIMIT - 1}{others}.")
            continue
        if len(seeds) < most and is_word(part):
            words.append(word_note(part, run[0]))
        # a range may name billions: take only as many as can be shown, and one more to know that there are more
        seeds += run[: most + 1 - len(seeds)]
        if len(seeds) > most:
            notes.append(
                f"Only {most} faces fit. These are the first {most}." if most > 1 else "Only the first face is used."
            )
            break
    return tuple(seeds[:most]), [" ".join(words)] if words else [], notes[:3]


def seed_ranges(text: str) -> Iterator[tuple[str, range | None]]:
    """`12, 40-55` → each part of the text with the seeds that it names, in their order; None where it names none."""
    for part in filter(None, (part.strip() for part in _SEPARATOR.split(in_ascii(text)))):
        bare = part.strip(AROUND)
        match = _RANGE.fullmatch(bare)
        ends = list(map(int, match.groups())) if match else [int(bare)] * 2 if _SEED.fullmatch(bare) else [-1, -1]
        first, last = ends
        step = 1 if last >= first else -1
        yield part, range(first, last + step, step) if 0 <= min(ends) and max(ends) < SEED_LIMIT else None


def typed_ranges(text: str) -> Iterator[tuple[str, range | None]]:
    """As `seed_ranges`; what stands between two commas and has letters is a word. A link is none, `Seed 5` is 5."""
    if pasted(text) or "://" in text:
        yield text, None
        return
    for part in _TYPED_SEPARATOR.split(text):
        part = _NAMED.sub("", part)
        if is_word(part):
            seed = word_seed(part)
            yield " ".join(part.split()), range(seed, seed + 1)
        else:
            yield from seed_ranges(part)


def is_word(part: str) -> bool:
    return any(map(str.isalpha, part))


def word_note(word: str, seed: int) -> str:
    return f"“{_short(word)}” is seed {seed}."


def word_seed(word: str) -> int:
    """The seed of a word or a name, however it is capitalised, spaced or encoded.

    1. Characters of Unicode's categories Cf (invisible) and Cs are dropped; ’, which phones type, becomes '.
    2. NFKC, lower case, upper case, NFKC. Thus ß is SS. `str.casefold` does not exist in other languages.
    3. White space becomes one space, and none at either end.
    4. The first 4 bytes of the SHA-256 of its UTF-8, big-endian, are the seed.

    `tests/word_vectors.json` holds words and their seeds.
    """
    visible = "".join(letter for letter in word if unicodedata.category(letter) not in ("Cf", "Cs"))
    folded = unicodedata.normalize("NFKC", visible.replace("’", "'")).lower().upper()
    text = " ".join(unicodedata.normalize("NFKC", folded).split())
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def format_seeds(seeds: tuple[int, ...], separator: str = ",") -> str:
    """(12, 40, 41, 42, 1003) → `12,40-42,1003`: the order is kept, runs of three and more are shortened."""
    parts, start = [], 0
    for end in range(1, len(seeds) + 1):
        if end == len(seeds) or seeds[end] != seeds[end - 1] + 1:
            run = seeds[start:end]
            parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)
            start = end
    return separator.join(parts)


def _fits(value: float, limits: Range) -> bool:
    return limits.least <= value <= limits.most and round(value, limits.decimals) == value


def _seeds_for(tab: str, query: dict[str, str], notes: list[str]) -> tuple[int, ...]:
    """The seeds of a query, as many as the tab takes."""
    fewest, most = SEEDS[tab]
    if most == 0:
        return ()
    text = query.get("seeds") or query.get("seed", "")  # people write seed=5, too
    seeds, seed_notes = parse_seeds(text, most)
    notes += seed_notes
    if len(seeds) >= fewest:
        return seeds
    if seeds:  # a morph of one face
        neighbour = (seeds[0] + 1) % SEED_LIMIT
        notes.append(f"A morph takes at least two faces. Seed {neighbour} was added.")
        return (*seeds, neighbour)
    if "seeds" in query or "seed" in query:
        first = format_seeds(FIRST_SEEDS[tab], ", ")
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
    notes.append(f"{name.capitalize()} “{_short(text)}” is not possible. {value:g} is used instead.")
    return value


def _short(text: str) -> str:
    """A piece of a link's text, short and printable, to be quoted in a sentence."""
    text = "".join(letter for letter in text if letter.isprintable())
    return text if len(text) <= 30 else text[:29] + "…"
