"""The one place where pixels change type or range: PIL image ↔ uint8 array ↔ tensor in [-1, 1]."""

import io

import numpy as np
import torch
from PIL import Image, ImageOps


def decode(data: bytes, formats: list[str] | None = None) -> Image.Image:
    """Bytes of a picture file → PIL RGB image, upright, transparency over white, 16-bit grey brought to 8 bits.

    Args:
        data: the whole file; of an animation the first frame counts.
        formats: Pillow's names of the file formats that are tried; all that Pillow knows by default.

    Raises:
        OSError, ValueError, SyntaxError, Image.DecompressionBombError: the file is broken; Pillow raises any of them.
    """
    image = Image.open(io.BytesIO(data), formats=formats)
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I"):
        # Pillow clips 16-bit grey at 255 where it should scale
        grey = np.asarray(image).astype(np.float32)
        scale = 255 / 65535 if grey.max() > 255 else 1
        image = Image.fromarray((grey * scale).round().clip(0, 255).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    # RGB is not copied: for a photo of 12 megapixels a copy takes half as long as decoding
    return image if image.mode == "RGB" else image.convert("RGB")


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
    return (faces.float() * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


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
