"""Random degradations: crop, resize, blur, colour, noise, compression.

Real and generated pictures get the same ones, so that the detector judges faces and not files: real pictures come as
JPEG and samples as PNG, and a detector would learn only that (Wang et al. 2020, https://arxiv.org/abs/1912.11035).
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from gan.model import face_finder
from gan.model.face_finder import Square
from gan.train.pictures.lossy import saved

_FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX)
_ENHANCERS = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)
# probabilities of each. A face cropped from a photo was cut out, resized and compressed
_CUT, _RESIZED, _BLURRED, _COLOURED, _NOISY = 0.6, 0.6, 0.3, 0.4, 0.3
_COMPRESSED = 0.9  # whatever the roughness: many pictures were only compressed
# side of a cut, as a share of the picture's: a face finder is not exact, and some data sets leave room around a face
_SIDES = (0.5, 1.1)


def degraded(
    pixels: np.ndarray, resolution: int, probability: float, random: np.random.Generator, roughness: float = 1.0
) -> np.ndarray:
    """`(S, S, 3)` uint8 → `(resolution, resolution, 3)` uint8, mirrored or not, with random degradations or without.

    These may be: a resize by 0.5 to 2, a blur of σ up to 2 pixels, brightness, contrast and saturation of 0.7 to 1.3,
    noise of σ up to 8 grey levels, JPEG or WebP of quality 30 to 100, and last a cut out of a larger picture.

    Args:
        probability: of any degradation.
        roughness: 0 to 1, a factor of the probabilities of all of them but compression.
    """
    side, degrades, mirrors = pixels.shape[0], random.random() < probability, random.random() < 0.5
    cuts, resizes, blurs, colours, adds_noise = degrades & (
        random.random(5) < roughness * np.array([_CUT, _RESIZED, _BLURRED, _COLOURED, _NOISY])
    )
    compresses = degrades and random.random() < _COMPRESSED
    new = round(side * 2 ** random.uniform(-1, 1)) if resizes else side
    image = Image.fromarray(pixels)
    if new != side:
        image = image.resize((new, new), _FILTERS[random.integers(len(_FILTERS))])
    if mirrors:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if blurs:
        image = blurred(image, random.uniform(0, 2))
    if colours:
        for enhancer in _ENHANCERS:
            image = enhancer(image).enhance(random.uniform(0.7, 1.3))
    if adds_noise:
        noise = random.standard_normal((new, new, 3), np.float32) * random.uniform(0, 8)
        image = Image.fromarray((np.asarray(image) + noise).round().clip(0, 255).astype(np.uint8))
    square = Square(0, 0, new)
    if cuts:
        image, square = _surrounded(image, random)
    if compresses:
        image = saved(image, "WEBP" if random.random() < 0.15 else "JPEG", int(random.integers(30, 101)))
    return face_finder.cut(image, square, resolution)


def _surrounded(image: Image.Image, random: np.random.Generator) -> tuple[Image.Image, Square]:
    """A larger picture around a square one, and a square to cut out of it: about as large as the old one, or a part."""
    side, margin = image.width, -(-image.width // 8)
    if random.random() < 0.5:
        around = Image.fromarray(np.pad(np.asarray(image), ((margin, margin), (margin, margin), (0, 0)), "reflect"))
    else:
        around = Image.new("RGB", (side + 2 * margin,) * 2, tuple(random.integers(0, 256, 3).tolist()))
        around.paste(image, (margin, margin))
    cut = side * random.uniform(*_SIDES)
    # a small one may lie anywhere in the old picture, a large one reaches a twentieth beyond it
    beyond = max(0.05 * side, (side - cut) / 2)
    left, top = margin + (side - cut) / 2 + random.uniform(-beyond, beyond, 2)
    return around, Square(left, top, cut)


def in_a_photo(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """A square picture, resized to 80 to 320 pixels, at a random place of a plain one twice as large, saved as JPEG."""
    side = int(random.uniform(80, 320))
    photo = Image.new("RGB", (2 * side, 2 * side), tuple(random.integers(0, 256, 3).tolist()))
    photo.paste(picture.resize((side, side), Image.Resampling.BICUBIC), tuple(random.integers(0, side, 2).tolist()))
    return saved(photo, "JPEG", 90)


def blurred(image: Image.Image, sigma: float) -> Image.Image:
    """Gaussian blur with a standard deviation in pixels."""
    return image.filter(ImageFilter.GaussianBlur(sigma))


def resaved(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """The picture as it may have travelled: perhaps resized by 0.5 to 1, perhaps saved as JPEG of quality 60 to 97."""
    if random.random() < 0.4:
        scale = random.uniform(0.5, 1)
        size = [max(round(length * scale), 40) for length in image.size]
        image = image.resize(size, _FILTERS[random.integers(len(_FILTERS))])
    return saved(image, "JPEG", int(random.integers(60, 98))) if random.random() < 0.6 else image


def halved(image: Image.Image) -> Image.Image:
    """The picture at half its size."""
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


# degradations that the report shows one by one, by their names there
CORRUPTIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": lambda image: image,
    "JPEG 90": lambda image: saved(image, "JPEG", 90),
    "JPEG 70": lambda image: saved(image, "JPEG", 70),
    "JPEG 50": lambda image: saved(image, "JPEG", 50),
    "JPEG 30": lambda image: saved(image, "JPEG", 30),
    "blur σ 1": lambda image: blurred(image, 1),
    "blur σ 2": lambda image: blurred(image, 2),
    "halved": halved,
}
