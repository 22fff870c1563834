"""A zip file of pictures, read picture by picture: nothing is unpacked to the disk."""

import re
import stat
import zipfile
from functools import partial
from pathlib import Path, PurePosixPath
from threading import Lock

from gan import UserError, reason
from gan.train.pictures.folder import is_picture, left_out, name_of
from gan.train.pictures.source import (
    LFS_POINTER,
    Picture,
    Source,
    checked,
    fingerprint,
    held_out_of,
    is_hidden,
    printable,
    say,
)

MOST_BYTES = 2**28  # of one picture, unpacked
# pictures are compressed already; only a bomb shrinks by this factor on the whole
MOST_RATIO, RATIO_FROM = 100, 2**30  # the ratio, and the unpacked bytes from which it counts


def archive(path: Path) -> Source:
    """The pictures in a zip file.

    Raises:
        UserError: it is damaged, has a password or a compression that Python lacks, holds no pictures, has names that
            lead out of it, or would unpack to more than pictures do.
    """
    try:
        with open(path, "rb") as head:
            checked(head.read(len(LFS_POINTER)))
        file = zipfile.ZipFile(path)  # stays open while the source is in use
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).") from error
    except UnicodeDecodeError:
        raise UserError(f"{path} has names that are damaged: unpack it and give the folder.") from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a zip file ({reason(error)}): copy it again.") from None
    last = {info.filename: info for info in file.infolist() if not info.is_dir()}  # of a name, as when it is unpacked
    entries = sorted(last.values(), key=lambda info: info.filename)
    places = {info: PurePosixPath(info.filename.replace("\\", "/")) for info in entries}
    _check_names(path, places)
    places = {info: place for info, place in places.items() if not is_hidden(place)}
    chosen = [info for info, place in places.items() if is_picture(Path(place))]
    others = left_out(list(map(Path, places.values())), alone=not chosen)
    if not chosen:
        raise UserError("; ".join([f"No pictures (.jpg, .png, .webp, …) in {path}", *others]) + ".")
    for phrase in others:
        say(f"{phrase}.")
    _check_sizes(path, chosen)
    paths = [Path(places[info]) for info in chosen]

    def pictures():
        for info, place, held_out in zip(chosen, paths, held_out_of(paths)):
            yield Picture(printable(place.as_posix()), held_out, partial(_read, file, info, lock))

    lock = Lock()  # ZipFile counts its open entries without one
    listing = [(info.filename, info.file_size, info.CRC) for info in chosen]
    return Source(name_of(path), fingerprint(listing), len(chosen), pictures)


def _check_names(path: Path, places: dict[zipfile.ZipInfo, PurePosixPath]) -> None:
    for place in places.values():
        if place.is_absolute() or ".." in place.parts or re.match("[A-Za-z]:", str(place)):
            raise UserError(
                f"{path} holds “{printable(str(place))}”, which leads out of it, so nothing in it is read: "
                "pack the pictures again."
            )


def _check_sizes(path: Path, chosen: list[zipfile.ZipInfo]) -> None:
    for info in chosen:
        if info.flag_bits & 1:
            raise UserError(f"{path} is protected by a password: unpack it and give the folder.")
        if info.file_size > MOST_BYTES:
            raise UserError(
                f"“{printable(info.filename)}” in {path} unpacks to {info.file_size / 1e6:,.0f} MB, more than pictures "
                "have, so nothing in it is read: take it out."
            )
    packed, unpacked = path.stat().st_size, sum(info.file_size for info in chosen)
    if unpacked > max(RATIO_FROM, MOST_RATIO * packed):
        raise UserError(
            f"{path} has {packed / 1e6:,.1f} MB and unpacks to {unpacked / 1e6:,.0f} MB, more than pictures do, so "
            "nothing in it is read: unpack it yourself if you trust it, and give the folder."
        )


def _read(file: zipfile.ZipFile, info: zipfile.ZipInfo, lock: Lock) -> bytes:
    """
    Raises:
        OSError: the archive cannot be read now.
        UserError: its compression is not known.
        Others: the entry is damaged.
    """
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ValueError("a link, not a picture")
    try:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotImplementedError(zipfile.compressor_names.get(info.compress_type, info.compress_type))
        with lock, file.open(info) as entry:
            data = entry.read(info.file_size + 1)  # no more is unpacked, whatever is in it
    except NotImplementedError as error:
        raise UserError(
            f"{file.filename} is compressed in a way that is not read here ({reason(error)}): unpack it and give the "
            "folder."
        ) from error
    return checked(data)
