"""The folder for uploads and downloads: of this process alone, swept while it runs, and removed after it.

Gradio keeps them in one folder for all its programs, which other users of the machine may read. It forgets an upload
that was broken off or sent in a field of another name, and leaves an empty folder named by the digest of each picture.
"""

import fcntl
import os
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from gan import UserError

SECONDS = 300  # what nobody has read or fetched by then is deleted; a full queue takes a minute or two
EVERY = 10  # seconds between two sweeps
_NAME, _LOCK = "seedfaces-", "in-use"


def use_own_folder() -> Path:
    """Make Gradio use a new folder inside its own, sweep it until the program ends, and return it. Folders of programs
    that have been killed are removed. Before any component is built.

    Raises:
        UserError: Gradio's folder cannot be written: it may be another user's.
    """
    around = Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir(), "gradio"))  # as Gradio does
    try:
        around.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=_NAME, dir=around))  # nobody else may read it
    except OSError as error:
        raise UserError(
            f"{around}, where Gradio keeps uploads, cannot be written ({error.strerror}): "
            "set GRADIO_TEMP_DIR to a folder of your own."
        ) from error
    for other in around.glob(f"{_NAME}*"):
        with suppress(OSError), open(other / _LOCK, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # an OSError while its program runs
            shutil.rmtree(other, ignore_errors=True)
    lock = open(folder / _LOCK, "wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    threading.Thread(target=_keep_swept, args=(folder, lock), daemon=True).start()
    return folder


def _keep_swept(folder: Path, lock) -> None:
    while folder.exists():  # and the lock, which is an argument to stay open
        sweep(folder)
        time.sleep(EVERY)


def sweep(folder: Path) -> None:
    """Delete the files and the empty folders inside a folder that nobody has changed for `SECONDS`."""
    before = time.time() - SECONDS
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder comes before the folder
        with suppress(OSError):  # gone meanwhile, or not empty
            if path.name != _LOCK and path.lstat().st_mtime < before:
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
