"""Where pictures come from: a folder of pictures or parquet files, a zip file, CelebA's layout, a Hub data set."""

import os
from dataclasses import replace
from pathlib import Path

from gan import UserError
from gan.train.pictures.archive import archive
from gan.train.pictures.data_set import data_set
from gan.train.pictures.folder import ARCHIVES, celeba, celeba_in, files_below, folder_of_pictures, is_picture, left_out
from gan.train.pictures.source import Source, printable, say
from gan.train.pictures.tables import image_columns, tables
from gan.train.settings import DataSettings


def find(wanted: DataSettings) -> Source:
    """The source that the command line names, with the crop that it asks for.

    Raises:
        UserError: neither or both are given, the folder does not exist or holds no pictures, the data set cannot be
            read.
    """
    if wanted.faces == "all" and wanted.crop != "face":
        raise UserError("--faces all goes with --crop face.")
    return replace(_find(wanted), crop=wanted.faces if wanted.crop == "face" else "middle")


def _find(wanted: DataSettings) -> Source:
    if (wanted.train_data_dir is None) == (wanted.dataset_name is None):
        raise UserError("Say what to train on: --train_data_dir FOLDER or --dataset_name USER/NAME, one of the two.")
    if wanted.dataset_name is not None:
        return data_set(wanted)
    only_there = [name for name in ("dataset_config_name", "dataset_split", "image_column") if getattr(wanted, name)]
    if only_there:
        raise UserError(f"--{only_there[0]} goes with --dataset_name, not with --train_data_dir.")
    path = Path(os.path.expanduser(wanted.train_data_dir))
    try:
        if path.is_file() and path.suffix.lower() == ".zip":
            return archive(path)
        if not path.is_dir():
            named = printable(str(path))
            raise UserError(f"--train_data_dir {named} is not a folder, and not a .zip file{_cure(path)}.")
        return celeba(celeba_in(path)) if celeba_in(path) else _in_folder(path)
    except OSError as error:
        raise UserError(f"--train_data_dir {path} cannot be read ({error.strerror or error}).") from error


def _cure(path: Path) -> str:
    """What to do about a path that is neither a folder nor a .zip file."""
    if path.is_file():
        return ": unpack it and give the folder" if path.suffix.lower() in ARCHIVES.split() else ": give its folder"
    names_repo = path.parts[0] in ("https:", "http:", "hf:") or len(path.parts) == 2 and not path.is_absolute()
    return ": a data set of the Hub is named with --dataset_name user/name" if names_repo else ""


def _in_folder(folder: Path) -> Source:
    files = files_below(folder)
    pictures = [path for path in files if is_picture(path)]
    # tables beside pictures may hold pictures, or just describe those in the folder
    columns = image_columns([path for path in files if path.suffix.lower() == ".parquet"], bool(pictures))
    if not pictures and not columns:
        nothing = f"No pictures (.jpg, .png, .webp, …) and no .parquet files in {folder} or below it"
        raise UserError("; ".join([nothing, *left_out(files, alone=True)]) + ".")
    for phrase in left_out(files):
        say(f"{phrase}.")
    if columns and pictures:
        say("The parquet files hold the pictures; picture files beside them are left out, unless a table names them.")
    return tables(folder, columns) if columns else folder_of_pictures(folder, pictures)
