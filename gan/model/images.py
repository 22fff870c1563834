"""The one place where pixels change type, range or colour space: file → PIL image ↔ uint8 array ↔ tensor in [-1, 1].

It does not import torch: the process that decodes uploads starts in a third of a second.
"""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import MAX_TEXT_CHUNK
from PIL.TiffImagePlugin import PHOTOMETRIC_INTERPRETATION, SAMPLEFORMAT

from gan.model.deep_tiff import DeepTiff

if TYPE_CHECKING:
    import torch

pillow_heif.register_heif_opener()

_SRGB = ImageCms.createProfile("sRGB")
_PNG, _TIFF = b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SAME = 2  # levels by which profiles of sRGB differ from each other


def opened(data: bytes, formats: list[str] | None = None) -> Image.Image:
    """Bytes of a picture file → PIL image whose header was read and no pixel; of a PNG, texts may be skipped.

    Args:
        data: the whole file.
        formats: Pillow's names of the file formats that are tried; all that Pillow knows by default.

    Raises:
        OSError, ValueError, SyntaxError, Image.DecompressionBombError: the file is broken; Pillow raises any of them.
    """
    if data[:4] in _TIFF and (formats is None or "TIFF" in formats):
        with suppress(SyntaxError, LookupError, TypeError, ValueError, EOFError, struct.error):  # of another kind
            return DeepTiff(io.BytesIO(data))
    try:
        return Image.open(io.BytesIO(data), formats=formats)
    except (ValueError, UnidentifiedImageError):  # more text than Pillow reads, or a damaged one
        if not data.startswith(_PNG):
            raise
        return Image.open(io.BytesIO(_without_texts(data)), formats=formats)


def decode(data: bytes, formats: list[str] | None = None) -> Image.Image:
    """Bytes of a picture file → PIL RGB image in sRGB, upright, transparency over white, grey of any depth in 8 bits.

    Colours are converted by the ICC profile in the file. Without one, or with one that is damaged, they are sRGB.

    Args:
        data: the whole file; of an animation the first frame counts.
        formats: as for `opened`.

    Raises:
        OSError, ValueError, SyntaxError, Image.DecompressionBombError: the file is broken; Pillow raises any of them.
    """
    image = opened(data, formats)
    if isinstance(image, DeepTiff):
        info, image = image.info, Image.fromarray(_in_8_bits(image.values()))
        image.info = info
    try:
        image.load()
    except ValueError:  # a PNG may have its texts after the pixels
        image = opened(_without_texts(data), formats)
        image.load()
    profile = image.info.get("icc_profile")
    # nonsense in EXIF raises errors of many kinds, and the picture is good
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I") or image.mode == "F":
        image = _grey(image)
    is_grey = image.mode in ("L", "LA")
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
    if profile and is_grey and image.mode == "RGBA":  # grey has no profile with transparency
        transparency = image.getchannel("A")
        image = _in_srgb(image.convert("L"), profile).convert("RGBA")
        image.putalpha(transparency)
    elif profile:
        image = _in_srgb(image, profile)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    # RGB is not copied: for a photo of 12 megapixels a copy takes half as long as decoding
    return image if image.mode == "RGB" else image.convert("RGB")


def _grey(image: Image.Image) -> Image.Image:
    """A PIL image in grey of 16 or 32 bits or in floating point → mode L."""
    tags, values = getattr(image, "tag_v2", {}), np.asarray(image)
    if image.mode == "I" and tags and 1 in np.ravel(tags.get(SAMPLEFORMAT, 1)):
        values = values.view(np.uint32)  # Pillow has no mode for them
    grey = _in_8_bits(values)
    return Image.fromarray(255 - grey if tags.get(PHOTOMETRIC_INTERPRETATION) == 0 else grey)


def _in_8_bits(values: np.ndarray) -> np.ndarray:
    """Integers of 16 or 32 bits or floats → uint8; their greatest value tells how white is written.

    Integers above 255 have white at 65535. Floats have it at 1, 255 or 65535; resampling may have overshot it.
    Beyond that, the greatest value is white.
    """
    floating = values.dtype.kind == "f"
    values = values.astype(np.float32)
    top = values.max(initial=0, where=np.isfinite(values))
    whites, overshoot = ((1, 255, 65535), 2) if floating else ((255, 65535), 1)
    white = next((white for white in whites if top <= white * overshoot), top)
    if floating and white == 255:
        values = np.trunc(values.clip(0, 255))  # as Pillow does, which does not round
    grey = np.nan_to_num(values, nan=0, posinf=white, neginf=0) * np.float32(255 / white)
    return grey.round().clip(0, 255).astype(np.uint8)


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The colours of a PIL image converted from an ICC profile to sRGB, to mode RGB or RGBA; or the image itself."""
    mode = image.mode if image.mode in ("L", "CMYK", "RGBA") else "RGB"
    conversion = _conversion(profile, mode)
    if not conversion and mode == "L":  # grey pictures often carry a profile of colours
        mode, conversion = "RGB", _conversion(profile, "RGB")
    if not conversion:
        return image
    return conversion.apply(image if image.mode == mode else image.convert(mode))


@lru_cache(maxsize=16)  # pictures of one camera share a profile
def _conversion(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From an ICC profile to sRGB; None where that is the same, or where the profile is damaged or not of this mode."""
    try:
        conversion = ImageCms.buildTransform(
            io.BytesIO(profile), _SRGB, mode, "RGBA" if mode == "RGBA" else "RGB", ImageCms.Intent.PERCEPTUAL
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    if mode == "CMYK":
        return conversion
    levels = np.linspace(0, 255, 18).round().astype(np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(18, -1, 3)
    probe = Image.fromarray(colours).convert(mode)
    before, after = (np.asarray(shown.convert("RGB")).astype(int) for shown in (probe, conversion.apply(probe)))
    # pixels of a picture that says it is sRGB stay as they are, bit for bit
    return conversion if np.abs(after - before).max() > _SAME else None


def _without_texts(data: bytes) -> bytes:
    """A PNG file without its texts and without a profile of unusual size; any other file as it is."""
    if not data.startswith(_PNG):
        return data
    kept, place = [data[:8]], 8
    while place < len(data):
        # https://www.w3.org/TR/png-3/#5Chunk-layout
        length = struct.unpack(">I", data[place : place + 4].rjust(4, b"\0"))[0]
        kind, chunk = data[place + 4 : place + 8], data[place : place + 12 + length]
        if kind not in (b"tEXt", b"zTXt", b"iTXt") and not (kind == b"iCCP" and _is_large(chunk[8:-4])):
            kept.append(chunk)
        place += 12 + length
    return b"".join(kept)


def _is_large(profile: bytes) -> bool:
    """Whether the content of an iCCP chunk, a name and a compressed profile, unpacks to more than Pillow takes."""
    unpacking = zlib.decompressobj()
    with suppress(zlib.error):
        unpacking.decompress(profile.partition(b"\0")[2][1:], MAX_TEXT_CHUNK)
    return bool(unpacking.unconsumed_tail)


def training_crop(image: Image.Image, resolution: int) -> np.ndarray:
    """PIL RGB image → `(resolution, resolution, 3)` uint8: the middle square, resized with antialiased Lanczos."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.resize((resolution, resolution), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
    return np.asarray(square)


def to_signed(pictures: torch.Tensor) -> torch.Tensor:
    """`(N, S, S, 3)` uint8 → `(N, 3, S, S)` float32 in [-1, 1], in channels_last memory without a further copy."""
    return (pictures.float() / 127.5 - 1).permute(0, 3, 1, 2)


def to_uint8(faces: torch.Tensor) -> np.ndarray:
    """`(N, 3, S, S)` in [-1, 1] → `(N, S, S, 3)` uint8, rounded to the nearest grey level."""
    return (faces.float() * 127.5 + 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()


def sheet(pictures: np.ndarray, columns: int = 8) -> Image.Image:
    """`(N, S, S, 3)` uint8 → one PIL image, row by row; empty places at the end stay white."""
    count, size = len(pictures), pictures.shape[1]
    rows = -(-count // columns)
    canvas = np.full((rows * columns, size, size, 3), 255, np.uint8)
    canvas[:count] = pictures
    return Image.fromarray(
        canvas.reshape(rows, columns, size, size, 3).swapaxes(1, 2).reshape(rows * size, columns * size, 3)
    )


def unsheet(image: Image.Image, size: int) -> np.ndarray:
    """The inverse of `sheet`: PIL image → `(N, size, size, 3)` uint8."""
    rows, columns = image.height // size, image.width // size
    pixels = np.asarray(image.convert("RGB")).reshape(rows, size, columns, size, 3)
    return pixels.swapaxes(1, 2).reshape(rows * columns, size, size, 3)
