"""Malformed and odd pictures, made by code: the same ones for the same seed."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from random import Random

import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()

FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tiff", "AVIF": "avif"}
FORMATS["HEIF"] = "heic"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><script>alert(1)</script><image href="{}"/></svg>'
XXE = '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg><text>&x;</text></svg>'


def pictures(count: int, seed: int) -> Iterator[tuple[str, str, bytes]]:
    """So many times the name of a kind, a file name and the file's bytes; every kind comes about as often."""
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        random = Random(f"{seed} {number}")
        name, data = KINDS[kind](random)
        yield kind, name, data


def drawn(random: Random, width: int = 0, height: int = 0, mode: str = "RGB") -> Image.Image:
    """A blurred noise, which no format refuses."""
    size = width or random.randint(16, 300), height or random.randint(16, 300)
    noise = np.random.default_rng(random.getrandbits(32)).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size).convert(mode)


def saved(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def any_file(random: Random) -> tuple[str, bytes]:
    format = random.choice(list(FORMATS))
    return f"a.{FORMATS[format]}", saved(drawn(random), format)


def truncated(random: Random) -> tuple[str, bytes]:
    name, data = any_file(random)
    return name, data[: random.randrange(len(data))]


def flipped(random: Random) -> tuple[str, bytes]:
    name, data = any_file(random)
    changed = bytearray(data)
    for _ in range(random.randint(1, 60)):
        # most of what decides is in the first bytes
        changed[min(int(random.expovariate(1 / 200)), len(data) - 1)] ^= 1 << random.randrange(8)
    return name, bytes(changed)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(random: Random) -> tuple[str, bytes]:
    width, height = random.choice(
        [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (1, 2**31 - 1), (8000, 8000), (65535, 900)]
    )
    kind = random.choice(["png", "gif", "bmp", "jpg"])
    if kind == "png":
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        rows = zlib.compress(bytes(random.choice([1000, 10**8])))
        return "a.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    data = bytearray(saved(drawn(random), {"gif": "GIF", "bmp": "BMP", "jpg": "JPEG"}[kind]))
    if kind == "bmp":
        data[18:26] = struct.pack("<ii", width, -height if random.random() < 0.5 else height)
    elif kind == "gif":
        data[6:10] = struct.pack("<HH", width % 65536, height % 65536)
    else:
        place = data.index(b"\xff\xc0")
        data[place + 5 : place + 9] = struct.pack(">HH", height % 65536, width % 65536)
    return f"a.{kind}", bytes(data)


def thin(random: Random) -> tuple[str, bytes]:
    size = random.choice([(1, 1), (1, 10_000), (10_000, 1), (15, 500), (16, 60_000), (60_000, 16), (16, 4_000_000)])
    return "a.png", saved(Image.new("RGB", size, "gray"), "PNG")


def animated(random: Random) -> tuple[str, bytes]:
    format = random.choice(["GIF", "WEBP", "PNG"])
    frames = [drawn(random, 64, 64) for _ in range(random.randint(2, 60))]
    return f"a.{FORMATS[format]}", saved(frames[0], format, save_all=True, append_images=frames[1:])


def deep(random: Random) -> tuple[str, bytes]:
    if random.random() < 0.5:
        format = random.choice(["JPEG", "TIFF"])
        return f"a.{FORMATS[format]}", saved(drawn(random, mode="CMYK"), format)
    values = np.asarray(drawn(random).convert("L")).astype(random.choice(["u2", "i4", "f4"]))
    format = "PNG" if values.dtype == np.uint16 and random.random() < 0.5 else "TIFF"
    return f"a.{FORMATS[format]}", saved(Image.fromarray(values * random.choice([1, 257])), format)


def nonsense_exif(random: Random) -> tuple[str, bytes]:
    format = random.choice(["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
    tags = b"".join(
        struct.pack(
            "<HHII", random.randrange(65536), random.randrange(20), random.getrandbits(32), random.getrandbits(20)
        )
        for _ in range(random.randint(0, 50))
    )
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", random.randint(0, 60)) + tags + random.randbytes(60)
    return f"a.{FORMATS[format]}", saved(drawn(random), format, exif=exif)


def shared_exif(random: Random) -> tuple[str, bytes]:
    """Thousands of EXIF tags with the same megabyte as their value."""
    count = random.choice([1000, 6000])
    tags = b"".join(struct.pack("<HHII", 1000 + tag, 7, 2**20, 0) for tag in range(count))
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", count) + tags + bytes(4 + 2**20)
    return "a.webp", saved(drawn(random), random.choice(["WEBP", "PNG", "HEIF"]), exif=exif)


def nonsense_profile(random: Random) -> tuple[str, bytes]:
    format = random.choice(["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
    head = struct.pack(">I4sI4s4s4s", 400, b"lcms", 0x04300000, b"mntr", b"RGB ", b"XYZ ").ljust(36, b"\0") + b"acsp"
    profile = random.choice([b"", head.ljust(128, b"\0")]) + random.randbytes(random.randint(1, 5000))
    return f"a.{FORMATS[format]}", saved(drawn(random), format, icc_profile=profile)


def markup(random: Random) -> tuple[str, bytes]:
    name = random.choice(["a.svg", "a.png", "a.html", "a.jpg"])
    text = random.choice(
        [SVG.format("http://127.0.0.1:1/x"), XXE, "<!doctype html><script>alert(1)</script>", "%!PS\n"]
    )
    return name, text.encode()


def polyglot(random: Random) -> tuple[str, bytes]:
    """A picture that is something else as well."""
    name, data = any_file(random)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.py", "print(1)")
    return random.choice([name, "a.html", "a.svg"]), data + random.choice(
        [b"<script>alert(1)</script>", file.getvalue(), b"\n%PDF-1.4\n", data]
    )


def empty(random: Random) -> tuple[str, bytes]:
    return random.choice(["a.png", "a.jpg", "a"]), bytes(random.choice([0, 1, 100, 10_000]))


def renamed(random: Random) -> tuple[str, bytes]:
    names = [
        "a.exe",
        "a",
        ".png",
        "a.png.exe",
        "../../a.png",
        "a\0.png",
        "<b>.png",
        "é 🌱.jpg",
        "x" * 300,
        "CON",
        "a.svg",
    ]
    return random.choice(names), any_file(random)[1]


def heic(random: Random) -> tuple[str, bytes]:
    data = saved(drawn(random), "HEIF")
    if random.random() < 0.6:
        changed = bytearray(data)
        for _ in range(random.randint(1, 20)):
            changed[random.randrange(min(600, len(data)))] = random.randrange(256)
        data = bytes(changed)
    return "IMG_1.HEIC", random.choice([data, b"\0\0\0\x18ftypheic" + random.randbytes(100)])


def looping_tiff(random: Random) -> tuple[str, bytes]:
    """A TIFF whose directory comes after itself, has itself as its child, or claims more entries than there are."""
    data = bytearray(saved(drawn(random, 64, 64), "TIFF"))
    (place,) = struct.unpack("<I", data[4:8])
    (count,) = struct.unpack("<H", data[place : place + 2])
    kind = random.randrange(4)
    if kind == 0:
        data[place + 2 + 12 * count : place + 6 + 12 * count] = struct.pack("<I", place)
    elif kind == 1:
        data[place : place + 2] = struct.pack("<H", 65535)
    elif kind == 2:
        entry = place + 2 + 12 * random.randrange(count)
        data[entry : entry + 12] = struct.pack("<HHII", random.choice([330, 34665, 34853]), 4, 1, place)
    else:
        entry = place + 2 + 12 * random.randrange(count)
        data[entry + 4 : entry + 8] = struct.pack("<I", random.choice([2**31, 2**32 - 1, 10**6]))
    return "a.tiff", bytes(data)


def shared_tiff(random: Random) -> tuple[str, bytes]:
    """A TIFF with hundreds of tags that share ten megabytes."""
    data = saved(drawn(random, 64, 64), "TIFF")
    (place,) = struct.unpack("<I", data[4:8])
    (count,) = struct.unpack("<H", data[place : place + 2])
    tags = [data[place + 2 + 12 * tag : place + 14 + 12 * tag] for tag in range(count)]
    size, start = random.choice([(2**20, 2000), (10 * 2**20, 500)]), len(data) + len(data) % 2
    tags += [struct.pack("<HHII", 1000 + tag, 7, size[0], start) for tag in range(size[1])]
    tags.sort(key=lambda tag: struct.unpack("<H", tag[:2]))
    end = start + size[0]
    body = data.ljust(start, b"\0") + bytes(size[0]) + struct.pack("<H", len(tags)) + b"".join(tags) + bytes(4)
    return "a.tiff", body[:4] + struct.pack("<I", end) + body[8:]


def laborious(random: Random) -> tuple[str, bytes]:
    """Files that keep a decoder busy: scans, comments, segments and chunks without end."""
    kind = random.randrange(4)
    if kind == 0:
        data = saved(Image.new("RGB", (8000, 2000)), "JPEG", progressive=True)
        start = data.rindex(b"\xff\xda")
        scan = data[start : start + 2 + struct.unpack(">H", data[start + 2 : start + 4])[0]] + b"\0"
        return "a.jpg", data[:-2] + scan * random.choice([100, 500_000]) + data[-2:]
    if kind == 1:
        data = saved(drawn(random), "GIF")
        place = 13 + 3 * 2 ** ((data[10] & 7) + 1)
        return "a.gif", data[:place] + b"!\xfe" + b"\1a" * random.choice([1000, 9_000_000]) + b"\0" + data[place:]
    if kind == 2:
        data = saved(drawn(random), "JPEG")
        return "a.jpg", data[:2] + random.choice([b"\xff\xe5\0\2", b"\xff\xfe\0\2"]) * 4_000_000 + data[2:]
    data = saved(drawn(random), "PNG")
    return "a.png", data[:33] + chunk(b"abCd", b"") * 1_600_000 + data[33:]


def good(random: Random) -> tuple[str, bytes]:
    """A photograph of twelve megapixels or of any other size, as people have them."""
    size = random.choice([(4000, 3000), (640, 480), (1080, 1920)])
    return "IMG.jpg", saved(drawn(random, *size), "JPEG")


KINDS: dict[str, Callable[[Random], tuple[str, bytes]]] = {
    each.__name__.replace("_", " "): each
    for each in (
        *(truncated, flipped, bomb, thin, animated, deep, nonsense_exif, shared_exif, nonsense_profile, markup),
        *(polyglot, empty, renamed, heic, looping_tiff, shared_tiff, laborious, good, truncated, flipped),
    )
}
