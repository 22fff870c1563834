"""What happens to pictures on their way: cropped, resized, blurred, recoloured, grainy, compressed again.

A detector that is to judge faces and not files has to see real and generated ones after the same of it: real ones come as
JPEGs and samples as PNGs, and whoever learns that has learned nothing (Wang et al. 2020, https://arxiv.org/abs/1912.11035).
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from gan.model import images

_FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX)
_ENHANCERS = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)


def degraded(pixels: np.ndarray, resolution: int, probability: float, random: np.random.Generator) -> np.ndarray:
    """`(S, S, 3)` uint8 → `(resolution, resolution, 3)` uint8, mirrored or not, after a random way through the world.

    On it, each with the given probability: a crop of 0.6 to 1 of the side, a resize by 0.5 to 2, a blur of σ up to 2 pixels,
    brightness, contrast and saturation of 0.7 to 1.3, noise of σ up to 8 grey levels, JPEG or WebP of quality 30 to 100.
    """
    crops, resizes, blurs, colours, grains, compresses, mirrors = random.random(7) < [*[probability] * 6, 0.5]
    side = pixels.shape[0]
    crop = side * random.uniform(0.6, 1) if crops else side
    left, top = random.uniform(0, side - crop, 2)
    new = round(crop * 2 ** random.uniform(-1, 1)) if resizes else round(crop)
    image = Image.fromarray(pixels)
    if new != side:
        image = image.resize((new, new), _FILTERS[random.integers(len(_FILTERS))], box=(left, top, left + crop, top + crop))
    if mirrors:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if blurs:
        image = blurred(image, random.uniform(0, 2))
    if colours:
        for enhancer in _ENHANCERS:
            image = enhancer(image).enhance(random.uniform(0.7, 1.3))
    if grains:
        noise = random.standard_normal((new, new, 3), np.float32) * random.uniform(0, 8)
        image = Image.fromarray((np.asarray(image) + noise).round().clip(0, 255).astype(np.uint8))
    if compresses:
        image = saved(image, "WEBP" if random.random() < 0.15 else "JPEG", int(random.integers(30, 101)))
    return images.training_crop(image, resolution)


def blurred(image: Image.Image, sigma: float) -> Image.Image:
    """Gaussian blur with a standard deviation in pixels."""
    return image.filter(ImageFilter.GaussianBlur(sigma))


def saved(image: Image.Image, format: str, quality: int) -> Image.Image:
    """The picture as a lossy file gives it back."""
    file = io.BytesIO()
    # WebP's slower methods make smaller files, not other pictures
    image.save(file, format, quality=quality, **({"method": 0} if format == "WEBP" else {}))
    return images.decode(file.getvalue())


def halved(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


# what the report names one by one
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
