"""Faces with what data sets say about them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
from tqdm import tqdm

from gan import UserError
from gan.model import face_finder, images
from gan.model.look import ATTRIBUTES
from gan.train import machine
from gan.train.pictures.source import is_held_out
from gan.train.pictures.tables import image_columns, read_cell

FEWEST = 100  # faces that carry a label, below which it cannot be learned; of held-out ones a tenth
_TOGETHER = 256  # pictures in memory at a time
# how far a head is turned is measured, so a label of it would not be used
_LEARNED = tuple(name for name in ATTRIBUTES if name != "turn")
_LABEL = re.compile(r"([a-z]+)=(-?)(.+)")


@dataclass(frozen=True)
class Labelled:
    """Faces and their labels."""

    names: tuple[str, ...]  # K attributes
    pictures: np.ndarray  # (N, S, S, 3) uint8
    values: np.ndarray  # (N, K) float32 as the data sets have them; NaN where they say nothing
    without_face: int = 0  # pictures that were left out


def parse(labels: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """`["smile=Smiling", "beard=-No_Beard"]` → columns of each attribute, with the sign with which they count.

    Raises:
        UserError: an item is not of that kind, or there is no such attribute.
    """
    columns = {}
    for item in labels:
        match = _LABEL.fullmatch(item)
        if not match or match[1] not in _LEARNED:
            raise UserError(f"--labels {item}: write ATTRIBUTE=COLUMN; the attributes are {', '.join(_LEARNED)}.")
        columns.setdefault(match[1], []).append((match[3], -1 if match[2] else 1))
    return columns


def read(folders: Sequence[Path], labels: Mapping, size: int, crop: str) -> tuple[Labelled, Labelled]:
    """The faces in folders of parquet files, to train on and held out; the latter are those of test and validation
    splits.

    Args:
        labels: see `parse`. Where a folder has several columns of an attribute, their mean counts.
        size: side of a face, pixels.
        crop: "face", as the page frames faces, or "middle", the square in the middle of each picture.

    Raises:
        UserError: a folder has no parquet files or no such columns, or too few faces carry a label.
    """
    names = tuple(labels)
    rows = [], []
    missing = 0
    for folder in folders:
        files = sorted(folder.rglob("*.parquet")) if folder.is_dir() else []
        if not files:
            raise UserError(f"--train_data_dir {folder} holds no parquet files, where labels are read from.")
        found = image_columns(files, beside_pictures=False)
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
