"""Words where people type seeds: a name is a seed, too. Standard library only."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator

from gan.link import Part, first_points, no_seed, parts
from gan.link_text import LONGEST, pasted, short
from gan.model.point import Point

_NAMED = re.compile(r"^\s*seeds?\b[\s:#=]*(?=\d)(?!.*[^\W\d_])", re.I)  # as the page's headings say it
_SEPARATOR = re.compile("[,;，；、]")
_OTHERS = ", or words"


def typed_points(text: str, most: int = 64) -> tuple[tuple[Point, ...], list[str], list[str]]:
    """What a person typed, `Ada Lovelace, 12, 40-55` → the first `most` points, which words they are, what was left
    out: see `gan.link.first_points`."""
    return first_points(typed_parts(text[:LONGEST]), most)


def typed_parts(text: str) -> Iterator[Part]:
    """As `gan.link.parts`; what stands between two commas and has letters is a word. A link is none, `Seed 5` is 5."""
    if pasted(text) or "://" in text:
        yield Part((), no_seed(text, _OTHERS))
        return
    numbers: list[str] = []
    for part in [_NAMED.sub("", part) for part in _SEPARATOR.split(text)]:
        if any(map(str.isalpha, part)):
            yield from parts(",".join(numbers), _OTHERS)
            numbers, seed = [], word_seed(part)
            yield Part(range(seed, seed + 1), word=f"“{short(' '.join(part.split()))}” is seed {seed}.")
        else:
            numbers.append(part)
    yield from parts(",".join(numbers), _OTHERS)


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
