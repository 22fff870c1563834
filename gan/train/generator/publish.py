"""Pushes weights to the Hub in the background during the training, one push at a time."""

import shutil
from pathlib import Path
from threading import Thread

from tqdm import tqdm

from gan import UserError, hub, reason
from gan.hub_name import hub_name
from gan.model.config import load_config


class Publisher:
    """Pushes the weights folder of a run to one repo.

    Raises:
        UserError: the repo cannot be pushed to. The constructor finds out, before the first step.
    """

    def __init__(self, repo_id: str, private: bool):
        self.repo_id = hub.prepare(hub_name(repo_id), private)
        self.thread: Thread | None = None

    def push(self, folder: Path, copy: Path) -> None:
        """Begin to push the folder as it is now; does nothing while the last push is still under way.

        Args:
            copy: where a copy lies meanwhile: the run goes on writing the folder.
        """
        if self.thread and self.thread.is_alive():
            return
        shutil.rmtree(copy, ignore_errors=True)
        try:
            shutil.copytree(folder, copy)
        except OSError as error:  # shutil's own is one
            tqdm.write(
                f"Not pushed to {self.repo_id} this time; the training goes on. Copying the weights to {copy} failed "
                f"({reason(error)})."
            )
            shutil.rmtree(copy, ignore_errors=True)
            return
        # a daemon: a stopping run does not wait for the network; the Hub keeps the last complete commit
        self.thread = Thread(target=self._push_copy, args=(copy,), daemon=True)
        self.thread.start()

    def finish(self, folder: Path) -> None:
        """Push the last state and wait for the push.

        Raises:
            UserError: it could not be pushed; with the command that pushes it later.
        """
        if self.thread:
            self.thread.join()
        try:
            self._push(folder)
        except UserError as error:
            raise UserError(
                f"{error} The training is done and nothing is lost; this pushes its weights later: "
                f"{hub.push_command(folder, self.repo_id)}"
            ) from error

    def _push_copy(self, copy: Path) -> None:
        try:
            self._push(copy)
        except Exception as error:  # whatever it is, the training goes on
            words = error if isinstance(error, UserError) else reason(error)
            tqdm.write(f"Not pushed to {self.repo_id} this time; the training goes on. {words}")
        finally:
            shutil.rmtree(copy, ignore_errors=True)

    def _push(self, folder: Path) -> None:
        said = hub.describe(load_config(folder))
        commit = hub.push(folder, self.repo_id, said)
        tqdm.write(f"Pushed to {self.repo_id}: {said} (commit {commit[:8]})")
