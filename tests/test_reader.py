"""Uploads that would keep a decoder busy for hours, fill all memory or crash it are one sentence, and soon."""

import io
import signal
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Timer

import numpy as np
import pytest
from conftest import ROOT, picture
from PIL import Image

from gan import UserError
from gan.serve import files, reader

SMILE = Image.fromarray(picture(3, 40, 30))


def saved(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def many_scans() -> bytes:
    """A progressive JPEG whose last scan, of no bits, comes again and again: 4 ms each."""
    data = saved(Image.new("RGB", (8000, 2000)), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    scan = data[start : start + 2 + struct.unpack(">H", data[start + 2 : start + 4])[0]] + b"\0"
    return data[:-2] + scan * 20_000 + data[-2:]


def comment_of_letters() -> bytes:
    """A GIF whose comment comes in pieces of one letter, each of which Pillow adds to a copy of all before."""
    data = saved(SMILE, "GIF")
    place = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    return data[:place] + b"!\xfe" + b"\1a" * 2_000_000 + b"\0" + data[place:]


def shared_bytes() -> bytes:
    """A WebP of one megabyte whose 1,500 EXIF tags all have that megabyte as their value."""
    tags = b"".join(struct.pack("<HHII", 1000 + tag, 7, 2**20, 0) for tag in range(1500))
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 1500) + tags + bytes(4 + 2**20)
    return saved(SMILE, "WEBP", exif=exif)


@pytest.fixture
def a_reader():
    made = reader.Reader()
    yield made
    made.end()


def test_pictures_and_refusals_are_those_of_read_picture(a_reader):
    for format in ("PNG", "JPEG", "HEIF"):
        data = saved(SMILE, format)
        assert np.array_equal(a_reader.read(data), files.read_picture(data))
    for data in (b"", b"no picture", saved(SMILE, "PNG")[:-40], b"\xff" * (files.MOST_BYTES + 1)):
        with pytest.raises(UserError) as there:
            files.read_picture(data)
        with pytest.raises(UserError) as here:
            a_reader.read(data)
        assert str(here.value) == str(there.value)


@pytest.mark.parametrize("make", [many_scans, comment_of_letters])
def test_what_takes_for_ever_is_refused(a_reader, monkeypatch, make):
    a_reader.start()
    monkeypatch.setattr(reader, "SECONDS", 1.5)
    began = time.monotonic()
    with pytest.raises(UserError, match=reader.REFUSED):
        a_reader.read(make())
    assert time.monotonic() - began < 10
    monkeypatch.setattr(reader, "SECONDS", 30)
    assert a_reader.read(saved(SMILE, "PNG")).size == SMILE.size


def test_what_fills_memory_costs_the_next_upload_nothing(a_reader, monkeypatch):
    monkeypatch.setattr(reader, "SECONDS", 60)
    with suppress(UserError):
        a_reader.read(shared_bytes())  # without its EXIF it is a good picture
    assert a_reader._process is None  # memory that Pillow may hold
    assert np.array_equal(a_reader.read(saved(SMILE, "PNG")), SMILE)


def test_a_crash_is_one_sentence(a_reader):
    a_reader.start()
    a_reader._process.send_signal(signal.SIGSTOP)
    Timer(0.5, a_reader._process.kill).start()
    with pytest.raises(UserError, match=reader.REFUSED):
        a_reader.read(saved(SMILE, "PNG"))
    assert a_reader.read(saved(SMILE, "PNG")).size == SMILE.size


def test_it_ends_with_the_page():
    code = "from gan.serve.reader import *; READER.start(); print(READER._process.pid, flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    page = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, text=True, **pipes)
    pid = int(page.stdout.readline())
    page.kill()
    page.communicate()
    deadline = time.monotonic() + 20
    while _runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] != "Z"
    except FileNotFoundError:
        return False
