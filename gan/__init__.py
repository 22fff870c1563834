"""SeedFaces: a small face GAN, how it is trained, and the page that shows it."""

import os
import re
import sys
from collections.abc import Iterable


class UserError(Exception):
    """Something that the user can put right: one sentence, what is wrong and what to do.

    Programs print it and exit with status 1; any other exception is a bug.
    """


def reason(error: BaseException) -> str:
    """The first line of an exception's message, or its type if it has none, for use inside a sentence."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]


def expand_home(words: Iterable[str]) -> list[str]:
    """The words of a command line with `~` expanded also where shells leave it alone, as in `--output_dir=~/runs`.

    Raises:
        UserError: a word begins with the home folder of a user who is not known.
    """
    parts = [word.partition("=") if word.startswith("--") else ("", "", word) for word in words]
    expanded = [(option + equals, os.path.expanduser(value)) for option, equals, value in parts]
    for _, value in expanded:
        if re.match(r"~[\w.-]*/", value):
            raise UserError(f"{value}: there is no home folder of that name; write the path in full.")
    return [option + value for option, value in expanded]


def show_anything() -> None:
    """Show a question mark for a character that a terminal lacks, instead of ending; in files, each line at once."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace", line_buffering=True)
