"""Files to download, and uploaded pictures: any picture gets decoded or one clear sentence."""

import io
import struct
import zipfile
import zlib
from fractions import Fraction

import av
import numpy as np
import pytest
from conftest import picture
from PIL import Image

from gan import UserError
from gan.link import View, decode
from gan.model.look import Look
from gan.model.point import Place
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
        ([Place(4, 13, 0.4)], Look(), {"seed": "4~13@0.4"}),
        ([12, Place(4, Place(5, 6, 0.1), 0.4)], Look(), {"seeds": "12,4~(5~6@0.1)@0.4"}),
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
    first, last = (
        files.png(FACES[k], files.origin([s], Look(0.5), "e933c29c64d6")) for k, s in ((0, 7), (1, 2**32 - 1))
    )
    data = files.zip_of_pngs([7, 4294967295, 7], [first, last, first], 16, Look(0.5))
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert (
        archive.namelist() == ["seed-7-16px-variation-0.5.png", "seed-4294967295-16px-variation-0.5.png"]
        and archive.testzip() is None
    )
    last = opened(archive.read(archive.namelist()[1]))
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


@pytest.mark.parametrize("loop", [True, False])
def test_a_gif_plays_again_and_again_or_once(loop):
    data = files.animation(FACES, loop, "gif")
    gif = opened(data)
    assert gif.format == "GIF" and gif.n_frames == 5 and gif.size == (128, 128)
    assert gif.info.get("loop") == (0 if loop else None) and gif.info["duration"] == files.FRAME_MILLISECONDS
    gif.seek(4)
    shown = np.asarray(gif.convert("RGB").resize((16, 16))).astype(int)
    assert np.abs(shown - FACES[4]).mean() < 12 < np.abs(shown - FACES[3]).mean()


@pytest.mark.parametrize("loop, rounds", [(True, 10), (False, 1)])
def test_an_mp4_is_one_that_everything_plays(loop, rounds):
    data = files.animation(FACES, loop, "mp4")
    assert data.index(b"moov") < data.index(b"mdat")  # it plays before all of it has arrived
    with av.open(io.BytesIO(data)) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.pix_fmt, stream.width, stream.height) == ("h264", "yuv420p", 256, 256)
        assert stream.average_rate == Fraction(1000, files.FRAME_MILLISECONDS)
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert len(frames) == 5 * rounds  # 5 frames are 0.3 s, and a loop lasts 3
    for place in (0, 4, len(frames) - 1):
        error = [np.abs(frames[place].astype(int) - files.resized(face, 256)).mean() for face in FACES]
        assert error[place % 5] < 4 < sorted(error)[1]


@pytest.mark.parametrize("own, webp, mp4", [(64, 128, 256), (100, 200, 256), (128, 128, 256), (301, 301, 302)])
def test_sizes_of_animations(own, webp, mp4):
    assert files.animation_size(own) == files.animation_size(own, "gif") == webp
    assert files.animation_size(own, "mp4") == mp4


def test_an_mp4_of_faces_of_an_odd_size():
    with av.open(io.BytesIO(files.animation(np.zeros((2, 257, 257, 3), np.uint8), False, "mp4"))) as container:
        assert container.streams[0].width == 258 and len(list(container.decode(video=0))) == 2


@pytest.mark.parametrize(
    "arguments, name",
    [
        (([1003], 128, Look(), "png"), "seed-1003-128px.png"),
        (([1003], 512, Look(0.8), "png"), "seed-1003-512px-variation-0.8.png"),
        ((range(16), 64, Look(), "zip"), "seeds-0-15-64px.zip"),
        (([3, 1, 2], 64, Look(0.0), "png"), "seeds-3_1_2-64px-variation-0.png"),
        (([Place(4, 13, 0.4)], 128, Look(0.8), "png"), "seed-4~13@0.4-128px-variation-0.8.png"),
        (([Place(4, Place(5, 6, 0.1), 0.4), 1, 2], 64, Look(), "zip"), "seeds-4~(5~6@0.1)@0.4_1_2-64px.zip"),
        (([Place(4, 13, 0.4), 7], 128, Look(), "gif", True), "morph-4~13@0.4-7-128px.gif"),
        (([4, 13, 17], 256, Look(), "mp4", True), "morph-4-13-17-256px.mp4"),
        (([4, 5, 6, 4], 128, Look(1.5), "gif", True), "morph-4-5-6-4-128px-variation-1.5.gif"),
    ],
)
def test_names_say_seed_size_and_look(arguments, name):
    assert files.file_name(*arguments) == name


def test_a_long_list_of_seeds_is_cut_between_two_of_them():
    name = files.file_name(range(4_000_000_000, 4_000_000_128, 2), 128, Look(), "zip")
    assert name == f"seeds-{'_'.join(str(4_000_000_000 + 2 * n) for n in range(9))}_and-more-128px.zip"
    longest = files.file_name([4294967295] * 8, 128, Look(), "webp", True)
    assert longest == f"morph-{'-'.join(['4294967295'] * 8)}-128px.webp"


def test_a_long_place_stays_whole():
    place = 2**32 - 1
    for _ in range(7):
        place = Place(2**32 - 1, place, 0.123)
    assert files.file_name([place], 128, Look(), "png") == f"seed-{place}-128px.png"
    assert files.file_name([place, 7], 128, Look(), "zip") == f"seeds-{place}_and-more-128px.zip"
    longest = files.file_name([place] * 8, 128, Look(1.25), "webp", True)
    assert longest == f"morph-{place}_and-more-128px-variation-1.25.webp" and len(longest) < 200


def test_a_face_as_a_file_says_that_it_was_enlarged():
    same, large, small = (opened(files.face_file(FACES[0], 7, Look(0.8), "e933c29c64d6", size)) for size in (16, 40, 8))
    assert np.array_equal(np.asarray(same), FACES[0]) and same.text == files.origin([7], Look(0.8), "e933c29c64d6")
    assert large.size == (40, 40) and large.text == {**same.text, "size": "enlarged from 16 px"}
    assert small.size == (8, 8) and small.text["size"] == "reduced from 16 px"
    webp = opened(files.face_file(FACES[0], 7, Look(), "e933c29c64d6", 40, "webp"))
    assert webp.format == "WEBP" and np.abs(np.asarray(webp).astype(int) - np.asarray(large)).mean() < 6


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
        (b"", "is empty"),
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
