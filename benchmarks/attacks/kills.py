"""Runs that are killed at any moment, and go on: do they end as if nothing had happened, and publish the same?"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import numpy as np

from benchmarks.attacks import forks, moments, mutations, trained
from benchmarks.attacks.outcome import Outcome, times

TESTS = Path(__file__).resolve().parents[2] / "tests"
KINDS = {
    "modern": ("modern", 1, False),
    "dcgan": ("dcgan", 1, False),
    "modern from weights": ("modern", 1, True),
    "modern in two processes": ("modern", 2, False),
    "dcgan in two processes": ("dcgan", 2, False),
}


class Kills:
    """Runs of one kind, in a folder of their own."""

    def __init__(self, kind: str, folder: Path, hub: Path | None, number: int):
        recipe, self.ranks, from_weights = KINDS[kind]
        self.folder, self.hub, self.log, self.note = folder, hub, folder / "log", folder / "note"
        self.more = ["--recipe", recipe, *(["--train_batch_size", 2] if self.ranks > 1 else [])]
        if recipe == "modern":
            self.more += ["--augment_probability", 0.3]
        if from_weights:
            self.more += ["--init_from", folder.parent / "weights"]
        self.name = f"alice/faces-{number}"
        self.undisturbed, self.busy, self.seconds = folder / "undisturbed", [], 0.0

    def command(self, name: str) -> list[str]:
        pushes = ["--push_to_hub", "--hub_model_id", name, "--push_every", 5] if self.hub else []
        return trained.words(self.folder, *self.more, *pushes)

    def run_undisturbed(self) -> None:
        """The run that all others are compared with; notes what each process was doing before each change."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        noted = [self.folder / f"changes-{rank}" for rank in range(self.ranks)]

        def count(rank: int) -> None:
            moments.count_changes(self.folder, lambda number: _add(noted[rank], moments.doing()))

        status = trained.end(trained.begin(self.command(self.name), self.log, self.ranks, count))
        if status:
            raise RuntimeError(f"the undisturbed run failed: {status}\n{self.log.read_text(encoding='utf-8')[-3000:]}")
        self.seconds = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before) / self.ranks
        self.busy = [Counter(path.read_text(encoding="ascii").split() if path.exists() else ()) for path in noted]
        (self.folder / "out").rename(self.undisturbed)
        self.published = self.files_of(self.name)

    def killed(self, random: np.random.RandomState) -> str:
        """Begin the run, or go on with it, and kill it at some moment; returns what it was doing, "" if it ended."""
        rank = random.randint(self.ranks)
        busy, seconds = mutations.some(random, ["step", "any", *sorted(self.busy[rank])]), random.rand() * self.seconds
        left = random.randint(1, 1 + (trained.STEPS if busy == "step" else self.busy[rank][busy] or 1))
        self.note.unlink(missing_ok=True)

        def pass_by(number: int) -> None:
            nonlocal left
            left -= busy == moments.doing()  # steps are also taken in a rehearsal
            if left == 0:
                moments.die(self.note)

        def accident(here: int) -> None:
            if here != rank:
                return
            if busy == "any":
                moments.after(seconds, lambda: moments.die(self.note))
            elif busy == "step":
                moments.count_steps(pass_by)
            else:
                moments.count_changes(self.folder, pass_by)

        status = trained.end(trained.begin(self.command(self.repeated), self.log, self.ranks, accident))
        if not self.note.exists():
            return "" if status == 0 else f"failed with {status}"
        return self.note.read_text(encoding="utf-8")

    def tried(self, random: np.random.RandomState, number: int) -> tuple[list[str], list[str]]:
        """A run that is killed once or more; during what, and what is different at its end."""
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        if random.rand() < 0.3:
            shutil.rmtree(self.folder / "store", ignore_errors=True)
        self.log.write_text("", encoding="utf-8")
        self.repeated, during = f"{self.name}-{number}", []
        while not during or random.rand() < 0.4:
            during.append(self.killed(random))
            if during[-1].startswith("failed"):
                return during, [f"{during[-1]}: {self.log.read_text(encoding='utf-8')[-300:]!r}"]
        status = trained.end(trained.begin(self.command(self.repeated), self.log, self.ranks))
        if status:
            return during, [f"the last part failed with {status}: {self.log.read_text(encoding='utf-8')[-300:]!r}"]
        found = trained.differences(self.folder / "out", self.undisturbed)
        if self.hub and self.files_of(self.repeated) != self.published:
            found.append("other files were published")
        return during, found

    def files_of(self, name: str) -> dict:
        """The networks and pictures that were published, as hashes, by name.

        Raises:
            RuntimeError: the files of a commit do not belong together.
        """
        if not self.hub:
            return {}
        repo, found = json.loads((self.hub / "state.json").read_text(encoding="utf-8"))[f"models/{name}"], {}
        for commit in repo["commits"].values():
            tree = {entry["path"]: entry.get("lfs", entry)["oid"] for entry in _entries(commit["tree"])}
            if "config.json" not in tree:  # the repo has just been created
                continue
            config = json.loads((self.hub / "blobs" / tree["config.json"]).read_text(encoding="utf-8"))
            if any(tree.get(file) != digest for file, digest in config["sha256"].items()):
                raise RuntimeError(f"{name}: the files of commit {commit['title']} do not belong together")
            if commit["oid"] == repo["branches"]["main"]:
                found = {file: oid for file, oid in tree.items() if file.endswith((".safetensors", ".png", ".webp"))}
        return found


def _add(path: Path, word: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{word}\n".encode())
    os.close(descriptor)


def _entries(tree: dict | list) -> list[dict]:
    return list(tree.values()) if isinstance(tree, dict) else tree


@contextmanager
def hub_at(folder: Path):
    """The stand-in for the Hub, in a process of its own."""
    environment = {**os.environ, "PORT": os.environ["HF_ENDPOINT"].rpartition(":")[2], "HUB_STATE": str(folder)}
    log = open(folder.with_suffix(".log"), "w", encoding="utf-8")
    process = subprocess.Popen([sys.executable, TESTS / "hub_server.py"], env=environment, stdout=log, stderr=log)
    try:
        while True:
            assert process.poll() is None
            try:
                urlopen(f"{os.environ['HF_ENDPOINT']}/_stub/log").close()
                break
            except OSError:
                time.sleep(0.1)
        yield folder
    finally:
        process.kill()
        process.wait()
        log.close()


def attack(share: float, seed: int, kinds=tuple(KINDS)) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="seedfaces-faults-") as place, hub_at(Path(place) / "hub") as hub:
        _make_weights(Path(place) / "weights", Path(place) / "weights.log")
        for index, kind in enumerate(kinds):
            folder = Path(place) / f"kind-{index}"
            folder.mkdir()
            forks.import_like(lambda folder=folder: trained.warm_up(folder), folder / "log")
            runs, outcome = Kills(kind, folder, hub, index), Outcome(f"{kind}: killed, and goes on")
            runs.run_undisturbed()
            random, number, alike = np.random.RandomState(seed + index), 0, 0
            while outcome.tries < times(30, share):
                number += 1
                during, found = runs.tried(random, number)
                outcome.ends.update(f"while it was busy with: {each}" for each in during if each)
                alike += not found
                outcome.broken += [f"{kind}, run {number} (killed in {', '.join(during)}): {each}" for each in found]
            outcome.note = f"{alike} of {number} ends are bit for bit those of the undisturbed run."
            yield outcome


def _make_weights(folder: Path, log: Path) -> None:
    sys.path.insert(0, str(TESTS))
    from small import folder_of

    forks.import_like(lambda: folder_of(folder) and None, log)
