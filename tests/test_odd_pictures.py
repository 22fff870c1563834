"""Pictures as people have them: profiles, floats, HEIC, metadata; zip files, links, tables, names, network drives."""

import errno
import io
import json
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from conftest import ROOT, picture
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from profiles import P3_PROFILE, SRGB, p3_in_srgb, profile_of

from gan import UserError
from gan.model import images
from gan.serve.files import read_picture
from gan.train.generator import announce
from gan.train.pictures import archive, sources, unfinished
from gan.train.pictures import source as source_module
from gan.train.pictures import store as stores
from gan.train.pictures.store import Store, open_store
from gan.train.settings import DataSettings

SMILE = Image.fromarray(picture(3, 40, 30))
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


def saved(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def fill(folder: Path, numbers, suffix: str = ".png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{number:03}{suffix}").write_bytes(png(number))
    return folder


def png(number: int) -> bytes:
    return saved(Image.fromarray(picture(number)), "PNG")


def stored(path: Path, tmp_path: Path, digest: str | None = None) -> Store:
    return open_store(sources.find(DataSettings(train_data_dir=path)), 20, tmp_path / "store", digest)


def numbers_in(store: Store) -> list[int]:
    """Which drawn pictures are in a store, in its order, the held-out ones last."""
    known = {picture(number).tobytes(): number for number in range(300)}
    return [known[pixels.tobytes()] for pixels in (*store.train, *store.held_out)]


def refusal(path: Path, tmp_path: Path) -> str:
    with pytest.raises(UserError) as caught:
        stored(path, tmp_path)
    assert str(caught.value).endswith(".")
    return str(caught.value)


# --- colours ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "WEBP", "AVIF", "HEIF"])
def test_display_p3_becomes_srgb(format):
    colours = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    exact = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(format, {})
    data = saved(Image.fromarray(colours), format, icc_profile=P3_PROFILE, **exact)
    decoded, right = np.asarray(images.decode(data)).astype(float), p3_in_srgb(colours)
    assert np.abs(right - colours).mean() > 5
    # lossy formats blur the borders of the squares
    inside = np.s_[8::16, 8::16]
    assert np.abs(decoded - right)[inside].mean() < {"AVIF": 4, "HEIF": 4, "JPEG": 2}.get(format, 1)
    assert np.array_equal(np.asarray(read_picture(data)), decoded)


def test_pictures_that_say_they_are_srgb_stay_bit_for_bit():
    plain = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    slightly_off = SRGB * np.array([1.002, 0.999, 1.001])  # as profiles of sRGB differ from each other
    for matrix in (SRGB, slightly_off):
        data = saved(Image.fromarray(plain), "PNG", icc_profile=profile_of(matrix))
        assert np.array_equal(np.asarray(images.decode(data)), plain)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "CMYK", "1"])
@pytest.mark.parametrize("profile", [b"nonsense", P3_PROFILE[:200], P3_PROFILE], ids=["no", "cut", "whole"])
def test_any_profile_on_any_picture_gives_a_picture(mode, profile):
    image = SMILE.convert("L").convert("LA") if mode == "LA" else SMILE.convert(mode)
    format = "TIFF" if mode == "CMYK" else "PNG"
    plain = np.asarray(images.decode(saved(image, format))).astype(int)
    decoded = np.asarray(images.decode(saved(image, format, icc_profile=profile))).astype(int)
    # greys are the same in P3, and a profile of another kind of colours does not count
    limit = 12 if profile == P3_PROFILE and mode in ("RGB", "RGBA", "P") else 0.5
    assert decoded.shape == plain.shape and np.abs(decoded - plain).mean() <= limit


def test_transparent_pictures_are_converted_before_they_lie_over_white():
    colours = np.zeros((20, 20, 4), np.uint8)
    colours[:, :10] = (20, 200, 40, 255)
    decoded = np.asarray(images.decode(saved(Image.fromarray(colours), "PNG", icc_profile=P3_PROFILE)))
    assert (decoded[:, 10:] == 255).all()
    assert np.abs(decoded[5, 5] - p3_in_srgb(colours[5, 5, :3])).max() < 2


def grey_profile() -> bytes:
    """An ICC profile of linear grey (https://www.color.org/specification/ICC.1-2022-05.pdf, 7.2 and 10.6)."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, 256) + b"\0\0"
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    head = struct.pack(">I4sI4s4s4s", 0, b"lcms", 0x02100000, b"mntr", b"GRAY", b"XYZ ").ljust(36, b"\0") + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    tags = struct.pack(">I4sII4sII", 2, b"kTRC", 156, len(curve), b"wtpt", 156 + len(curve), len(white))
    data = head.ljust(128, b"\0") + tags + curve + white
    return struct.pack(">I", len(data)) + data[4:]


@pytest.mark.parametrize("mode", ["L", "LA", "transparent"])
def test_grey_is_converted_by_a_profile_of_grey(mode):
    image = Image.fromarray((RAMP * 255).astype(np.uint8))
    options = {"transparency": 255} if mode == "transparent" else {}
    shown = image.convert("LA") if mode == "LA" else image
    decoded = np.asarray(images.decode(saved(shown, "PNG", icc_profile=grey_profile(), **options)))[..., 0]
    linear = (RAMP * 255).astype(np.uint8) / 255
    right = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert np.abs(decoded - right).mean() < 1 and np.abs(right - RAMP * 255).mean() > 20
    # colours have no use for it
    assert np.array_equal(np.asarray(images.decode(saved(SMILE, "PNG", icc_profile=grey_profile()))), np.asarray(SMILE))


def grey(values: np.ndarray, format: str = "TIFF") -> np.ndarray:
    decoded = np.asarray(images.decode(saved(Image.fromarray(values), format)))
    assert (decoded[..., 0] == decoded[..., 1]).all() and np.array_equal(decoded, read_picture(saved(
        Image.fromarray(values), format)))  # fmt: skip
    return decoded[..., 0].astype(int)


RAMP = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))


@pytest.mark.parametrize("white", [1, 255, 65535, 1e6])
def test_floats_are_scaled(white):
    assert np.abs(grey(RAMP * np.float32(white)) - RAMP * 255).max() <= 1


def test_floats_that_overshoot_or_are_no_numbers():
    overshot = RAMP * 1.2 - 0.1  # as after sharpening
    assert np.abs(grey(overshot) - (overshot * 255).clip(0, 255)).max() <= 1
    holes = RAMP.copy()
    holes[0, :3] = (np.nan, np.inf, -np.inf)
    assert grey(holes)[0, :3].tolist() == [0, 255, 0] and np.array_equal(grey(holes)[1:], grey(RAMP)[1:])
    assert (grey(RAMP * 0) == 0).all()


@pytest.mark.parametrize("format, kind, white", [("PNG", "u2", 65535), ("TIFF", "u2", 65535), ("TIFF", "i4", 10**8)])
def test_integers_of_16_and_32_bits_are_scaled(format, kind, white):
    assert np.abs(grey((RAMP.astype(float) * white).astype(kind), format) - RAMP * 255).max() <= 1


def tiff(values: np.ndarray, planes: bool = False, colours: int = 2, orientation: int = 1) -> bytes:
    """An uncompressed TIFF of values `(H, W)` or `(H, W, C)`, as scientific programs write them."""
    height, width, count = (*values.shape, 1)[:3]
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    pixels = np.moveaxis(values, -1, 0).tobytes() if planes else values.tobytes()
    start, strips = 8 + 2 + 10 * 12 + 4, count if planes else 1
    lists, after = b"", start

    def entry(tag: int, *numbers: int) -> bytes:
        nonlocal lists, after
        packed = struct.pack(f"<{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            lists, after, packed = lists + packed, after + len(packed), struct.pack("<I", after)
        return struct.pack("<HHI", tag, 4, len(numbers)) + packed

    size, place = len(pixels) // strips, start + 4 * count * 2 + 4 * strips * 2
    entries = [
        entry(256, width),
        entry(257, height),
        entry(258, *[8 * values.dtype.itemsize] * count),
        entry(262, colours),
        entry(273, *[place + size * strip for strip in range(strips)]),
        entry(274, orientation),
        entry(277, count),
        entry(279, *[size] * strips),
        entry(284, 2 if planes else 1),
        entry(339, *[kind] * count),
    ]
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + b"\0\0\0\0"
    return (head + lists).ljust(place, b"\0") + pixels


COLOURS = np.asarray(SMILE).astype(np.float64) / 255


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("white", [1, 255, 65535])
def test_floats_in_colour_are_scaled(kind, white):
    data = tiff((COLOURS * white).astype(kind))
    for read in (images.decode, read_picture):
        assert np.abs(np.asarray(read(data)).astype(int) - np.asarray(SMILE)).max() <= 1
    turned = (COLOURS * white).transpose(1, 0, 2).astype(kind)
    assert np.array_equal(np.asarray(images.decode(tiff(turned, orientation=5))), np.asarray(images.decode(data)))
    half = np.dstack([COLOURS, np.tile(np.linspace(0, 1, 40) > 0.5, (30, 1))]).astype(kind)
    decoded = np.asarray(images.decode(tiff(half)))
    assert (decoded[:, :20] == 255).all() and np.abs(decoded.astype(int) - np.asarray(SMILE))[:, 20:].max() <= 1
    assert np.abs(np.asarray(images.decode(tiff(RAMP.astype("f8"), colours=1)))[..., 0] - RAMP * 255).max() <= 1


def test_floats_in_colour_are_refused_where_they_cannot_be_read():
    whole = tiff(COLOURS)
    for data in (whole[: len(whole) // 2], tiff(COLOURS.astype("f2")), tiff(COLOURS, colours=8)):
        with pytest.raises(UserError, match="^This "):
            read_picture(data)
    bomb = whole.replace(struct.pack("<HHII", 256, 4, 1, 40), struct.pack("<HHII", 256, 4, 1, 10**7))
    with pytest.raises(UserError, match="far too large|megapixels"):
        read_picture(bomb)


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_of_a_zip_no_more_is_unpacked_than_its_list_says(tmp_path, kind):
    with zipfile.ZipFile(tmp_path / "in.zip", "w", kind) as file:
        file.writestr("1.png", bytes(2**26))
    data = (tmp_path / "in.zip").read_bytes()
    (tmp_path / "in.zip").write_bytes(data.replace(struct.pack("<I", 2**26), struct.pack("<I", 1000)))
    (found,) = archive.archive(tmp_path / "in.zip").pictures()
    tracemalloc.start()
    with pytest.raises((zipfile.BadZipFile, UserError)):
        found.read()
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


def test_a_deep_picture_that_is_larger_than_its_first_tags_say_is_refused():
    """Of a tag that is there twice, Pillow takes the last value and OpenCV the first."""
    data = tiff(COLOURS)
    (place,) = struct.unpack("<I", data[4:8])
    (count,) = struct.unpack("<H", data[place : place + 2])
    tags = data[place + 2 : place + 2 + 12 * count]
    twice = tags + struct.pack("<HHII", 256, 4, 1, 5)
    end = len(data) + len(data) % 2
    moved = data[:4] + struct.pack("<I", end) + data[8:].ljust(end - 8, b"\0")
    with pytest.raises(OSError, match="out of order"):
        images.decode(moved + struct.pack("<H", count + 1) + twice + bytes(4))
    assert images.decode(moved + struct.pack("<H", count) + tags + bytes(4)).size == SMILE.size
    shallow = tiff(np.asarray(SMILE))  # Pillow alone reads it, whatever the order of its tags
    (place,) = struct.unpack("<I", shallow[4:8])
    first, second = (shallow[place + 2 + 12 * tag : place + 14 + 12 * tag] for tag in (0, 1))
    swapped = shallow[: place + 2] + second + first + shallow[place + 26 :]
    assert np.array_equal(np.asarray(images.decode(swapped)), np.asarray(SMILE))
    large = data.replace(struct.pack("<HHII", 257, 4, 1, 30), struct.pack("<HHII", 257, 4, 1, 400_000))
    with pytest.raises(Image.DecompressionBombError):
        images.decode(large)


def test_deep_planes_are_refused_rather_than_mixed_up():
    for kind, white in (("u2", 65535), ("f4", 1)):
        with pytest.raises(OSError, match="separate planes: save it with"):
            images.decode(tiff((COLOURS * white).astype(kind), planes=True))
    shallow = images.decode(tiff(np.asarray(SMILE), planes=True))
    assert np.array_equal(np.asarray(shallow), np.asarray(SMILE))


@pytest.mark.parametrize("kind, white", [("u2", 65535), ("f4", 1)])
def test_grey_whose_white_is_zero(kind, white):
    values = ((1 - RAMP) * white).astype(kind)
    assert np.abs(np.asarray(images.decode(tiff(values, colours=0)))[..., 0] - RAMP * 255).max() <= 1


def test_unsigned_integers_of_32_bits():
    values = (RAMP.astype(float) * (2**32 - 1)).astype("u4")
    assert np.abs(np.asarray(images.decode(tiff(values, colours=1)))[..., 0] - RAMP * 255).max() <= 1


# --- files --------------------------------------------------------------------------------------------------------


def test_heic_is_read_upright():
    turned = SMILE.resize((400, 300)).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    # written as phones do: as a property of the picture, and in EXIF, which does not count then
    decoded = read_picture(saved(turned, "HEIF", exif=exif.tobytes(), quality=95))
    assert decoded.size == (400, 300)
    assert np.abs(np.asarray(decoded).astype(int) - np.asarray(SMILE.resize((400, 300)))).mean() < 4


def test_a_folder_of_heic_is_trained_on(tmp_path):
    folder = fill(tmp_path / "in", range(20))
    for number in range(5):
        (folder / f"IMG_{number}.HEIC").write_bytes(saved(SMILE, "HEIF"))
    store = stored(folder, tmp_path)
    assert store.info["train"] + store.info["held_out"] == 25


def with_text(after_pixels: bool) -> bytes:
    """A PNG with 2 MB of text, compressed, before its pixels or after them."""
    info = PngInfo()
    info.add_text("workflow", "x" * 2_000_000, zip=True)
    exif = Image.Exif()
    exif[0x0112] = 3
    data = saved(SMILE.rotate(180), "PNG", pnginfo=info, exif=exif)
    if not after_pixels:
        return data
    at = data.index(b"zTXt") - 4
    length = 12 + struct.unpack(">I", data[at : at + 4])[0]
    end = data.index(b"IEND") - 4
    return data[:at] + data[at + length : end] + data[at : at + length] + data[end:]


@pytest.mark.parametrize("after_pixels", [False, True])
def test_large_texts_of_a_png_are_skipped(after_pixels):
    data = with_text(after_pixels)
    with pytest.raises(ValueError, match="too large"):
        Image.open(io.BytesIO(data)).load()
    for read in (images.decode, read_picture):
        assert np.array_equal(np.asarray(read(data)), np.asarray(SMILE))  # and its orientation is kept
    with pytest.raises((OSError, ValueError)):
        images.decode(data[:-200] if after_pixels else data[: len(data) // 2])


def test_texts_of_a_png_that_are_damaged_are_skipped():
    plain = png(3)
    chunk = struct.pack(">I", 3) + b"tEXta\0b" + b"none"  # a wrong checksum
    assert np.array_equal(np.asarray(read_picture(plain[:33] + chunk + plain[33:])), picture(3))
    profile = b"a\0\0" + zlib.compress(bytes(2_000_000))  # more than Pillow unpacks
    chunk = struct.pack(">I", len(profile)) + b"iCCP" + profile
    chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
    assert np.array_equal(np.asarray(read_picture(plain[:33] + chunk + plain[33:])), picture(3))


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage!", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"garbage!" * 4, b"x"])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore")
def test_nonsense_in_exif_does_no_harm(format, exif):
    assert read_picture(saved(SMILE, format, exif=exif)).size == (40, 30)


def test_pointers_of_git_lfs_are_named(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number}.jpg").write_bytes(POINTER)
    assert "git lfs pull" in refusal(folder, tmp_path)
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as file:
        file.writestr("a.jpg", POINTER)
        file.writestr("b.jpg", POINTER)
    assert "git lfs pull" in refusal(tmp_path / "in.zip", tmp_path)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "train.parquet").write_bytes(POINTER)
    assert "git lfs pull" in refusal(tmp_path / "tables", tmp_path)


@pytest.mark.parametrize(
    "names, words",
    [
        (["data-00000-of-00001.arrow", "dataset_info.json", "state.json"], "save_to_disk"),
        (["train/data-00000-of-00001.arrow", "dataset_dict.json"], "to_parquet"),
        (["a.mp4", "b.MOV", "c.webm", "d.avi"], r"4 videos \(a.mp4, b.MOV, c.webm, …\) are not trained on: save"),
        (["photos.zip"], r"1 archive \(photos.zip\) is not looked into: name a .zip with --train_data_dir"),
        (["DSC1.NEF"], "1 camera raw file .* export"),
        (["faces.npy"], "1 array file .* PNG"),
        (["fer2013.csv"], "1 table .fer2013.csv. is not read: save the pictures as PNG"),
        (["a.jxl", "b.EPS", "c.svg"], "3 other picture files .a.jxl, b.EPS, c.svg. are not trained on: export"),
        (["00000", "00001"], r"2 extensionless files \(00000, 00001\) are not read: add .jpg or .png"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_cure(tmp_path, names, words):
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"x")
    with pytest.raises(UserError, match=words):
        stored(tmp_path / "in", tmp_path)


def test_videos_among_pictures_are_named_and_left_out(tmp_path, capsys):
    folder = fill(tmp_path / "in", range(20))
    for name in ("film.mp4", "old.mpg", "face.jxl", "more.zip"):  # Pillow claims to know the second
        (folder / name).write_bytes(b"x")
    assert len(numbers_in(stored(folder, tmp_path))) == 20
    said = capsys.readouterr().out
    assert "2 videos (film.mp4, old.mpg) are not trained on" in said
    assert "1 other picture file (face.jxl) is not" in said and "1 archive (more.zip) is not looked into" in said


def test_names_of_pictures(tmp_path):
    folder = tmp_path / "in"
    names = ["A.JPG", "b.jpe", "c.jfif", "d.HIF", "e.apng", "f.mpo", "g.jp2", "h.tar.jpg"]
    thumbnails = ["@eaDir/A.JPG/thumb.jpg", "$RECYCLE.BIN/x.jpg", "#recycle/x.jpg", "__MACOSX/._A.JPG", "._A.JPG"]
    for name in names + thumbnails:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(names.index(name) if name in names else 99))
    assert sorted(numbers_in(stored(folder, tmp_path))) == list(range(len(names)))


@pytest.mark.parametrize(
    "name, cure",
    [
        ("faces.tar.gz", ": unpack it and give the folder."),
        ("faces.7z", ": unpack it and give the folder."),
        ("train.parquet", ": give its folder."),
        ("a.jpg", ": give its folder."),
        ("nowhere", "file."),
    ],
)
def test_what_is_no_folder_is_named_with_its_cure(tmp_path, name, cure):
    if name != "nowhere":
        (tmp_path / name).write_bytes(b"x")
    assert refusal(tmp_path / name, tmp_path).endswith(cure)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("name", ["alice/faces", "https://huggingface.co/datasets/alice/faces"])
def test_a_data_set_of_the_hub_is_no_folder(tmp_path, name):
    assert refusal(Path(name), tmp_path).endswith("a data set of the Hub is named with --dataset_name user/name.")


def test_a_refused_store_leaves_nothing(tmp_path):
    folder = fill(tmp_path / "in", range(5))
    for number in range(20, 30):
        (folder / f"{number}.jpg").write_bytes(b"no picture")
    settings = DataSettings(train_data_dir=folder)
    with pytest.raises(UserError, match="10 of 15 pictures"):
        open_store(sources.find(settings), 20, tmp_path / "new" / "store")
    assert not (tmp_path / "new").exists()
    stored(fill(tmp_path / "good", range(20)), tmp_path)
    before = sorted((tmp_path / "store").iterdir())
    refusal(folder, tmp_path)
    assert sorted((tmp_path / "store").iterdir()) == before


@pytest.mark.parametrize("count, broken, trains", [(9, 1, True), (30, 1, True), (30, 2, False), (200, 2, True)])
def test_one_broken_file_stops_no_set(tmp_path, capsys, count, broken, trains):
    folder = fill(tmp_path / "in", range(count))
    for number in range(broken):
        (folder / f"zz broken {number}.jpg").write_bytes(b"no picture")
    if not trains:
        assert "2 of 32 pictures" in refusal(folder, tmp_path)
        return
    for _ in range(2):  # it is said by every run
        assert len(numbers_in(stored(folder, tmp_path))) == count
        said = f"{broken} of {count + broken} pictures cannot be decoded and are left out: zz"
        assert said in capsys.readouterr().out


# --- folders ------------------------------------------------------------------------------------------------------


def test_links_to_folders_are_followed_once(tmp_path):
    disk = fill(tmp_path / "disk" / "faces", range(10))
    fill(disk / "deeper", range(10, 20))
    folder = fill(tmp_path / "in", range(20, 30))
    before = sources.find(DataSettings(train_data_dir=folder)).fingerprint
    fill(folder / "real", range(30, 40))
    (folder / "a link to real").symlink_to("real")
    (folder / "again").symlink_to(folder)
    (folder / "above").symlink_to(tmp_path)
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    (disk / "up").symlink_to(tmp_path / "disk")
    (folder / "class").symlink_to(disk)
    (folder / "class too").symlink_to(disk / "deeper")
    source = sources.find(DataSettings(train_data_dir=folder))
    names = [picture.name for picture in source.pictures()]
    assert len(names) == len(set(names)) == source.count == 40 and source.fingerprint != before
    assert "real/030.png" in names and not [name for name in names if name.startswith("a link to real")]
    assert sorted(numbers_in(stored(folder, tmp_path))) == list(range(40))


def test_a_folder_that_may_not_be_opened_is_named(tmp_path, capsys, monkeypatch):
    folder = fill(tmp_path / "in", range(10))
    (folder / "lost+found").mkdir()
    real, wrong = os.scandir, {"error": errno.EACCES}

    def scandir(path):
        if Path(path).name == "lost+found":
            raise OSError(wrong["error"], os.strerror(wrong["error"]), str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert sources.find(DataSettings(train_data_dir=folder)).count == 10
    assert "lost+found may not be opened by this user" in capsys.readouterr().out
    wrong["error"] = errno.EIO
    with pytest.raises(UserError, match="lost.found cannot be listed .Input/output error"):
        sources.find(DataSettings(train_data_dir=folder))


def test_tables_that_describe_pictures_are_no_data(tmp_path):
    folder = fill(tmp_path / "in" / "00000", range(40)).parent
    parquet.write_table(pa.table({"url": ["a"] * 40, "sha256": [b"0" * 32] * 40}), folder / "00000.parquet")
    (folder / "00001.parquet").write_bytes(b"")  # of a download that was stopped
    assert sorted(numbers_in(stored(folder, tmp_path))) == list(range(40))


def test_tables_with_pictures_win_over_a_picture_beside_them(tmp_path, capsys):
    folder = fill(tmp_path / "in", [299])  # the banner of a README
    columns = {"audio": [{"bytes": b"RIFF", "path": None}] * 40, "hash": [b"0" * 32] * 40}
    pictures = [{"bytes": png(number), "path": None} for number in range(40)]
    parquet.write_table(pa.table({**columns, "face": pictures}), folder / "train.parquet")
    assert sorted(numbers_in(stored(folder, tmp_path))) == list(range(40))
    parquet.write_table(pa.table({"caption": ["b"] * 40}), folder / "captions.parquet")
    assert sorted(numbers_in(stored(folder, tmp_path))) == list(range(40))
    assert "1 parquet file (captions.parquet) has no column of pictures and is left out" in capsys.readouterr().out
    (folder / "more.parquet").write_bytes(b"PAR1 nonsense")
    assert "more.parquet cannot be read" in refusal(folder, tmp_path)


@pytest.mark.parametrize("kind", [pa.large_binary(), pa.binary_view()], ids=str)
def test_parquet_of_polars(tmp_path, kind):
    (tmp_path / "in").mkdir()
    text = pa.large_string() if kind == pa.large_binary() else pa.string_view()
    cells = [{"bytes": png(number), "path": None} for number in range(40)]
    column = pa.array(cells, pa.struct([("path", text), ("bytes", kind)]))
    try:
        parquet.write_table(pa.table({"image": column}), tmp_path / "in" / "train.parquet")
    except (pa.ArrowException, NotImplementedError):
        pytest.skip("this pyarrow does not write views")
    assert sorted(numbers_in(stored(tmp_path / "in", tmp_path))) == list(range(40))


@pytest.mark.parametrize("cell", [{"image": {"bytes": png(0), "path": None}}, [{"bytes": png(0)}], "a"], ids=type)
def test_columns_without_pictures_are_refused_before_they_are_read(tmp_path, cell):
    (tmp_path / "in").mkdir()
    parquet.write_table(pa.table({"sample": [cell] * 40}), tmp_path / "in" / "train.parquet")
    assert "train.parquet has no column of pictures" in refusal(tmp_path / "in", tmp_path)


def test_an_empty_table_is_said_to_be_empty(tmp_path):
    (tmp_path / "in").mkdir()
    parquet.write_table(pa.table({"image": pa.array([], pa.binary())}), tmp_path / "in" / "train.parquet")
    assert refusal(tmp_path / "in", tmp_path) == "There is no picture in in."


def test_a_link_that_cannot_be_followed_now_is_named(tmp_path, capsys, monkeypatch):
    folder, real = fill(tmp_path / "in", range(20)), Path.is_file

    def is_file(path):
        if path.name == "007.png":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    assert sources.find(DataSettings(train_data_dir=folder)).count == 19
    assert "007.png cannot be read now (Permission denied) and is left out" in capsys.readouterr().out


def test_a_folder_of_another_user(tmp_path, monkeypatch):
    def is_dir(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", is_dir)
    assert refusal(tmp_path / "in", tmp_path).endswith("in cannot be read (Permission denied).")


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8")
def test_names_that_are_no_utf8(tmp_path, capsys):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    fill(folder, range(198))
    for name in (b"m\xfcller.png", b"broken \xe9.png", b"two\nlines.png"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(png(200) if name[0] == ord("m") else b"x")
    store = stored(folder, tmp_path)
    assert len(numbers_in(store)) == 199 and 200 in numbers_in(store)
    said = capsys.readouterr().out
    assert "broken ?.png (" in said and "two?lines.png (" in said
    assert store.info["name"] == "caf?" and (said + json.dumps(store.info)).encode()


# --- zip files ----------------------------------------------------------------------------------------------------


def zipped(path: Path, files: dict, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return path


PICTURES = {f"photos/{number:03}.png": png(number) for number in range(40)}


def test_a_zip_file_is_read_without_unpacking(tmp_path, capsys, monkeypatch):
    beside = {
        "__MACOSX/photos/._000.png": b"x",
        "photos/.DS_Store": b"x",
        "photos/test/1.png": png(100),
        "photos/film.mp4": b"x",
        "readme.txt": b"x",
    }
    path = zipped(tmp_path / "photos.ZIP", PICTURES | beside)
    monkeypatch.setattr(zipfile.ZipFile, "extract", None)
    store = stored(path, tmp_path)
    assert numbers_in(store) == [*range(40), 100] and store.info["held_out"] == 1 and store.info["name"] == "photos.ZIP"
    assert "1 video (film.mp4) is not trained on" in capsys.readouterr().out
    # the same pictures, packed again later and named as Windows does
    again = zipped(tmp_path / "again.zip", {name.replace("/", "\\"): data for name, data in PICTURES.items()})
    assert numbers_in(stored(again, tmp_path)) == list(range(40))
    copy = tmp_path / "copy.zip"
    copy.write_bytes(path.read_bytes())
    assert stored(copy, tmp_path).folder == store.folder


@pytest.mark.parametrize("name", ["../x.png", "photos/../../x.png", "/etc/x.png", "C:\\x.png", "..\\x.png"])
def test_names_that_lead_out_of_a_zip_file(tmp_path, name):
    said = refusal(zipped(tmp_path / "in.zip", PICTURES | {name: png(0)}), tmp_path)
    assert "leads out of it" in said and not (tmp_path / "x.png").exists()


def test_zip_bombs(tmp_path, monkeypatch):
    path = zipped(tmp_path / "one.zip", PICTURES | {"bomb.png": bytes(2**20)})
    monkeypatch.setattr(archive, "MOST_BYTES", 2**20 - 1)
    assert "“bomb.png” in " in refusal(path, tmp_path) and "1 MB, more than pictures have" in refusal(path, tmp_path)
    many = zipped(tmp_path / "many.zip", {f"{number}.bmp": bytes(2**19) for number in range(40)})
    monkeypatch.setattr(archive, "RATIO_FROM", 10 * 2**20)
    assert "unpacks to 21 MB, more than pictures do" in refusal(many, tmp_path)
    nested = zipped(tmp_path / "nested.zip", {"inner.zip": b"x"})
    assert "1 archive (inner.zip) is not looked into" in refusal(nested, tmp_path)


def test_a_zip_file_that_lies_about_sizes_costs_one_picture(tmp_path):
    """Only as much is unpacked as the directory says."""
    path = zipped(tmp_path / "in.zip", PICTURES | {"zz.png": bytes(2**20)})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 2**20), struct.pack("<I", 1000)))
    store = stored(path, tmp_path)
    assert len(store.info["unreadable"]) == 1 and "zz.png (" in store.info["unreadable"][0]


def test_zip_files_that_cannot_be_read(tmp_path):
    path = zipped(tmp_path / "in.zip", PICTURES)
    whole = bytearray(path.read_bytes())
    path.write_bytes(whole[: len(whole) // 2])
    assert "cannot be read as a zip file" in refusal(path, tmp_path)
    directory = whole.index(b"PK\x01\x02")
    path.write_bytes(whole[: directory + 8] + b"\x01" + whole[directory + 9 :])
    assert "protected by a password" in refusal(path, tmp_path)
    path.write_bytes(whole[:8] + b"\x63\0" + whole[10 : directory + 10] + b"\x63\0" + whole[directory + 12 :])
    assert "compressed in a way that is not read here" in refusal(path, tmp_path)
    assert "No pictures" in refusal(zipped(tmp_path / "none.zip", {"a.txt": b"x"}), tmp_path)
    tables = zipped(tmp_path / "tables.zip", {"train.parquet": b"PAR1"})
    assert "1 Parquet file (train.parquet) is not read from within a .zip file: unpack" in refusal(tables, tmp_path)
    path.write_bytes(POINTER)
    assert "git lfs pull" in refusal(path, tmp_path)
    path.write_bytes(zipped(tmp_path / "names.zip", {"mü.png": png(0)}).read_bytes().replace("ü".encode(), b"\xff\xff"))
    assert "in.zip has names that are damaged: unpack it" in refusal(path, tmp_path)
    (tmp_path / "photos.tar").write_bytes(b"x")
    assert "is not a folder, and not a .zip file" in refusal(tmp_path / "photos.tar", tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_a_name_in_a_zip_file_the_last_counts(tmp_path):
    path = zipped(tmp_path / "in.zip", PICTURES)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("photos/000.png", png(100))
    assert sorted(numbers_in(stored(path, tmp_path))) == [*range(1, 40), 100]


def test_a_link_in_a_zip_file_is_not_followed(tmp_path):
    link = zipfile.ZipInfo("zz.png")
    link.external_attr = 0o120777 << 16
    path = zipped(tmp_path / "in.zip", PICTURES)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(link, "/etc/passwd")
    assert stored(path, tmp_path).info["unreadable"] == ["zz.png (a link, not a picture)"]


# --- reading that breaks off --------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_now_is_read_later(tmp_path, monkeypatch, capsys):
    folder = fill(tmp_path / "in", range(150))
    real, drive = Path.read_bytes, {"up": False}

    def read_bytes(path):
        if path.name == "007.png" and not drive["up"]:
            raise OSError(errno.EIO, "Input/output error", str(path))
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    first = stored(folder, tmp_path)
    assert len(numbers_in(first)) == 149 and 7 not in numbers_in(first)
    # the other processes of this run, whatever has become of the drive
    drive["up"] = True
    assert stored(folder, tmp_path).folder == first.folder
    drive["up"] = False
    monkeypatch.setattr(stores, "_STARTED", first.info["made"] + 1)  # the next run
    capsys.readouterr()
    assert stored(folder, tmp_path).folder == first.folder
    assert "007.png ([Errno 5] Input/output error" in capsys.readouterr().out
    drive["up"] = True
    assert sorted(numbers_in(stored(folder, tmp_path))) == list(range(150))
    assert "cannot be decoded" not in capsys.readouterr().out
    # a run that is resumed goes on with the pictures that it had
    assert stored(folder, tmp_path, first.info["digest"]).folder == first.folder
    assert stored(folder, tmp_path, "another").folder != first.folder


class Stream:
    """A source of drawn pictures that breaks off once, at a picture."""

    def __init__(self, count: int, breaks_at: int):
        self.count, self.breaks_at, self.read = count, breaks_at, []

    def pictures(self, position: dict | None = None):
        for number in range(position["next"] if position else 0, self.count):
            if number == self.breaks_at:
                self.breaks_at = -1
                raise source_module.BrokeOff("alice/faces", ConnectionError("reset"))
            yield source_module.Picture(f"{number}", number % 10 == 9, self.reader(number), {"next": number + 1})

    def reader(self, number: int):
        def read() -> bytes:
            self.read.append(number)
            return png(number) if number != 5 else b"no picture"

        return read

    def source(self, resumes: bool) -> source_module.Source:
        return source_module.Source("faces", "1", None, self.pictures, self.pictures if resumes else None)


@pytest.mark.parametrize("resumes", [True, False])
@pytest.mark.parametrize("damaged", [False, True])
def test_what_was_decoded_before_a_break_is_kept(tmp_path, resumes, damaged, monkeypatch):
    whole = open_store(Stream(300, -1).source(True), 20, tmp_path / "whole")
    stream = Stream(300, 280)
    with pytest.raises(UserError, match="Reading alice/faces broke off .reset.: run the same command again"):
        open_store(stream.source(resumes), 20, tmp_path / "store")
    (temporary,) = (tmp_path / "store").glob("*.tmp")
    if damaged:  # a power cut
        os.truncate(temporary / "train.u8", 1000)
    stream.read.clear()
    store = open_store(stream.source(resumes), 20, tmp_path / "store")
    assert sorted(stream.read) == list(range(0 if damaged else 256, 300))
    same = ("digest", "train", "held_out", "unreadable", "unread")
    assert {name: store.info[name] for name in same} == {name: whole.info[name] for name in same}
    assert np.array_equal(store.train, whole.train) and np.array_equal(store.held_out, whole.held_out)
    assert sorted(path.name for path in store.folder.iterdir()) == ["held_out.u8", "info.json", "train.u8"]


def test_a_kill_while_decoding_costs_seconds(tmp_path, monkeypatch):
    """What is not noted is decoded again; nothing is stored twice."""
    monkeypatch.setattr(unfinished, "_EVERY", 0)
    code = f"""
import os, sys
sys.path.insert(0, "tests")
import test_odd_pictures as odd
from gan.train.pictures import unfinished
unfinished._EVERY = 0
class Killed(odd.Stream):
    def pictures(self, position=None):
        for number, each in enumerate(super().pictures(position)):
            if number == 550:
                os._exit(9)
            yield each
odd.open_store(Killed(600, -1).source(True), 20, odd.Path({str(tmp_path / "store")!r}))
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 9
    stream = Stream(600, -1)
    store = open_store(stream.source(True), 20, tmp_path / "store")
    assert sorted(stream.read) == list(range(512, 600))
    whole = open_store(Stream(600, -1).source(True), 20, tmp_path / "whole")
    assert store.info["digest"] == whole.info["digest"] and np.array_equal(store.train, whole.train)


# --- few pictures -------------------------------------------------------------------------------------------------


def test_three_pictures_are_asked_about(monkeypatch):
    announce.confirm_few(10, "faces", 1)
    with pytest.raises(UserError, match="Only 3 pictures in faces .*--init_from weights/faces-64"):
        announce.confirm_few(3, "faces", 1)  # pytest's input is no terminal
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    for answer, trains in (("y", True), ("Yes ", True), ("", False), ("n", False)):
        monkeypatch.setattr("builtins.input", lambda question, answer=answer: answer)
        if trains:
            announce.confirm_few(3, "faces", 1)
        else:
            with pytest.raises(UserError, match="Only 3 pictures"):
                announce.confirm_few(3, "faces", 1)
    with pytest.raises(UserError, match="Only 1 picture in"):
        announce.confirm_few(1, "faces", 2)  # one process of several cannot ask
