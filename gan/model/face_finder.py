"""Finds faces in any picture, and the square around a face as the training pictures frame it. The only importer of cv2.

OpenCV's Haar cascade (Viola and Jones 2001), which is part of its package, so nothing is downloaded. It finds upright
faces that look at the camera, and few others.
"""

import threading
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

_LONG_SIDE = 400  # pixels to which photos are reduced for the search
_SHORT_SIDE = 160  # pixels to which small pictures are enlarged
_BORDER = 0.25  # of the shorter side: a face that fills the picture is found only with a border around it
_SMALLEST = 24  # pixels of the searched picture, a seventeenth of a photo's long side
# the training crop relative to the cascade's square: medians over 150 held-out pictures of UTKFace, which have that
# crop
_SIDE, _LOWER = 0.99, 0.09  # side and how far lower the middle is, in sides of the cascade's square
_TIGHTER = 0.9  # of the side, where a face is cut out of a larger picture: its surroundings mislead the detector
_WHOLE = 0.8  # of the shorter side; a larger square becomes the whole picture
_LARGER, _SHIFTED = 1.08, 0.04  # side and shift of the additional crops, in sides of the square
FEWEST_PIXELS = 40  # of a face's side, below which nothing is judged


class Square(NamedTuple):
    """A part of a picture, in its pixels; it may reach beyond the edges."""

    left: float
    top: float
    side: float


def find(picture: Image.Image) -> list[Square]:
    """The faces in a PIL RGB image, largest first, as the cascade's squares: from brow to chin."""
    scale = min(_LONG_SIDE / max(picture.size), 1)
    scale = max(scale, min(_SHORT_SIDE / min(picture.size), _LONG_SIDE / max(picture.size)))
    size = [max(1, round(side * scale)) for side in picture.size]
    grey = np.asarray(picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2).convert("L"))
    border = round(_BORDER * min(size))
    searched = cv2.copyMakeBorder(grey, border, border, border, border, cv2.BORDER_REPLICATE)
    with _LOCK:
        found = _cascade().detectMultiScale(searched, 1.1, 3, minSize=(_SMALLEST, _SMALLEST))
    squares = [Square((left - border) / scale, (top - border) / scale, side / scale) for left, top, side, _ in found]
    return sorted(squares, key=lambda square: -square.side)


_LOCK = threading.Lock()  # a cascade has state while it searches


@lru_cache(maxsize=1)
def _cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")


def framed(face: Square, picture: Image.Image) -> Square:
    """The square around a face as the training pictures have it, moved into the picture as far as it fits.

    A picture that is almost such a square stays whole: cropping a few pixels means resampling all of them, which
    erases the finest traces of a generator.
    """
    side = min(_SIDE * face.side, *picture.size)
    side = min(picture.size) if side > _WHOLE * min(picture.size) else _TIGHTER * side
    middle_x, middle_y = face.left + face.side / 2, face.top + face.side * (0.5 + _LOWER)
    left, top = (
        min(max(middle - side / 2, 0), length - side) for middle, length in zip((middle_x, middle_y), picture.size)
    )
    return Square(left, top, side)


def cut(picture: Image.Image, square: Square, resolution: int) -> np.ndarray:
    """The crop of a square for a network: `(resolution, resolution, 3)` uint8, by Lanczos. The square must lie in the
    picture."""
    left, top, side = square
    # the reducing gap makes large photos cheap and changes almost nothing
    return np.asarray(
        picture.resize(
            (resolution, resolution), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side), reducing_gap=4
        )
    )


def looks(picture: Image.Image, square: Square, resolution: int) -> np.ndarray:
    """The crops of a square for a detector: `(K, resolution, resolution, 3)` uint8, K 1 or 4.

    The square itself and, unless it is as large as the picture allows, three slightly larger ones: each resampling
    leaves other traces of a generator.
    """
    side = min(_LARGER * square.side, *picture.size)
    squares = [square]
    for shift in (-_SHIFTED, 0, _SHIFTED) if side > square.side else ():
        corner = (square.left, square.top + shift * square.side)
        squares.append(
            Square(
                *(
                    min(max(start + (square.side - side) / 2, 0), length - side)
                    for start, length in zip(corner, picture.size)
                ),
                side,
            )
        )
    return np.stack([cut(picture, each, resolution) for each in squares])


def middle(picture: Image.Image) -> Square:
    """The middle square, for pictures in which no face was found."""
    side = min(picture.size)
    return Square((picture.width - side) / 2, (picture.height - side) / 2, side)
