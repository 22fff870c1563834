"""Folders of parquet files with a column of pictures, as `datasets`, pandas and polars write them."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as parquet

from gan import UserError, reason
from gan.hub import failures
from gan.model import images
from gan.train.pictures.folder import is_picture, listing_of, name_of
from gan.train.pictures.source import LFS_POINTER, BrokeOff, Picture, Source, checked, is_held_out, printable, say

_BINARY = re.compile(r"(large_)?binary(_view)?|fixed_size_binary\[\d+\]")
_LOOKED_AT = 16  # rows, to see what is in a column


def image_columns(files: list[Path], beside_pictures: bool) -> dict[Path, str]:
    """The column of pictures of each parquet file that has one.

    Args:
        beside_pictures: whether the files lie beside pictures, which they may just describe. Then it is no fault if
            none has pictures, or if one is damaged and no other has any.

    Raises:
        UserError: a file cannot be read, or none has such a column.
    """
    columns, damaged, without = {}, {}, []
    for path in files:
        try:
            column = _image_column(path, beside_pictures)
        except (OSError, ValueError) as error:
            damaged[path] = error
            continue
        if column:
            columns[path] = column
        else:
            without.append(path)
    if damaged and (columns or not beside_pictures):
        path, error = next(iter(damaged.items()))
        raise UserError(f"{path} cannot be read as parquet ({reason(error)}).") from error
    if without and not columns and not beside_pictures:
        raise UserError(f"{without[0]} has no column of pictures (binary, or a struct with `bytes`).")
    if without and columns:
        many = len(without) > 1
        say(
            f"{len(without):,} parquet file{'s' * many} ({', '.join(path.name for path in without[:3])}) "
            f"{'have' if many else 'has'} no column of pictures and {'are' if many else 'is'} left out."
        )
    return columns


def tables(folder: Path, columns: dict[Path, str]) -> Source:
    """The pictures in the columns of parquet files.

    Args:
        folder: above them all.
        columns: the column of each file, in order.
    """
    files = list(columns)
    held_out = {path: is_held_out(path.relative_to(folder).parts) for path in files}
    splits = any(held_out.values())

    def pictures():
        for path in files:
            for row, cell in enumerate(_cells(path, columns[path])):
                name = printable(f"{path.relative_to(folder).as_posix()} row {row}")
                yield Picture(name, held_out[path] if splits else None, partial(read_cell, cell, path.parent))

    count = sum(parquet.ParquetFile(path).metadata.num_rows for path in files)
    return Source(name_of(folder), listing_of(folder, files), count, pictures)


def read_cell(cell: dict | bytes | None, folder: Path = Path()) -> bytes:
    """The picture file in a cell: its bytes, or those of the file that it names, in `folder` or at a URL (hf://, zip://).

    Raises:
        ValueError: the cell is empty, or there is nothing at the URL.
        OSError: the file cannot be read.
        BrokeOff: the URL cannot be reached.
    """
    data, place = (cell.get("bytes"), cell.get("path")) if isinstance(cell, dict) else (cell, None)
    if data:
        return checked(data)
    if not place:
        raise ValueError("the cell is empty")
    if "://" not in place:
        return checked((folder / place).read_bytes())
    try:
        return checked(failures.retried(partial(_fetch, place), failures.PAUSES[:3]))
    except FileNotFoundError as error:
        raise ValueError(reason(error)) from error
    except ValueError:
        raise
    except Exception as error:  # an error of the network, not of the picture
        raise BrokeOff(place, error) from error


def _fetch(place: str) -> bytes:
    with fsspec.open(place) as file:
        return file.read()


def _image_column(path: Path, sure: bool) -> str | None:
    """The first column that may hold encoded pictures; where there are several, or if `sure`, one that does."""
    with open(path, "rb") as file:
        checked(file.read(len(LFS_POINTER)))
    columns = [column.name for column in parquet.read_schema(path) if _is_encoded(column.type)]
    if len(columns) == 1 and not sure:
        return columns[0]
    with_pictures = [column for column in columns if _holds_pictures(path, column)]
    return next(iter(with_pictures or ([] if sure else columns)), None)


def _is_encoded(kind: pa.DataType) -> bool:
    """Whether a column may hold pictures: as they are, or in Hugging Face's struct of bytes and path."""
    place = kind.get_field_index("bytes") if pa.types.is_struct(kind) else -1
    return bool(_BINARY.fullmatch(str(kind if place < 0 else kind.field(place).type)))


def _holds_pictures(path: Path, column: str) -> bool:
    """Whether one of the first cells is a picture, or names one."""
    batch = next(parquet.ParquetFile(path).iter_batches(batch_size=_LOOKED_AT, columns=[column]), None)
    return batch is not None and any(map(_is_picture, batch.column(0).to_pylist()))


def _is_picture(cell: dict | bytes | None) -> bool:
    data, place = (cell.get("bytes"), cell.get("path")) if isinstance(cell, dict) else (cell, None)
    if not data:
        return bool(place) and is_picture(Path(place))
    try:
        return bool(images.opened(data).size)
    except Exception:  # Pillow's plugins raise many kinds of errors on what is not a picture
        return False


def _cells(path: Path, column: str) -> Iterator[dict | bytes | None]:
    """One column of a parquet file, a few rows in memory at a time."""
    try:
        for batch in parquet.ParquetFile(path).iter_batches(batch_size=64, columns=[column]):
            for cell in batch.column(0):
                yield cell.as_py()
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:  # of the drive
            raise BrokeOff(str(path), error) from error
        raise UserError(f"{path} is damaged ({reason(error)}): copy it again.") from error
