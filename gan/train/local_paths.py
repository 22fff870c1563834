"""Local paths stay out of what is published: of a file or folder, only its last name gets into a weights folder."""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path


def name(path: Path) -> str:
    """The last name of a file or folder, also of one that is given as `.` or `..`."""
    return Path(os.path.abspath(path.expanduser())).name


def shorten(word: str) -> str:
    """A word of a command line; of an absolute, `~` or `..` path the last name, also in `--option=PATH`.

    Relative paths and names on the Hub (`user/name`) stay whole.
    """
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return f"{option}{equals}{Path(value).name or value}" if _is_local(value) else word


def command(words: Iterable) -> str:
    """A command line as it is published."""
    return shlex.join(shorten(str(word)) for word in words)


def remove_from(config, key: str = ""):
    """A config, or a part of one, without local paths. Older versions wrote them into what checkpoints still carry."""
    if isinstance(config, dict):
        return {name: remove_from(value, name) for name, value in config.items()}
    if isinstance(config, (list, tuple)):
        return [remove_from(value) for value in config]
    if not isinstance(config, str):
        return config
    if key == "command":
        return command(shlex.split(config))
    # a setting is one path; several data sets are joined by "; "
    return shorten(config) if "; " not in config and _is_local(config) else " ".join(map(shorten, config.split(" ")))


def _is_local(value: str) -> bool:
    return os.path.isabs(value) or value.startswith("~") or ".." in Path(value).parts
