"""Pixels → files to download, and uploaded files → pixels."""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from urllib.parse import urlencode

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gan import UserError
from gan.link import Range, format_points, look_fields
from gan.model import images
from gan.model.look import AS_TRAINED, Look
from gan.model.point import Point

# the only ones that Pillow may try on an upload
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"]
MOST_BYTES = 20 * 2**20  # of an upload
MOST_PIXELS = 65_000_000  # of an upload: enough for phones with 64 megapixels; decoding takes 3 bytes for each
FEWEST_PIXELS = 16  # on the shorter side
LARGE = 512  # pixels: greatest width of a single face
POSTER = 1200  # pixels: width of the picture that chats show for a link
SIZES = Range(16, LARGE, 0)  # pixels: sides of a single face as a file
MORPHS = {"webp": "image/webp", "gif": "image/gif", "mp4": "video/mp4"}  # formats of a morph and their types
FRAME_MILLISECONDS = 60
VIDEO = 256  # pixels: least width of an MP4; players and chats show smaller ones as stamps
SHORTEST_VIDEO = 3000  # milliseconds: a shorter loop is repeated, since not every player repeats it
PREVIEW = 480  # pixels: longer side, at most, of an upload as the page shows it
HEAT_MAP = 192  # pixels: side of a heat map
FAINT = 1.0  # logits: evidence that gets the full colour in a heat map, unless a place has more
MARK = "#e11d48"  # colour of the heat map and, in page.css, of the marked face


def file_name(points: Sequence[Point], size: int, look: Look, extension: str, morph: bool = False) -> str:
    """The name of a file of faces: `seed-1003-512px.png`, `seeds-0-15-128px-variation-0.8.zip`, `morph-4-13-128px.gif`.

    Args:
        points: of the faces in the file, in their order, at least one; a long list is cut.
        size: side of a face in the file, in pixels.
        look: of all of them; omitted if it is the default.
        extension: without a dot.
        morph: whether the file leads from face to face.
    """
    listed = "-".join(map(str, points)) if morph else format_points(points, "_")
    if len(listed) > 100 and len(points) > 1:
        listed = (listed[:100].rpartition("-" if morph else "_")[0] or str(points[0])) + "_and-more"
    kind = "morph" if morph else "seed" if len(points) == 1 else "seeds"
    changed = [f"-{name}-{value}" for name, value in look_fields(look).items()] if look != AS_TRAINED else []
    return f"{kind}-{listed}-{size}px{''.join(changed)}.{extension}"


def origin(points: Sequence[Point], look: Look, weights: str) -> dict[str, str]:
    """The texts in a PNG of generated faces, for `png` and `sheet_png`: what is needed to make the same faces again.

    Args:
        points: of the faces in the file, in their order, at least one.
        look: of all of them; omitted if it is the default.
        weights: the first 12 hex digits of the generator's sha256.
    """
    text = {"seed" if len(points) == 1 else "seeds": format_points(points), "weights": weights}
    if look != AS_TRAINED:
        text["look"] = urlencode(look_fields(look))
    return {**text, "generated": "by SeedFaces, a neural network; shows no real person"}


def png(pixels: np.ndarray, text: Mapping[str, str] | None = None) -> bytes:
    """`(H, W, 3)` uint8 → PNG file with a tEXt chunk for each text, in ASCII, by keyword."""
    chunks = PngInfo()
    for keyword, words in (text or {}).items():
        chunks.add_text(keyword, words)
    # run lengths instead of repeated strings, of which faces have none: a quarter of the time, and no larger
    return _saved(Image.fromarray(pixels), "PNG", pnginfo=chunks, compress_type=zlib.Z_RLE)


def resized(pixels: np.ndarray, size: int) -> np.ndarray:
    """`(S, S, 3)` uint8 → `(size, size, 3)` uint8, bicubic, antialiased where it becomes smaller."""
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC))


def size_note(size: int, own: int) -> dict[str, str]:
    """The text in a PNG whose faces have another size than the network gives them, `own`."""
    return {"size": f"{'enlarged' if size > own else 'reduced'} from {own} px"} if size != own else {}


def face_file(face: np.ndarray, point: Point, look: Look, weights: str, size: int, extension: str = "png") -> bytes:
    """A face `(S, S, 3)` uint8 → a file of `(size, size)`: PNG with its `origin`, or WebP."""
    own = face.shape[0]
    pixels = resized(face, size) if size != own else face
    if extension == "webp":
        return _saved(Image.fromarray(pixels), "WEBP", quality=90)
    return png(pixels, {**origin([point], look, weights), **size_note(size, own)})


def enlarged(pixels: np.ndarray) -> bytes:
    """`(S, S, 3)` uint8 → WebP file of about `LARGE` px, resized smoothly: to look at, not to measure."""
    size = pixels.shape[0] * max(1, LARGE // pixels.shape[0])
    return _saved(Image.fromarray(resized(pixels, size)), "WEBP", quality=90)


def preview(picture: Image.Image) -> bytes:
    """A PIL RGB picture → WebP file of at most `PREVIEW` px."""
    scale = min(1, PREVIEW / max(picture.size))
    size = [max(1, round(length * scale)) for length in picture.size]
    return _saved(picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2), "WEBP", quality=85, method=2)


def heat_map(crop: np.ndarray, places: np.ndarray) -> bytes:
    """A crop `(S, S, 3)` uint8 in grey, with the positive evidence `(h, w)`, in logits, in colour over it → PNG."""
    size = (HEAT_MAP, HEAT_MAP)
    grey = Image.fromarray(crop).convert("L").resize(size, Image.Resampling.BICUBIC).convert("RGB")
    share = (places.clip(0) / max(places.max(), FAINT)).astype(np.float32)
    evidence = Image.fromarray(share).resize(size, Image.Resampling.BICUBIC)
    strength = Image.fromarray((np.asarray(evidence).clip(0, 1) * 200).astype(np.uint8))
    return _saved(Image.composite(Image.new("RGB", size, MARK), grey, strength), "PNG")


def sheet_png(faces: np.ndarray, text: Mapping[str, str] | None = None) -> bytes:
    """`(N, S, S, 3)` uint8 → one PNG file, as square as the number allows, at most 8 wide; texts as in `png`."""
    columns = min(8, int(np.ceil(np.sqrt(len(faces)))))
    return png(np.asarray(images.sheet(faces, columns)), text)


def poster(faces: np.ndarray) -> bytes:
    """`(N, S, S, 3)` uint8 → JPEG file: one row of one or two faces, or two rows of more."""
    columns = len(faces) if len(faces) < 3 else -(-len(faces) // 2)
    sheet = images.sheet(faces, columns)
    width = min(POSTER, columns * POSTER // 2)
    return _saved(
        sheet.resize((width, width * sheet.height // sheet.width), Image.Resampling.BICUBIC), "JPEG", quality=88
    )


def zip_of_pngs(points: Sequence[Point], pictures: Sequence[bytes], size: int, look: Look) -> bytes:
    """PNG files of faces of `size` px → ZIP file in which they are named by point; a repeated one is stored once."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # PNGs are compressed already
        for point, picture in dict(zip(points, pictures)).items():
            archive.writestr(file_name([point], size, look, "png"), picture)
    return file.getvalue()


def animation_size(own: int, extension: str = "webp") -> int:
    """The side in pixels of an animation of faces of `own` px: WebP and GIF have at least 128, an MP4 is even."""
    return max(VIDEO, own + own % 2) if extension == "mp4" else own * max(1, -(-128 // own))


def animation(frames: np.ndarray, loop: bool, extension: str = "webp") -> bytes:
    """`(F, S, S, 3)` uint8 → a file in one of the formats `MORPHS`, played again and again, or once."""
    size = animation_size(frames.shape[1], extension)
    frames = [resized(frame, size) for frame in frames]
    if extension == "mp4":
        return _mp4(frames, loop)
    pictures = [Image.fromarray(frame) for frame in frames]
    options = {"quality": 85, "method": 2, "loop": 0 if loop else 1}
    if extension == "gif":  # the slower methods make better colours, in seconds that all visitors would wait
        pictures = [picture.quantize(method=Image.Quantize.FASTOCTREE) for picture in pictures]
        options = {"loop": 0} if loop else {}
    return _saved(
        pictures[0], extension, save_all=True, append_images=pictures[1:], duration=FRAME_MILLISECONDS, **options
    )


def _mp4(frames: Sequence[np.ndarray], loop: bool) -> bytes:
    """Frames `(S, S, 3)` uint8, S even → H.264 as every browser, phone and chat plays it. A loop is at least
    `SHORTEST_VIDEO` long."""
    import av  # loads all of FFmpeg
    from av.video.reformatter import ColorRange, Colorspace

    rounds = -(-SHORTEST_VIDEO // (FRAME_MILLISECONDS * len(frames))) if loop else 1
    file = io.BytesIO()
    # with room for its index at the start (16 KB: a thousand frames), a video plays before all of it has arrived
    with av.open(file, "w", format="mp4", options={"moov_size": "16384"}) as container:
        stream = container.add_stream(
            "libx264", rate=Fraction(1000, FRAME_MILLISECONDS), options={"crf": "18", "preset": "veryfast"}
        )
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        codec = stream.codec_context
        codec.colorspace = codec.color_primaries = codec.color_trc = Colorspace.ITU709
        codec.color_range = ColorRange.MPEG
        for frame in [*frames] * rounds:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            container.mux(
                stream.encode(picture.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"))
            )
        container.mux(stream.encode())
    return file.getvalue()


def read_picture(data: bytes) -> Image.Image:
    """An uploaded file → PIL RGB image.

    Raises:
        UserError: the file is not a picture, or it is damaged, too large or too small; with one sentence.
    """
    if not data:
        raise UserError("This file is empty: choose another one.")
    if len(data) > MOST_BYTES:
        raise UserError(f"This file has {len(data) / 2**20:.0f} MB: use a picture of at most {MOST_BYTES // 2**20} MB.")
    try:
        with images.opened(data, FORMATS) as header:
            width, height = header.size  # known before a pixel is decoded
    except Image.DecompressionBombError:
        raise UserError(
            f"This picture is far too large: use one of at most {MOST_PIXELS / 1e6:.0f} megapixels."
        ) from None
    except Exception:  # Pillow's plugins raise many kinds of errors on a file that is not a picture
        raise UserError(
            "This file is not a picture that can be read here: use JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC."
        ) from None
    if width * height > MOST_PIXELS:
        raise UserError(
            f"This picture has {width * height / 1e6:.0f} megapixels: use one of at most {MOST_PIXELS / 1e6:.0f}."
        )
    if min(width, height) < FEWEST_PIXELS:
        raise UserError(
            f"This picture is only {width} × {height} pixels: use one of at least {FEWEST_PIXELS} × {FEWEST_PIXELS}."
        )
    try:
        return images.decode(data, FORMATS)
    except Exception:
        raise UserError("This picture is damaged or incomplete: save it again, or use another one.") from None


def _saved(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()
