"""Pixels → files that visitors take away, and files that visitors bring → pixels."""

import io
import zipfile
from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageDraw

from gan import UserError
from gan.model import images

FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]  # what Pillow may try on an upload, and nothing else
MOST_BYTES = 20 * 2**20  # of an upload
MOST_PIXELS = 65_000_000  # of an upload: 64 MP phones, 200 MB of memory while it is decoded
FEWEST_PIXELS = 16  # on the shorter side
LARGE = 512  # pixels, about: how large a single face is shown
POSTER = 1200  # pixels, of its width: what chats show large
FRAME_MILLISECONDS = 60
PREVIEW = 320  # pixels, at most: an upload with the face marked in it
HEAT_MAP = 192  # pixels, of its side
FAINT = 1.0  # logits of a place; what is weaker than that is shown weaker
MARK = "#e11d48"  # colour of both


def png(pixels: np.ndarray) -> bytes:
    """`(S, S, 3)` uint8 → PNG file."""
    return _saved(Image.fromarray(pixels), "PNG")


def enlarged(pixels: np.ndarray) -> bytes:
    """`(S, S, 3)` uint8 → WebP file of about `LARGE` px, resampled smoothly: for the eye, not for measuring."""
    size = pixels.shape[0] * max(1, LARGE // pixels.shape[0])
    return _saved(Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC), "WEBP", quality=90)


def outlined(picture: Image.Image, square: tuple[float, float, float]) -> bytes:
    """A PIL RGB picture with a square (left, top, side) marked in it → WebP file of at most `PREVIEW` px."""
    small = picture.copy()
    small.thumbnail((PREVIEW, PREVIEW))
    scale = small.width / picture.width
    left, top, side = (value * scale for value in square)
    draw = ImageDraw.Draw(small)
    for colour, width in (("white", 5), (MARK, 3)):  # to be seen on any picture
        draw.rectangle((left, top, left + side, top + side), outline=colour, width=width)
    return _saved(small, "WEBP", quality=85)


def heat_map(crop: np.ndarray, places: np.ndarray) -> bytes:
    """`(S, S, 3)` uint8 in grey, with the evidence above 0 of its places `(h, w)` in colour over it → PNG file."""
    size = (HEAT_MAP, HEAT_MAP)
    grey = Image.fromarray(crop).convert("L").resize(size, Image.Resampling.BICUBIC).convert("RGB")
    share = (places.clip(0) / max(places.max(), FAINT)).astype(np.float32)
    evidence = Image.fromarray(share).resize(size, Image.Resampling.BICUBIC)
    strength = Image.fromarray((np.asarray(evidence).clip(0, 1) * 200).astype(np.uint8))
    return _saved(Image.composite(Image.new("RGB", size, MARK), grey, strength), "PNG")


def sheet_png(faces: np.ndarray) -> bytes:
    """`(N, S, S, 3)` uint8 → one PNG file, as square a sheet as the number allows, at most 8 wide."""
    return _saved(images.sheet(faces, min(8, int(np.ceil(np.sqrt(len(faces)))))), "PNG")


def poster(faces: np.ndarray) -> bytes:
    """`(N, S, S, 3)` uint8 → JPEG file, faces beside each other or, from three on, in two rows."""
    columns = len(faces) if len(faces) < 3 else -(-len(faces) // 2)
    sheet = images.sheet(faces, columns)
    width = min(POSTER, columns * POSTER // 2)
    return _saved(
        sheet.resize((width, width * sheet.height // sheet.width), Image.Resampling.BICUBIC), "JPEG", quality=88
    )


def zip_of_pngs(seeds: Iterable[int], faces: np.ndarray) -> bytes:
    """`(N, S, S, 3)` uint8 → ZIP file of PNGs named by seed; a seed that comes again is not stored again."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # PNGs are compressed already
        for seed, pixels in dict(zip(seeds, faces)).items():
            archive.writestr(f"seed-{seed}.png", png(pixels))
    return file.getvalue()


def animation(frames: np.ndarray, loop: bool) -> bytes:
    """`(F, S, S, 3)` uint8 → animated WebP file, at least 128 px wide: for ever, or once and then still."""
    size = frames.shape[1] * max(1, -(-128 // frames.shape[1]))
    pictures = [Image.fromarray(frame).resize((size, size), Image.Resampling.BICUBIC) for frame in frames]
    return _saved(
        pictures[0],
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=FRAME_MILLISECONDS,
        loop=0 if loop else 1,
        quality=85,
        method=2,
    )


def read_picture(data: bytes) -> Image.Image:
    """An uploaded file → PIL RGB image.

    Raises:
        UserError: it is no picture, damaged, too large or too small; with one sentence.
    """
    if len(data) > MOST_BYTES:
        raise UserError(
            f"This file has {len(data) / 2**20:.0f} MB; pictures up to {MOST_BYTES // 2**20} MB are judged."
        )
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as header:
            width, height = header.size  # known before a pixel is decoded
    except Image.DecompressionBombError:
        raise UserError(
            f"This picture is far too large: up to {MOST_PIXELS / 1e6:.0f} megapixels are judged."
        ) from None
    except Exception:  # Pillow's plugins raise all kinds of errors on what is no picture
        raise UserError(
            "This file is not a picture that can be read here: use a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file."
        ) from None
    if width * height > MOST_PIXELS:
        raise UserError(
            f"This picture has {width * height / 1e6:.0f} megapixels; up to {MOST_PIXELS / 1e6:.0f} are judged. "
            "Make it smaller first."
        )
    if min(width, height) < FEWEST_PIXELS:
        raise UserError(
            f"This picture is only {width} × {height} pixels: there is nothing to see in fewer than "
            f"{FEWEST_PIXELS} × {FEWEST_PIXELS}."
        )
    try:
        return images.decode(data, FORMATS)
    except Exception:
        raise UserError("This picture is damaged or cut short: save it again, or use another one.") from None


def _saved(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()
