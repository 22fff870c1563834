"""config.json of a weights folder: read with care, since it may come from anywhere, and written."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gan import UserError, reason
from gan.model import local_paths
from gan.model.settings import ModelSettings

FORMAT = 1
CONFIG = "config.json"
MOST_CONFIG_BYTES = 2_000_000  # a hundred times what one has; JSON takes forty times its size in memory
MOST_LEVELS = 100  # of nesting in a config; each run that starts from other weights adds one
_MAPPINGS = ("model", "training", "metrics", "sha256", "calibration", "report", "unseen")  # parts of a config


def load_config(folder: Path) -> dict:
    """`config.json` of a weights folder, without the local paths that older versions wrote into it.

    Its parts are mappings where they are there; what they hold is not checked.

    Raises:
        UserError: it is missing, not JSON, or not a config of this format; with one sentence.
    """
    path = folder / CONFIG
    try:
        config = json.loads(read_file(path, MOST_CONFIG_BYTES).decode())
        if _is_deeper(config, MOST_LEVELS):
            raise ValueError
        # escapes can spell halves of characters, which no page and no file can show
        json.dumps(config, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise UserError(f"{path} is not valid JSON: copy the folder again.") from None
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise UserError(f"{path} is not a config of SeedFaces weights, format {FORMAT}.")
    for name in _MAPPINGS:
        if not isinstance(config.get(name, {}), dict):
            raise UserError(f"{path}: “{name}” must be a JSON object: copy the folder again.")
    return local_paths.remove_from(config)


def names_local_paths(folder: Path) -> bool:
    """Whether `config.json`, and so the card made from it, shows local paths. `load_config` has accepted it."""
    return json.loads((folder / CONFIG).read_text(encoding="utf-8")) != load_config(folder)


def write_config(folder: Path, config: dict) -> None:
    """Replace `config.json` in one step."""
    temporary = folder / f".{CONFIG}.tmp"
    temporary.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, folder / CONFIG)


@contextmanager
def config_errors(config: Path | str) -> Iterator[None]:
    """While a config is read: what a malformed one raises becomes a UserError.

    Args:
        config: what the sentence calls it, or the part of it that is read.

    Raises:
        UserError: with one sentence on what is wrong.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise UserError(
            f"{config} lacks an entry or has one of the wrong kind ({type(error).__name__}: {reason(error)}): "
            "copy the folder again, or take weights that this version has made."
        ) from error


def model_settings(folder: Path, config: dict) -> ModelSettings:
    try:
        model = config["model"]
        settings = ModelSettings(**{**model, "widths": tuple(model["widths"])})
        if any(type(size) is not int for size in (settings.resolution, settings.latent_dim, *settings.widths)):
            raise TypeError("sizes must be whole numbers")
        if settings.discriminator_norm not in ("none", "batch"):
            raise ValueError("discriminator_norm must be none or batch")
        if type(settings.skips) is not bool:
            raise TypeError("skips must be true or false")
    except (KeyError, TypeError, ValueError, UserError) as error:
        raise UserError(f"{folder / CONFIG} describes no model that can be built ({reason(error)}).") from None
    return settings


def read_file(path: Path, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes.

    It is never mapped into memory: copying a file over a mapped one kills the process with SIGBUS.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise UserError(f"{path} is {size / 1e6:.0f} MB, far larger than it can be: copy the folder again.")
            content = file.read(size)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path} is missing: {path.parent} is not a complete weights folder.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    if content.startswith(b"version https://git-lfs"):
        raise UserError(f"{path} is a Git LFS pointer, not the file itself: run `git lfs pull` there.")
    return content


def _is_deeper(value, levels: int) -> bool:
    """Whether JSON is nested deeper than `levels`."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(child, levels - 1) for child in children)
