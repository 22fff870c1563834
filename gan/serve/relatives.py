"""More faces like one: places a little of the way from it to others, the same for everybody."""

import hashlib
from itertools import count

from gan.model.point import MOST_SEEDS, Place, Point, seeds_of

HOW_MANY = 8
WAYS = {"near": 0.25, "far": 0.45}  # of the way: as brothers and sisters, or as a wider family
_BELOW = 10_000  # short seeds make short links


def relatives(point: Point, t: float) -> list[Place]:
    """`HOW_MANY` places at `t` of the way from a point to seeds that its text decides; [] if it can hold no more seeds.

    Number n = 0, 1, … is the seed of the first 4 bytes of the SHA-256 of `f"{point} {n}"`, big-endian, modulo 10,000;
    one that was met before, or in the point itself, is left out.
    """
    met = set(seeds_of(point))
    if len(seeds_of(point)) == MOST_SEEDS:
        return []
    found: list[Place] = []
    for number in count():
        digest = hashlib.sha256(f"{point} {number}".encode()).digest()
        seed = int.from_bytes(digest[:4], "big") % _BELOW
        if seed not in met:
            met.add(seed)
            found.append(Place(point, seed, t))
        if len(found) == HOW_MANY:
            break
    return found
