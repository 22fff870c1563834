"""Faces with what data sets say about them."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet as parquet
from pyarrow import types
from tqdm import tqdm

from gan import UserError
from gan.model import face_finder, images
from gan.train import machine
from gan.train.pictures.source import is_held_out
from gan.train.pictures.tables import image_columns, read_cell

FEWEST = 100  # faces that carry a label, below which it cannot be learned; of held-out ones a tenth
_TOGETHER = 256  # pictures in memory at a time


@dataclass(frozen=True)
class Labelled:
    """Faces and their labels."""

    names: tuple[str, ...]  # of K attributes
    pictures: np.ndarray  # (N, S, S, 3) uint8
    values: np.ndarray  # (N, K) float32 as the data sets have them; NaN where they say nothing
    without_face: int = 0  # pictures that were left out


def read(folders: Sequence[Path], labels: Mapping, size: int, crop: str) -> tuple[Labelled, Labelled]:
    """The faces in folders of parquet files, to train on and held out; the latter are those of test and validation
    splits.

    Args:
        labels: columns of each attribute, with the sign with which they count. Where a folder has several columns of
            an attribute, their mean counts.
        size: side of a face, pixels.
        crop: "face", as the page frames faces, or "middle", the square in the middle of each picture.

    Raises:
        UserError: a folder has no parquet files or no such columns, or too few faces carry a label.
    """
    names = tuple(labels)
    rows = [], []
    missing = 0
    for folder in folders:
        found = image_columns(_files(folder), beside_pictures=False)
        with ThreadPoolExecutor(machine.cores()) as pool:
            for path, column in found.items():
                held_out = is_held_out(path.relative_to(folder).parts)
                for cells, values in _batches(path, column, labels):
                    faces = pool.map(partial(_face, folder=path.parent, size=size, crop=crop), cells)
                    kept = [(face, row) for face, row in zip(faces, values) if face is not None]
                    missing += len(values) - len(kept)
                    rows[held_out].extend(kept)
    parts = []
    for part, fewest in zip(rows, (FEWEST, FEWEST // 10)):
        pictures = np.stack([face for face, _ in part]) if part else np.empty((0, size, size, 3), np.uint8)
        values = np.stack([row for _, row in part]) if part else np.empty((0, len(names)), np.float32)
        for name, count in zip(names, (~np.isnan(values)).sum(0)):
            if count < fewest:
                kind = "held-out faces (those of files named test or validation)" if parts else "faces"
                raise UserError(f"Only {count} {kind} have a label for {name}; it takes at least {fewest}.")
        parts.append(Labelled(names, pictures, values, missing))
    return parts[0], parts[1]


def standardised(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Labels in standard deviations from the mean of the labels `like`."""
    return (values - np.nanmean(like, 0)) / np.maximum(np.nanstd(like, 0), 1e-6)


def every(folders: Sequence[Path]) -> dict[str, list[tuple[str, int]]]:
    """All columns of numbers and of yes and no in folders of parquet files, each a label of its own.

    Raises:
        UserError: a folder has no parquet files.
    """
    schemas = [parquet.ParquetFile(path).schema_arrow for folder in folders for path in _files(folder)]
    columns = {field.name: None for schema in schemas for field in schema if _is_number(field.type)}
    return {name: [(name, 1)] for name in columns}


def _is_number(kind: pyarrow.DataType) -> bool:
    return types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind)


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.parquet")) if folder.is_dir() else []
    if not files:
        raise UserError(f"--train_data_dir {folder} holds no parquet files, where labels are read from.")
    return files


def _batches(path: Path, column: str, labels: Mapping) -> Iterator[tuple[list, np.ndarray]]:
    """Pictures of a file, still encoded, and their labels `(N, K)` float32."""
    file = parquet.ParquetFile(path)
    there = set(file.schema_arrow.names)
    used = {name for columns in labels.values() for name, _ in columns} & there
    if not used:
        raise UserError(f"{path} has none of the columns of --labels; it has {', '.join(sorted(there - {column}))}.")
    progress = tqdm(total=file.metadata.num_rows, desc=f"Faces of {path.parent.name}", unit="picture", leave=False)
    with progress:
        for batch in file.iter_batches(_TOGETHER, columns=[column, *used]):
            known = {name: _numbers(path, name, batch.column(name)) for name in used}
            values = np.full((len(batch), len(labels)), np.nan, np.float32)
            for place, columns in enumerate(labels.values()):
                present = [sign * known[name] for name, sign in columns if name in known]
                if present:
                    values[:, place] = np.mean(present, 0)
            yield batch.column(column).to_pylist(), values
            progress.update(len(batch))


def _numbers(path: Path, name: str, values) -> np.ndarray:
    try:
        return np.array([np.nan if value is None else float(value) for value in values.to_pylist()], np.float32)
    except (TypeError, ValueError):
        raise UserError(f"{path}: column {name} holds no numbers, and no yes or no.") from None


def _face(cell, folder: Path, size: int, crop: str) -> np.ndarray | None:
    """The largest face of an encoded picture `(S, S, 3)` uint8; None if there is none."""
    try:
        picture = images.decode(read_cell(cell, folder))
    except (OSError, ValueError, SyntaxError):  # one that is damaged
        return None
    if crop == "middle":
        return images.training_crop(picture, size)
    faces = face_finder.find(picture)
    return face_finder.cut(picture, face_finder.moved_into(picture, faces[0]), size) if faces else None
