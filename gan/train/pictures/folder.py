"""Folders of pictures, and torchvision's CelebA layout."""

import os
from functools import partial
from pathlib import Path

from PIL import Image

from gan import UserError
from gan.model import local_paths
from gan.train.pictures.source import Picture, Source, checked, fingerprint, held_out_of, is_hidden, printable, say

# Pillow knows these formats by name and cannot decode them, or not everywhere
_NOT_DECODED = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
_VIDEOS = ".mp4 .mov .m4v .avi .mkv .webm .mpg .mpeg .wmv .flv .3gp .mts .m2ts"
_RAW = ".cr2 .cr3 .crw .nef .nrw .arw .sr2 .dng .orf .rw2 .raf .pef .srw .3fr .iiq .x3f"
_OTHER = ".jxl .jxr .exr .hdr .dcm .xcf .svg .svgz .eps .ai .pdf .wmf .emf"
ARCHIVES = ".zip .tar .tgz .gz .bz2 .xz .zst .7z .rar .cbz"
_ARRAYS = ".npy .npz .h5 .hdf5 .mat .tfrecord .tfrecords .pkl .pickle .pt .pth .bin .mdb .rec .feather .orc"
# what people have among their pictures, and what to do with it
_CURES = {
    "video": (_VIDEOS, "not trained on: save frames as pictures to use them"),
    "camera raw file": (_RAW, "not trained on: export them as JPEG or PNG"),
    "other picture file": (_OTHER, "not trained on: export them as JPEG or PNG"),
    "archive": (ARCHIVES, "not looked into: name a .zip with --train_data_dir, unpack others"),
}
# the same for what is only named where there is nothing else
_CURES_IF_ALONE = {
    "array file": (_ARRAYS, "not read: save the pictures as PNG"),
    "table": (".csv .tsv", "not read: save the pictures as PNG"),
    "Parquet file": (".parquet", "not read from within a .zip file: unpack it and give the folder"),
    "extensionless file": ("", "not read: add .jpg or .png to the names if they are pictures"),
    "Arrow file": (
        ".arrow",
        "what datasets' save_to_disk writes: save each split as Parquet, with "
        'datasets.load_from_disk(FOLDER).to_parquet("train.parquet"), and give that folder',
    ),
}


def files_below(folder: Path) -> list[Path]:
    """All files in a folder and in folders below it, in the order of their names, without hidden ones.

    Links to folders are followed, once each; those that lead back to where they lie are not.

    Raises:
        UserError: a folder cannot be listed.
    """
    found, seen, tops = [], set(), [folder]
    # real folders come before links, so a picture has the name that it has without the link
    while tops:
        for top, folders, files in os.walk(tops.pop(0), onerror=_cannot_list):
            here = os.stat(top)
            if (here.st_dev, here.st_ino) in seen:
                folders.clear()
                continue
            seen.add((here.st_dev, here.st_ino))
            paths = [Path(top, name) for name in sorted(folders) if not is_hidden(Path(name))]
            links = [path for path in paths if path.is_symlink()]
            folders[:] = [path.name for path in paths if path not in links]
            tops += [link for link in links if not Path(os.path.realpath(top)).is_relative_to(os.path.realpath(link))]
            found += [Path(top, name) for name in files if not is_hidden(Path(name))]
    return sorted(filter(_is_file, found))


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its name."""
    Image.init()
    kind = Image.EXTENSION.get(path.suffix.lower())
    # a JPEG with a second picture, of a stereo camera, has no plugin of its own
    return kind in (*Image.OPEN, "MPO") and kind not in _NOT_DECODED


def folder_of_pictures(folder: Path, files: list[Path]) -> Source:
    """The pictures in a folder."""
    paths = [path.relative_to(folder) for path in files]

    def pictures():
        for path, below, held_out in zip(files, paths, held_out_of(paths)):
            yield Picture(printable(below.as_posix()), held_out, partial(_read, path))

    return Source(name_of(folder), listing_of(folder, files), len(files), pictures)


def celeba_in(folder: Path) -> Path | None:
    """The folder with torchvision's CelebA layout: this one, or `celeba` in it."""
    for celeba in (folder, folder / "celeba"):
        if (celeba / "list_eval_partition.txt").is_file() and (celeba / "img_align_celeba").is_dir():
            return celeba
    return None


def celeba(folder: Path) -> Source:
    """CelebA, whose own list says what is held out.

    Raises:
        UserError: it is not that list, or pictures are missing.
    """
    partition = folder / "list_eval_partition.txt"
    text = partition.read_text(encoding="utf-8", errors="replace")
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if any(len(line) != 2 or line[1] not in ("0", "1", "2") or Path(line[0]).name != line[0] for line in lines):
        raise UserError(f"{partition} is not CelebA's list: each line must be a file name and 0, 1 or 2.")
    files = [folder / "img_align_celeba" / name for name, _ in lines]
    missing = [path.name for path in files if not path.is_file()]
    if missing:
        raise UserError(f"{len(missing)} pictures named in {partition} are missing, {missing[0]} first.")

    def pictures():
        for (name, part), path in zip(lines, files):
            yield Picture(name, part != "0", partial(_read, path))

    return Source(name_of(folder), listing_of(folder, [partition, *files]), len(files), pictures)


def left_out(paths: list[Path], alone: bool = False) -> list[str]:
    """What people may miss among the pictures, each kind of file in one phrase with its cure.

    Args:
        paths: of all files.
        alone: whether there is nothing to train on, so that everything known is named.
    """
    phrases = []
    for kind, (suffixes, cure) in (_CURES | _CURES_IF_ALONE if alone else _CURES).items():
        names = [path.name for path in paths if path.suffix.lower() in (suffixes.split() or [""])]
        if names:
            some = ", ".join(map(printable, names[:3])) + (", …" if len(names) > 3 else "")
            many = len(names) > 1
            phrases.append(f"{len(names):,} {kind}{'s' * many} ({some}) {'are' if many else 'is'} {cure}")
    return phrases


def name_of(path: Path) -> str:
    """The last name of a source's path, for people."""
    return printable(local_paths.name(path))


def listing_of(folder: Path, files: list[Path]) -> str:
    """A fingerprint of files by name, size and time of change."""
    stats = [(path.relative_to(folder).as_posix(), path.stat()) for path in files]
    return fingerprint([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])


def _read(path: Path) -> bytes:
    return checked(path.read_bytes())


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:  # a link into a folder of another user, or a network drive
        say(f"{printable(str(path))} cannot be read now ({error.strerror}) and is left out.")
        return False


def _cannot_list(error: OSError) -> None:
    if not isinstance(error, PermissionError):
        raise UserError(f"{error.filename} cannot be listed ({error.strerror}): run the same command again.") from error
    say(f"{printable(str(error.filename))} may not be opened by this user, so its pictures are left out.")
