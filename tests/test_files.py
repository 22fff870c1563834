"""Files to download, and uploaded pictures: any picture gets decoded or one clear sentence."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from conftest import picture
from PIL import Image

from gan import UserError
from gan.link import View, decode
from gan.model.look import Look
from gan.serve import files

FACES = np.stack([picture(number, 16, 16) for number in range(5)])


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def saved(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Name and content of each chunk of a PNG file, read without Pillow (https://www.w3.org/TR/png-3/#5Chunk-layout)."""
    place, found = 8, []
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        name, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length : place + 12 + length])[0] == zlib.crc32(name + content)
        found.append((name, content))
        place += 12 + length
    return found


def test_a_png_is_exact():
    assert opened(files.png(FACES[0])).format == "PNG"
    assert np.array_equal(np.asarray(opened(files.png(FACES[0]))), FACES[0])
    assert b"tEXt" not in files.png(FACES[0])  # a picture that a visitor uploads gets no texts


@pytest.mark.parametrize(
    "seeds, look, expected",
    [
        ([12], Look(), {"seed": "12"}),
        ([4294967295], Look(0.8), {"seed": "4294967295", "look": "variation=0.8"}),
        ([12, 40, 41, 42, 7], Look(0.0), {"seeds": "12,40-42,7", "look": "variation=0"}),
    ],
)
def test_a_png_says_what_it_is(seeds, look, expected):
    expected = {**expected, "weights": "e933c29c64d6"}
    data = files.png(FACES[0], files.origin(seeds, look, "e933c29c64d6"))
    said = opened(data).text
    assert "generated" in said and "neural network" in said.pop("generated") and said == expected
    raw = dict(content.decode("ascii").split("\0") for name, content in chunks(data) if name == b"tEXt")
    assert raw == opened(data).text
    # without its texts the file is the same, including the compressed pixels
    assert [chunk for chunk in chunks(data) if chunk[0] != b"tEXt"] == chunks(files.png(FACES[0]))
    # seeds, look and weights are written as in a link, which shows the same faces
    link = "&".join([f"seeds={said.get('seed', said.get('seeds'))}", f"w={said['weights']}", said.get("look", "")])
    assert decode(link) == (View("gallery", tuple(seeds), look, "e933c29c64d6"), [])


@pytest.mark.parametrize("count, width", [(1, 16), (2, 32), (4, 32), (5, 48)])
def test_a_sheet_is_about_square(count, width):
    sheet = opened(files.sheet_png(FACES[:count]))
    assert sheet.format == "PNG" and sheet.width == width
    assert np.array_equal(np.asarray(sheet)[:16, :16], FACES[0])


def test_a_large_sheet_is_eight_wide():
    sheet = opened(files.sheet_png(np.zeros((64, 16, 16, 3), np.uint8), {"seeds": "0-63"}))
    assert sheet.size == (128, 128) and sheet.text == {"seeds": "0-63"}


def test_a_zip_names_faces_by_seed():
    data = files.zip_of_pngs([7, 4294967295, 7], FACES[[0, 1, 0]], Look(0.5), "e933c29c64d6")
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.namelist() == ["seed-7.png", "seed-4294967295.png"] and archive.testzip() is None
    last = opened(archive.read("seed-4294967295.png"))
    assert np.array_equal(np.asarray(last), FACES[1])
    assert last.text == files.origin([4294967295], Look(0.5), "e933c29c64d6")


@pytest.mark.parametrize("loop", [True, False])
def test_an_animation_keeps_all_frames(loop):
    animation = opened(files.animation(FACES, loop))
    assert animation.format == "WEBP" and animation.n_frames == 5 and animation.size == (128, 128)
    assert animation.info["loop"] == (0 if loop else 1)
    animation.seek(4)
    animation.load()
    assert animation.info["duration"] == files.FRAME_MILLISECONDS
    assert np.abs(np.asarray(animation.convert("RGB").resize((16, 16))).astype(int) - FACES[4]).mean() < 12


def test_enlarged_is_smooth():
    checks = np.kron(np.indices((2, 2)).sum(0) % 2, np.ones((8, 8), int))[..., None].repeat(3, 2).astype(np.uint8) * 255
    large = np.asarray(opened(files.enlarged(checks)).convert("L"))
    assert large.shape == (512, 512)
    assert ((large > 60) & (large < 190)).mean() > 0.03  # blocks would have no greys


# --- uploads ------------------------------------------------------------------------------------------------------

SMILE = Image.fromarray(picture(3, 40, 30))
ODD = {
    "jpeg": saved(SMILE, "JPEG"),
    "png": saved(SMILE, "PNG"),
    "webp": saved(SMILE, "WEBP"),
    "bmp": saved(SMILE, "BMP"),
    "tiff": saved(SMILE, "TIFF"),
    "avif": saved(SMILE, "AVIF"),
    "gif": saved(SMILE, "GIF"),
    "cmyk jpeg": saved(SMILE.convert("CMYK"), "JPEG"),
    "cmyk tiff": saved(SMILE.convert("CMYK"), "TIFF"),
    "16-bit grey": saved(Image.fromarray(np.asarray(SMILE.convert("L")).astype(np.uint16) * 257), "PNG"),
    "32-bit float": saved(SMILE.convert("F"), "TIFF"),
    "black and white": saved(SMILE.convert("1"), "PNG"),
    "transparent": saved(SMILE.convert("RGBA"), "PNG"),
    "palette": saved(SMILE.convert("P"), "PNG"),
    "animated gif": saved(SMILE, "GIF", save_all=True, append_images=[SMILE.rotate(90), SMILE.rotate(180)]),
    "animated webp": saved(SMILE, "WEBP", save_all=True, append_images=[SMILE.rotate(90), SMILE.rotate(180)]),
    "animated png": saved(SMILE, "PNG", save_all=True, append_images=[SMILE.rotate(90)]),
    "with EXIF rotation": saved(
        SMILE.rotate(90, expand=True), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_pictures_as_people_have_them(kind):
    image = files.read_picture(ODD[kind])
    assert image.mode == "RGB" and image.size == (40, 30)
    expected = np.asarray(SMILE).astype(int)
    if kind in ("16-bit grey", "32-bit float", "black and white"):
        expected = np.asarray(SMILE.convert("L").convert("RGB")).astype(int)
    limit = 60 if kind == "black and white" else 25
    assert np.abs(np.asarray(image) - expected).mean() < limit


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes whose header names any number of pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(bytes(1000))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "not a picture"),
        (b"hello", "not a picture"),
        (b"\x89PNG\r\n\x1a\n", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (ODD["jpeg"][:-100], "damaged"),
        (ODD["png"][:-40], "damaged"),
        (bomb(100, 5000), "damaged"),
        (bomb(20_000, 20_000), "far too large"),
        (bomb(8100, 8100), "66 megapixels"),
        (bomb(2**31 - 1, 2**31 - 1), "far too large"),
        (saved(Image.new("RGB", (1, 1)), "PNG"), "1 × 1"),
        (saved(Image.new("RGB", (500, 15)), "PNG"), "500 × 15"),
        (b"\xff" * (files.MOST_BYTES + 1), "20 MB"),
    ],
)
def test_everything_else_is_one_sentence(data, words):
    with pytest.raises(UserError) as caught:
        files.read_picture(data)
    sentence = str(caught.value)
    assert words in sentence and sentence.endswith(".") and "/" not in sentence and len(sentence) < 160


@pytest.mark.parametrize("width, height", [(4032, 3024), (8192, 6144), (9280, 6944)])  # 12, 50 and 64 MP cameras
def test_phone_photos_are_not_too_large(width, height):
    with pytest.raises(UserError, match="damaged"):  # a header without its pixels: the size was let through
        files.read_picture(bomb(width, height))
