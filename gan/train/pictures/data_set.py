"""Data sets of the Hugging Face Hub, streamed."""

import hashlib
import time
from functools import partial

from gan import UserError
from gan.hub import failures
from gan.hub_name import hub_name
from gan.model import local_paths
from gan.train.pictures.source import BrokeOff, Picture, Source, is_held_out
from gan.train.pictures.tables import read_cell
from gan.train.settings import DataSettings


def data_set(wanted: DataSettings) -> Source:
    """The data set that the command line names.

    Raises:
        UserError: it cannot be read, or has no such column of pictures.
    """
    import datasets  # takes seconds to import, and folders do not need it

    name, _, revision = hub_name(wanted.dataset_name).partition("@")
    if not name:
        raise UserError("--dataset_name is empty: name a data set of the Hub, user/name.")
    which = {"name": wanted.dataset_config_name, "revision": revision or None}
    try:
        builder = datasets.load_dataset_builder(name, **which)
        # streamed from the Hub into the store, without another copy on the disk
        splits = datasets.load_dataset(name, **which, split=wanted.dataset_split, streaming=True)
    except Exception as error:  # the Hub's errors come from several libraries
        raise UserError(failures.explain_data_set(error, name)) from error
    if wanted.dataset_split:
        splits = {wanted.dataset_split: splits}
    column = _column(splits, wanted, datasets.Image)
    # a split that was asked for is trained on, whatever its name
    has_held_out = not wanted.dataset_split and any(is_held_out((split,)) for split in splits)

    def pictures(position: dict | None = None):
        names = list(splits)
        for split in names[names.index(position["split"]) if position else 0 :]:
            held_out = is_held_out((split,)) if has_held_out else None
            for index, cell, place in _rows(splits[split], f"{name}, {split}", column, position):
                picture_name = (not cell.get("bytes") and cell.get("path")) or f"{split} row {index}"
                yield Picture(picture_name, held_out, partial(read_cell, cell), place | {"split": split})
            position = None

    sizes = [info.num_examples for split, info in (builder.info.splits or {}).items() if split in splits]
    what = f"{name} {builder.config_id} {builder.hash} {wanted.dataset_split} {column}"
    count = sum(sizes) if sizes and all(sizes) else None
    return Source(local_paths.shorten(name), hashlib.sha256(what.encode()).hexdigest(), count, pictures, pictures)


def _column(splits: dict, wanted: DataSettings, kind: type) -> str:
    columns = [
        key for split in splits.values() for key, feature in (split.features or {}).items() if isinstance(feature, kind)
    ]
    column = wanted.image_column or next(iter(columns), None)
    if column not in columns:
        raise UserError(
            f"The data set {wanted.dataset_name} has no column of pictures"
            + (f" called {column}; those it has: {', '.join(dict.fromkeys(columns)) or 'none'}." if column else ".")
        )
    return column


def _rows(split, what: str, column: str, position: dict | None):
    """The rows of a split after a position: index, cell and position of each.

    Where the connection breaks, it is made again, and reading goes on after the last row that arrived.

    Raises:
        BrokeOff: it stays broken.
    """
    rows, pauses = split.decode(False), iter(failures.PAUSES)
    position = {"row": position["row"], "state": position["state"]} if position else {"row": 0, "state": None}
    while True:
        try:
            if position["state"]:
                rows.load_state_dict(position["state"])
            for row in rows:
                position = {"row": position["row"] + 1, "state": rows.state_dict()}
                pauses = iter(failures.PAUSES)
                yield position["row"] - 1, row[column] or {}, position
            return
        except Exception as error:
            pause = next(pauses, None)
            if pause is None or not failures.may_pass(error):
                raise BrokeOff(what, error) from error
            time.sleep(pause)
