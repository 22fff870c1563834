"""Points: a seed, or a place on the way between two points. Standard library only: `gan.link` uses it.

4~13@0.4                   40 % of the way from seed 4 to seed 13
4~13@0.4~99@0.2            from there, 20 % of the way to seed 99: places are read from the left
4~13@0.4~(7~9@0.2)@0.5     a place on the right stands in parentheses
"""

import re
from dataclasses import dataclass

SEED_LIMIT = 2**32  # seeds are 0 <= seed < SEED_LIMIT
MOST_SEEDS = 8  # in a place
DECIMALS = 3  # of its t
LONGEST = 300  # characters of a text that may be a point
_TOKEN = re.compile(r"@-?(?:[0-9]{1,9}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})|[0-9]{1,10}|[~()]")
_END = ""


@dataclass(frozen=True)
class Place:
    """The place `t` of the way from `left` to `right`, along the sphere of the latents. Its text is `str(place)`.

    Raises:
        ValueError: t is not between 0 and 1 or has more than 3 decimals, or the place names more than 8 seeds.
    """

    left: "Point"
    right: "Point"
    t: float

    def __post_init__(self):
        seeds = seeds_of(self)
        if not 0 < self.t < 1 or round(self.t, DECIMALS) != self.t:
            raise ValueError(f"t must be between 0 and 1, with at most {DECIMALS} decimals: {self.t}")
        if len(seeds) > MOST_SEEDS or not all(0 <= seed < SEED_LIMIT for seed in seeds):
            raise ValueError(f"a place has at most {MOST_SEEDS} seeds, each from 0 to {SEED_LIMIT - 1}: {seeds}")

    def __str__(self) -> str:
        right = f"({self.right})" if isinstance(self.right, Place) else self.right
        return f"{self.left}~{right}@{self.t:g}"


Point = int | Place


def between(left: Point, right: Point, t: float) -> Point:
    """The point at `t` of the way, 0 to 1, rounded to 3 decimals; at 0 and 1 it is the end itself.

    Raises:
        ValueError: see `Place`.
    """
    t = round(t, DECIMALS)
    return left if t == 0 else right if t == 1 else Place(left, right, t)


def seeds_of(point: Point) -> tuple[int, ...]:
    """The seeds that a point names, from left to right."""
    return (*seeds_of(point.left), *seeds_of(point.right)) if isinstance(point, Place) else (point,)


def parse(text: str) -> tuple[Point, bool]:
    """`4~13@0.4` → the point, and whether it is what was written: a t is brought into its range and rounded.

    Raises:
        ValueError: the text is not a point, or names more than 8 seeds.
    """
    tokens = _TOKEN.findall(text[:LONGEST])
    if "".join(tokens) != text or tokens.count("(") > MOST_SEEDS:
        raise ValueError(f"not a point: {text[:LONGEST]}")
    tokens = [_END, *reversed(tokens)]
    point, exact = _chain(tokens)
    _take(tokens, _END)
    return point, exact


def _chain(tokens: list[str]) -> tuple[Point, bool]:
    point, exact = _operand(tokens)
    while tokens[-1] == "~":
        tokens.pop()
        right, right_exact = _operand(tokens)
        written = float(_take(tokens, "@")[1:])
        t = min(max(round(written, DECIMALS), 0), 1)
        point, exact = between(point, right, t), exact and right_exact and abs(t - written) < 1e-6
    return point, exact


def _operand(tokens: list[str]) -> tuple[Point, bool]:
    if tokens[-1] == "(":
        tokens.pop()
        inside = _chain(tokens)
        _take(tokens, ")")
        return inside
    seed = tokens.pop()
    if not seed.isdigit() or int(seed) >= SEED_LIMIT:
        raise ValueError(f"not a seed: {seed}")
    return int(seed), True


def _take(tokens: list[str], kind: str) -> str:
    """The next token, which must be of this kind."""
    token = tokens.pop() if tokens else _END
    if token[:1] != kind:
        raise ValueError(f"{kind or 'nothing'} was expected: {token}")
    return token
