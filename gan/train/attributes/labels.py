"""Which columns of data sets say what of an attribute."""

import re
from collections.abc import Sequence

from gan import UserError
from gan.model.look import ATTRIBUTES

# how far a head is turned is measured, so a label of it would not be used
_LEARNED = tuple(name for name in ATTRIBUTES if name != "turn")
_LABEL = re.compile(r"([a-z]+)=(-?)(.+)")


def parse(labels: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """`["smile=Smiling", "beard=-No_Beard"]` → columns of each attribute, with the sign with which they count.

    Raises:
        UserError: an item is not of that kind, or there is no such attribute.
    """
    columns = {}
    for item in labels:
        match = _LABEL.fullmatch(item)
        if not match or match[1] not in _LEARNED:
            raise UserError(f"--labels {item}: write ATTRIBUTE=COLUMN; the attributes are {', '.join(_LEARNED)}.")
        columns.setdefault(match[1], []).append((match[3], -1 if match[2] else 1))
    return columns
