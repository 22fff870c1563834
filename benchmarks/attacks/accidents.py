"""What else happens to runs: damaged checkpoints, a second run, numbers that are not finite, clocks, other pictures."""

import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.attacks import forks, moments, mutations, trained
from benchmarks.attacks.outcome import Outcome, times
from gan.model import weights
from gan.train.generator import losses
from gan.train.generator.step import GanStep
from gan.train.pictures import sources
from gan.train.pictures.store import open_store
from gan.train.settings import DataSettings


def not_one_sentence(status: int, said: str) -> list[str]:
    """What is wrong with the end of a run that was refused or has stopped."""
    errors = [line for line in said.splitlines() if line.startswith("Error: ")]
    if status != 1 or len(errors) != 1 or "Traceback" in said:
        return [f"exit status {status}, {len(errors)} sentences: {said[-600:]!r}"]
    return []


@contextmanager
def _copy(whole: Path, parts: tuple = ("pictures", "features.pt", "store")):
    """A folder with parts of another, and its log."""
    with tempfile.TemporaryDirectory(prefix="seedfaces-faults-") as place:
        folder = Path(place) / "copy"
        folder.mkdir()
        for part in parts:
            copy = shutil.copytree if (whole / part).is_dir() else shutil.copy
            copy(whole / part, folder / part)
        (folder / "log").touch()
        yield folder


def _said(folder: Path) -> str:
    return (folder / "log").read_text(encoding="utf-8")


def damaged_checkpoints(share: float, seed: int, whole: Path) -> Outcome:
    """The last checkpoint with changed bytes, cut short or something else: named, and the one before is used. Bytes
    that are no part of its content, such as some added behind its end, cost nothing: it is used, and the end is the
    same."""
    outcome, random = Outcome("last checkpoint damaged, run resumed"), np.random.RandomState(seed)
    with _copy(whole, ("pictures", "features.pt", "store", "out")) as folder:
        path = trained.newest(folder)
        content = path.read_bytes()
        for number in range(times(30, share)):
            shutil.rmtree(folder / "out")
            shutil.copytree(whole / "out", folder / "out")
            changed = content
            while changed == content:
                changed = mutations.damaged(content, random)
            path.write_bytes(changed)
            (folder / "log").write_text("", encoding="utf-8")
            status = trained.end(trained.begin(trained.words(folder), folder / "log"))
            named = f"Damaged, passed over: {path}" in _said(folder)
            found = trained.differences(folder / "out", whole / "out") if not status else [f"failed with {status}"]
            outcome.ends["passed over and named" if named else "used, its content was whole"] += 1
            outcome.broken += [f"run {number}: {each}" for each in found]
    return outcome


def two_runs(share: float, seed: int, whole: Path) -> Outcome:
    """A second run into the folder of one that is under way is refused, and the first ends as if alone."""
    outcome = Outcome("a second run into the same folder")
    for number in range(times(10, share)):
        with _copy(whole) as folder:
            first = trained.begin(trained.words(folder), folder / "log")
            while not (folder / "out" / "reals.png").exists() and not forks.has_ended(first[0]):
                time.sleep(0.01)
            second = folder / "second"
            found = not_one_sentence(
                trained.end(trained.begin(trained.words(folder), second)), second.read_text(encoding="utf-8")
            )
            if "Another run is writing to" not in second.read_text(encoding="utf-8"):
                found.append(f"the second was not refused: {second.read_text(encoding='utf-8')[-300:]!r}")
            outcome.ends["not refused" if found else "refused in one sentence"] += 1
            if status := trained.end(first):
                found.append(f"the first failed with {status}: {_said(folder)[-300:]!r}")
            else:
                found += trained.differences(folder / "out", whole / "out")
            outcome.broken += [f"run {number}: {each}" for each in found]
    return outcome


def not_finite(share: float, seed: int, whole: Path) -> Outcome:
    """NaN or infinity in a loss or a network at some step: the run stops, names it and keeps the weights before it."""
    outcome, random = Outcome("NaN or infinity in a loss or a network"), np.random.RandomState(seed)
    for number in range(times(20, share)):
        step, value = random.randint(3, trained.STEPS), mutations.some(random, [float("nan"), float("inf")])
        where = mutations.some(random, ["generator", "discriminator", "loss"])

        def accident(rank: int, step=step, value=value, where=where) -> None:
            _spoil(step, value, where)

        with _copy(whole) as folder:
            status = trained.end(trained.begin(trained.words(folder), folder / "log", accident=accident))
            said, found = _said(folder), []
            found += not_one_sentence(status, said)
            if "is not finite" not in said or not ("loss_" in said or f"a parameter of the {where}" in said):
                found.append(f"the term is not named: {said[-300:]!r}")
            kept = json.loads((folder / "out" / "weights" / "config.json").read_text(encoding="utf-8"))["training"]
            loaded = weights.load(folder / "out")  # refuses numbers that are not finite
            if kept["steps"] != step // 3 * 3 or loaded.generator is None:
                found.append(f"the weights kept are of step {kept['steps']}")
            outcome.ends["stopped, weights kept" if not found else "otherwise"] += 1
            outcome.broken += [f"run {number}, {value} in the {where} at step {step}: {each}" for each in found]
    return outcome


def _spoil(step: int, value: float, where: str) -> None:
    """Have a number become something else in the step after `step`, once the loop runs."""
    update, generator_loss = GanStep._update_ema, losses.relativistic_generator
    now = {"step": -1, "go": False}

    def spoiled(gan) -> None:
        if now["go"] and gan.step == step and where != "loss":
            parameter = next(getattr(gan, where).parameters()).data
            parameter[(0,) * parameter.dim()] = value
        now["step"] = gan.step + 1
        update(gan)

    def spoiled_loss(real, fake):
        factor = value if now["go"] and where == "loss" and now["step"] == step else 1.0
        return generator_loss(real, fake) * factor

    GanStep._update_ema, losses.relativistic_generator = spoiled, spoiled_loss
    from gan.train.generator import loop

    go = loop.Run.go

    def started(run, stop):
        now["go"] = True
        now["step"] = run.gan.step
        return go(run, stop)

    loop.Run.go = started


def jumping_clock(share: float, seed: int, whole: Path) -> Outcome:
    """A clock that jumps by up to a year whenever it is read: the end is the same."""
    outcome = Outcome("a clock that jumps")
    for number in range(times(10, share)):

        def accident(rank: int, number=number) -> None:
            random, read = np.random.RandomState(seed + number), time.time
            time.time = lambda: read() + random.uniform(-1, 1) * 3e7

        with _copy(whole, ("pictures", "features.pt")) as folder:
            status = trained.end(trained.begin(trained.words(folder), folder / "log", accident=accident))
            found = trained.differences(folder / "out", whole / "out") if not status else [_said(folder)[-300:]]
            outcome.ends["as with a steady clock" if not found else "otherwise"] += 1
            outcome.broken += [f"run {number}: {each}" for each in found]
    return outcome


def changing_pictures(share: float, seed: int, whole: Path) -> Outcome:
    """Pictures that are deleted, replaced, cut short or added while the folder is read: trained on or refused, and what
    is kept for later runs is what a later run would read."""
    outcome, random = Outcome("pictures that change while they are read"), np.random.RandomState(seed)
    for number in range(times(20, share)):
        with _copy(whole, ("pictures", "features.pt")) as folder:
            changes = [(random.randint(40), mutations.some(random, ["delete", "replace", "cut", "add", "move"]))
                       for _ in range(random.randint(1, 4))]  # fmt: skip
            after = random.randint(1, 40)

            def accident(rank: int, changes=changes, after=after, folder=folder) -> None:
                moments.count_reads(folder / "pictures", lambda read: read == after and _change(folder, changes))

            status = trained.end(trained.begin(trained.words(folder), folder / "log", accident=accident))
            found = not_one_sentence(status, _said(folder)) if status else []
            outcome.ends["refused in one sentence" if status else "trained"] += 1

            def compare(folder=folder) -> None:
                source = sources.find(DataSettings(train_data_dir=folder / "pictures"))
                kept, fresh = (open_store(source, 16, folder / name).info["digest"] for name in ("store", "fresh"))
                assert kept == fresh

            if forks.wait(forks.fork(compare, folder / "compared")) and "AssertionError" in (
                folder / "compared"
            ).read_text(encoding="utf-8"):
                found.append("a later run would be given other pictures than those in the folder")
            outcome.broken += [f"run {number}, {changes} after {after} reads: {each}" for each in found]
    return outcome


def _change(folder: Path, changes: list[tuple[int, str]]) -> None:
    for number, how in changes:
        path = folder / "pictures" / ("test" if number < 6 else "train") / f"{number:03d}.png"
        other = path.with_name(f"{(number + 1) % 6 if number < 6 else 6 + (number + 1) % 34:03d}.png")
        if not path.exists() or not other.exists():
            continue
        if how == "delete":
            path.unlink()
        elif how == "move":
            path.rename(path.with_name("moved.png"))
        elif how == "replace":
            path.write_bytes(other.read_bytes())
        elif how == "add":
            shutil.copy(path, path.with_name("added.png"))
        else:
            os.truncate(path, path.stat().st_size // 2)
