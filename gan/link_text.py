"""The parameters of a link as they were before chats, keyboards, mails and templates changed them. Stdlib only."""

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

# what is put around a link, and so behind its last value
AROUND = " \t\r\n.,;:!?…*_~`'\"‘’“”«»<>()[]{}|\\/"
LONGEST = 10_000  # characters of a value: 64 places with eight seeds each take 9,087
_FACE = re.compile(r"/face/([0-9(%][^/?#\s]{0,400}?)\.(?:png|webp)(?:\?(\S*))?")
_PARAMETER = re.compile(r"(?:^|&)(?:amp;)*(?:v|tab|seeds)=", re.I)
_AS_TYPED = str.maketrans({"、": ",", "،": ",", "؛": ";", "−": "-"})


def parameters(given: Mapping[str, str] | str) -> dict[str, str]:
    """Parameters of any type, or the string that holds them → names in lower case, and values of limited length.

    Understood are `&amp;` for &, `=3D` for =, everything encoded once more, invisible letters, and digits, commas and
    dashes of other scripts.
    """
    if isinstance(given, str):
        given = _pairs(re.sub("&(?:amp;)+", "&", given[: 2 * LONGEST]).lstrip("?").split("#")[0])
    if not isinstance(given, Mapping):
        return {}
    found = {re.sub("^(?:amp;)+", "", str(name)): str(value) for name, value in given.items() if value is not None}
    for name in [name for name, value in found.items() if "=" in name and not value]:
        found = _pairs(name) | found
    quoted_printable = found.get("v", "").startswith("3D")
    return {
        name.lower(): in_ascii(unquote(value[:LONGEST].removeprefix("3D" if quoted_printable else ""))).strip()
        for name, value in found.items()
    }


def pasted(text: str) -> str:
    """The parameters of the link, or of the address of a face, that a text holds; "" if it holds none."""
    text = text[:LONGEST]
    if match := _FACE.search(text):
        return f"seeds={match[1]}&{match[2] or ''}"
    queries = (word.partition("?")[2] or word for word in text.split())
    return next(filter(_PARAMETER.search, queries), "")


def in_ascii(text: str) -> str:
    """A text with digits, commas and dashes in ASCII, and without invisible letters."""
    text = unicodedata.normalize("NFKC", text).translate(_AS_TYPED)
    text = re.sub(r"\d", lambda digit: str(int(digit[0])), text)
    kinds = {"Cf": "", "Pd": "-"}
    return "".join(kinds.get(unicodedata.category(letter), letter) for letter in text)


def short(text: str) -> str:
    """A piece of a link's text, short and printable, to be quoted in a sentence."""
    text = "".join(letter for letter in text if letter.isprintable())
    return text if len(text) <= 30 else text[:29] + "…"


def _pairs(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {}
    return {name: value for name, value in pairs if value or "=" in name}
