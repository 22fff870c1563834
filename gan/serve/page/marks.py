"""Where the faces of a picture are: in words, and for the marks on it."""

from collections.abc import Sequence

from PIL import Image

from gan.cards.verdict import WORDS
from gan.model.face_finder import Square


def face_names(squares: Sequence[Square], picture: Image.Image) -> list[str]:
    """What the faces of a picture are called: their number, counted from the left, and where they are."""
    middles = [square.middle for square in squares]
    order = sorted(range(len(squares)), key=middles.__getitem__)
    thirds = [(int(3 * y / picture.height), int(3 * x / picture.width)) for x, y in middles]
    return [
        WORDS["face"].format(number=order.index(face) + 1, count=len(squares), place=in_words(*third))
        for face, third in enumerate(thirds)
    ]


def marks(squares: Sequence[Square], names: Sequence[str], picture: Image.Image) -> list[dict]:
    """Where the page marks the faces, from left to right, for page.css; 100cqw are the picture's width.

    `--x` and `--y` are the middle of the square, `--side` is its side, and `--near` is how far the middle of the next
    face is away: as wide as two buttons can be without overlapping. `--face` is 0 for the largest.
    """
    middles, unit = [square.middle for square in squares], 100 / picture.width
    result = []
    for face, (x, y) in enumerate(middles):
        gaps = [max(abs(x - left), abs(y - top)) for left, top in middles[:face] + middles[face + 1 :]]
        lengths = {"x": x, "y": y, "side": squares[face].side, "near": min(gaps, default=picture.width)}
        place = [f"--{name}: {unit * value:.2f}cqw" for name, value in lengths.items()]
        place += [f"--face: {face}", f"--roll: {roll(squares[face])}deg"]
        result.append({"face": face, "name": names[face], "pressed": face == 0, "place": "; ".join(place)})
    return sorted(result, key=lambda mark: middles[mark["face"]])


def roll(square: Square) -> int:
    """Degrees, clockwise, by which a square is turned about its middle; -180 to 180."""
    return round(square.roll)


def in_words(row: int, column: int) -> str:
    """A ninth of a picture in words; row and column are 0, 1 or 2."""
    return WORDS["places"][row][column]
