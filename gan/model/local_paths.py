"""Local paths stay out of what is published: a weights folder shows only the last name of a file or folder."""

import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

_PICTURES = "train_data_dir"  # always shortened; other relative paths, such as runs/faces, say nothing about a machine
_REFERENCE = re.compile(r"(?<= pictures of )(.+)(?=, \d+ px)")  # what the Fréchet distance was measured against


def name(path: Path) -> str:
    """The last name of a file or folder, also of one that is given as `.` or `..`."""
    return Path(os.path.abspath(os.path.expanduser(path))).name


def shorten(word: str) -> str:
    """A word of a command line; of an absolute, `~` or `..` path the last name, also in `--option=PATH`.

    Other relative paths and names on the Hub (`user/name`) stay whole.
    """
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return f"{option}{equals}{_last(value)}" if _is_local(value) or option == f"--{_PICTURES}" else word


def command(words: Iterable) -> str:
    """A command line as it is published."""
    shown, option = [], ""
    for word in map(str, words):
        option = word if word.startswith("--") else option
        is_folder = option == f"--{_PICTURES}" and word != option
        shown.append(_last(word) if is_folder else shorten(word))
    return shlex.join(shown)


def remove_from(config, key: str = ""):
    """A config, or a part of one, without the local paths that older versions wrote. Free text stays as it is."""
    if isinstance(config, dict):
        return {name: remove_from(value, name) for name, value in config.items()}
    if isinstance(config, (list, tuple)):
        return [remove_from(value, key) for value in config]
    if not isinstance(config, str):
        return config
    if key == "command":
        try:
            return command(shlex.split(config))
        except ValueError:  # not a command line
            return config
    if key == "reference":
        return _REFERENCE.sub(lambda match: shorten(match[0]), config)
    if key == _PICTURES:
        return _last(config)
    return "; ".join(map(shorten, config.split("; ")))  # several data sets are joined so


def _last(path: str) -> str:
    return Path(path).name or path


def _is_local(value: str) -> bool:
    return os.path.isabs(value) or value.startswith(("~/", "file://")) or ".." in Path(value).parts
