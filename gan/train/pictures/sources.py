"""Where pictures come from: a folder of pictures or parquet files, torchvision's CelebA layout, a Hub data set.

A source has a fingerprint, a count where it is known, and yields pictures one after the other, still encoded.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import fsspec
import pyarrow.parquet as parquet
from PIL import Image

from gan import UserError, reason
from gan.hub import failures
from gan.model import local_paths
from gan.train.settings import DataSettings

# below this share of the pictures, what is called test, val or dev may be a person's name
_FEWEST = 0.005
# words by which Hugging Face's `datasets` recognises test and validation splits
_HELD_OUT = re.compile(r"(^|[-._ 0-9])(test|testing|eval|evaluation|validation|valid|val|dev)([-._ 0-9]|$)", re.I)


@dataclass(frozen=True)
class Picture:
    """One picture, not yet decoded."""

    name: str
    held_out: bool | None  # True, False, or None where the source has no splits
    read: Callable[[], bytes]  # raises OSError: this picture is unreadable; UserError: so are all others


@dataclass(frozen=True)
class Source:
    """A set of pictures in an order that never changes."""

    name: str  # for people: the folder's last name, or the data set's
    fingerprint: str  # changes when what is read changes
    count: int | None
    pictures: Callable[[], Iterator[Picture]]


def find(wanted: DataSettings) -> Source:
    """The source that the command line names.

    Raises:
        UserError: neither or both are given, the folder does not exist or holds no pictures, the data set cannot be
            read.
    """
    if (wanted.train_data_dir is None) == (wanted.dataset_name is None):
        raise UserError("Say what to train on: --train_data_dir FOLDER or --dataset_name USER/NAME, one of the two.")
    if wanted.dataset_name:
        return _hub(wanted)
    only_there = [name for name in ("dataset_config_name", "dataset_split", "image_column") if getattr(wanted, name)]
    if only_there:
        raise UserError(f"--{only_there[0]} goes with --dataset_name, not with --train_data_dir.")
    folder = wanted.train_data_dir.expanduser()
    if not folder.is_dir():
        raise UserError(f"--train_data_dir {folder} is not a folder.")
    for celeba in (folder, folder / "celeba"):
        if (celeba / "list_eval_partition.txt").is_file() and (celeba / "img_align_celeba").is_dir():
            return _celeba(celeba)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path.relative_to(folder)))
    tables = [path for path in files if path.suffix.lower() == ".parquet"]
    if tables:
        return _parquet(folder, tables)
    Image.init()
    pictures = [path for path in files if Image.EXTENSION.get(path.suffix.lower()) in Image.OPEN]
    if not pictures:
        raise UserError(f"No pictures (.jpg, .png, .webp, …) and no .parquet files in {folder} or below it.")
    return _folder(folder, pictures)


def _folder(folder: Path, files: list[Path]) -> Source:
    held_out = {path: _is_held_out(path.relative_to(folder).parts) for path in files}
    splits = sum(held_out.values()) > _FEWEST * len(files)

    def pictures():
        for path in files:
            name = path.relative_to(folder).as_posix()
            # held out in any case; where they are too few to measure with, the store holds out others, too
            yield Picture(name, held_out[path] or (False if splits else None), path.read_bytes)

    return Source(local_paths.name(folder), _fingerprint(folder, files), len(files), pictures)


def _celeba(folder: Path) -> Source:
    partition = folder / "list_eval_partition.txt"
    lines = [line.split() for line in partition.read_text().splitlines() if line.strip()]
    if any(len(line) != 2 or line[1] not in "012" for line in lines):
        raise UserError(f"{partition} is not CelebA's list: each line must be a file name and 0, 1 or 2.")
    files = [folder / "img_align_celeba" / name for name, _ in lines]
    missing = [path.name for path in files if not path.is_file()]
    if missing:
        raise UserError(f"{len(missing)} pictures named in {partition} are missing, {missing[0]} first.")

    def pictures():
        for (name, part), path in zip(lines, files):
            yield Picture(name, part != "0", path.read_bytes)

    return Source(local_paths.name(folder), _fingerprint(folder, [partition, *files]), len(files), pictures)


def _parquet(folder: Path, files: list[Path]) -> Source:
    columns = {path: _image_column(path) for path in files}
    held_out = {path: _is_held_out(path.relative_to(folder).parts) for path in files}
    splits = any(held_out.values())

    def pictures():
        for path in files:
            for row, cell in enumerate(_cells(path, columns[path])):
                name = f"{path.relative_to(folder).as_posix()} row {row}"
                yield Picture(name, held_out[path] if splits else None, partial(_read_cell, cell, path.parent))

    count = sum(parquet.ParquetFile(path).metadata.num_rows for path in files)
    return Source(local_paths.name(folder), _fingerprint(folder, files), count, pictures)


def _hub(wanted: DataSettings) -> Source:
    import datasets  # takes seconds to import, and folders do not need it

    name = wanted.dataset_name
    try:
        builder = datasets.load_dataset_builder(name, wanted.dataset_config_name)
        # streamed from the Hub into the store, without another copy on the disk
        splits = datasets.load_dataset(name, wanted.dataset_config_name, split=wanted.dataset_split, streaming=True)
    except Exception as error:  # the Hub's errors come from several libraries
        raise UserError(failures.explain_data_set(error, name)) from error
    if wanted.dataset_split:
        splits = {wanted.dataset_split: splits}
    columns = [
        key
        for split in splits.values()
        for key, feature in (split.features or {}).items()
        if isinstance(feature, datasets.Image)
    ]
    column = wanted.image_column or next(iter(columns), None)
    if column not in columns:
        raise UserError(
            f"The data set {name} has no column of pictures"
            + (f" called {column}; those it has: {', '.join(dict.fromkeys(columns)) or 'none'}." if column else ".")
        )
    # a split that was asked for is trained on, whatever its name
    has_held_out = not wanted.dataset_split and any(_is_held_out((split,)) for split in splits)

    def pictures():
        try:
            for split, rows in splits.items():
                held_out = _is_held_out((split,)) if has_held_out else None
                for index, row in enumerate(rows.decode(False)):
                    cell = row[column] or {}
                    place = None if cell.get("bytes") else cell.get("path")
                    yield Picture(place or f"{split} row {index}", held_out, partial(_read_cell, cell))
        except Exception as error:
            raise _broke_off(f"{name}, {split}", error) from error

    sizes = [info.num_examples for split, info in (builder.info.splits or {}).items() if split in splits]
    what = f"{name} {builder.config_id} {builder.hash} {wanted.dataset_split} {column}"
    fingerprint = hashlib.sha256(what.encode()).hexdigest()
    return Source(local_paths.shorten(name), fingerprint, sum(sizes) if sizes and all(sizes) else None, pictures)


def _image_column(path: Path) -> str:
    """The first column of encoded pictures: Hugging Face's struct of bytes and path, or plain binary."""
    try:
        schema = parquet.read_schema(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as parquet ({reason(error)}).") from None
    for column in schema:
        kind = str(column.type)
        if re.fullmatch(r"(large_)?binary|struct<.*\bbytes: (large_)?binary\b.*>", kind):
            return column.name
    raise UserError(f"{path} has no column of pictures (binary, or a struct with `bytes`).")


def _cells(path: Path, column: str) -> Iterator[dict | bytes | None]:
    """One column of a parquet file, a few rows in memory at a time."""
    try:
        for batch in parquet.ParquetFile(path).iter_batches(batch_size=64, columns=[column]):
            for cell in batch.column(0):
                yield cell.as_py()
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged ({reason(error)}): copy it again.") from error


def _is_held_out(parts: tuple[str, ...]) -> bool:
    """Whether a folder or file in a path is named test or validation; extensions do not count."""
    return any(_HELD_OUT.search(part) for part in (*parts[:-1], Path(parts[-1]).stem))


def _read_cell(cell: dict | bytes | None, folder: Path = Path()) -> bytes:
    """The picture file in a cell: its bytes, or those of the file that it names, in `folder` or at a URL (hf://, zip://).

    Raises:
        OSError: the cell is empty, or there is no such file.
        UserError: the file cannot be fetched.
    """
    data, place = (cell.get("bytes"), cell.get("path")) if isinstance(cell, dict) else (cell, None)
    if data:
        return data
    if not place:
        raise OSError("the cell is empty")
    if "://" not in place:
        return (folder / place).read_bytes()
    try:
        with fsspec.open(place) as file:
            return file.read()
    except FileNotFoundError:
        raise
    except Exception as error:  # an error of the network, not of the picture
        raise _broke_off(place, error) from error


def _broke_off(what: str, error: Exception) -> UserError:
    return UserError(f"Reading {what} broke off ({reason(error)}): run the same command again.")


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _fingerprint(folder: Path, files: list[Path]) -> str:
    listing = [(path.relative_to(folder).as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()
