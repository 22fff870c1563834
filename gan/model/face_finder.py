"""Where the faces are in a picture as people have it, and the square around one that the networks know. Only importer of cv2.

OpenCV's Haar cascade (Viola and Jones 2001), which comes inside its package: nothing is downloaded, it takes some
hundredths of a second, and it finds faces that look at the camera, upright, and little else.
"""

import threading
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

_LONG_SIDE = 400  # pixels, at which photos are searched
_SHORT_SIDE = 160  # pixels, to which small pictures are enlarged
_BORDER = 0.25  # of the shorter side: a face that fills its picture is found only with something around it
_SMALLEST = 24  # pixels of the picture that is searched: a seventeenth of a photo's long side
# the training crop beside what the cascade finds, as medians over 150 held-out pictures of UTKFace, which are that crop
_SIDE, _LOWER = 0.99, 0.09  # of the face's side, and how far lower its middle is
_TIGHTER = 0.9  # what is cut out of a larger picture: what stands around a face misleads the detector
_WHOLE = 0.8  # of the shorter side, from which on a square takes all of it
_LARGER, _SHIFTED = 1.08, 0.04  # of the side, of the further looks
FEWEST_PIXELS = 40  # of a face's side, below which nothing can be told


class Square(NamedTuple):
    """A part of a picture, in its pixels; it may reach beyond the edges."""

    left: float
    top: float
    side: float


def find(picture: Image.Image) -> list[Square]:
    """The faces in a PIL RGB image, largest first, as the cascade draws them: from the brow to the chin."""
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


_LOCK = threading.Lock()  # a cascade keeps notes while it searches


@lru_cache(maxsize=1)
def _cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")


def framed(face: Square, picture: Image.Image) -> Square:
    """The square around a face as the training pictures have it, moved into the picture as far as it fits.

    A picture that is nearly such a square is left whole: cutting a few pixels off means resampling all of them, which wipes
    out the finest traces of a generator.
    """
    side = min(_SIDE * face.side, *picture.size)
    side = min(picture.size) if side > _WHOLE * min(picture.size) else _TIGHTER * side
    middle_x, middle_y = face.left + face.side / 2, face.top + face.side * (0.5 + _LOWER)
    left, top = (
        min(max(middle - side / 2, 0), length - side) for middle, length in zip((middle_x, middle_y), picture.size)
    )
    return Square(left, top, side)


def cut(picture: Image.Image, square: Square, resolution: int) -> np.ndarray:
    """What a network is shown of a square: `(resolution, resolution, 3)` uint8, by Lanczos. It has to lie in the picture."""
    left, top, side = square
    # the gap makes large photos cheap and changes next to nothing
    return np.asarray(
        picture.resize(
            (resolution, resolution), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side), reducing_gap=4
        )
    )


def looks(picture: Image.Image, square: Square, resolution: int) -> np.ndarray:
    """What a detector is shown of a square: `(K, resolution, resolution, 3)` uint8. The square itself, and, unless it is as
    large as the picture allows, three a little larger: each resampling leaves other traces of a generator (cut out of larger
    pictures, AUROC 0.917 instead of 0.894)."""
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
    """The middle square, for pictures without a face that is found."""
    side = min(picture.size)
    return Square((picture.width - side) / 2, (picture.height - side) / 2, side)
