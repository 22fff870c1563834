"""Weights folders, detectors and checkpoints with anything in them: loaded well, or refused in one sentence."""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.attacks import forks, mutations, trained
from benchmarks.attacks.outcome import Outcome, times
from gan import UserError
from gan.model import additions, face_finder, weights
from gan.model.config import load_config, write_config
from gan.model.look import Look
from gan.serve.faces import FaceModel
from gan.serve.judge import Judge
from gan.train.generator import transfer

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from small import SMALL, folder_of, indexed, shaped

MOST_MEMORY, MOST_SECONDS = 500e6, 10  # bytes more than before, and of one core; to use a folder
PICTURE = Image.linear_gradient("L").convert("RGB")
GENERATOR, DETECTOR, RUN = "generator", "detector", "run"
# what is changed, of which folder, how, and its part of the tries
TARGETS = {
    weights.CONFIG: (GENERATOR, mutations.config, 0.15),
    weights.GENERATOR: (GENERATOR, mutations.tensors, 0.2),
    weights.DISCRIMINATOR: (GENERATOR, mutations.tensors, 0.1),
    additions.DIRECTIONS: (GENERATOR, mutations.tensors, 0.1),
    additions.DESCRIPTOR: (GENERATOR, mutations.tensors, 0.05),
    additions.SEEDS: (GENERATOR, mutations.tensors, 0.1),
    f"{DETECTOR} {weights.CONFIG}": (DETECTOR, mutations.config, 0.05),
    weights.DETECTOR: (DETECTOR, mutations.tensors, 0.05),
    weights.TRACES: (DETECTOR, mutations.tensors, 0.05),
    "checkpoint": (RUN, mutations.checkpoint, 0.15),
}


def make(folder: Path) -> None:
    """One whole folder of each kind, small, with all that the embedded ones have."""
    make_weights(folder)
    trained.prepare(folder / RUN)
    trained.train(trained.words(folder / RUN, steps=trained.STEPS // 2))


def make_weights(folder: Path) -> None:
    """Those of a generator and of a detector."""
    from gan.model.detector import Detector
    from gan.model.traces import Traces

    embedded = weights_folder("faces-64"), weights_folder("detector")
    shown = [json.loads((each / weights.CONFIG).read_text(encoding="utf-8")) for each in embedded]
    generator = indexed(shaped(folder_of(folder / GENERATOR), "age", "smile"))
    config = load_config(generator)
    metrics = {**shown[0]["metrics"], "seeds": config["metrics"]["seeds"]}
    write_config(generator, {**config, "training": shown[0]["training"], "metrics": metrics})
    (folder / DETECTOR).mkdir()
    said = {name: shown[1][name] for name in ("training", "calibration", "report")}
    weights.save_detector(folder / DETECTOR, Detector(SMALL), SMALL, said)
    weights.save_traces(folder / DETECTOR, Traces(SMALL), shown[1]["unseen"])


def weights_folder(name: str) -> Path:
    return Path(__file__).resolve().parents[2] / "weights" / name


def use(kind: str, folder: Path) -> None:
    """Use a folder as page and trainer do.

    Raises:
        UserError: it is refused.
    """
    if kind == GENERATOR:
        model = FaceModel(folder)
        assert model.faces([5], Look(0.8, age=1.0, directions=model.along().id)).shape == (1, 16, 16, 3)
        if model.seed_index:
            model.seed_index.nearest(np.ones(32, np.float32), 3)
        loaded = weights.load(folder)
        transfer.origin(loaded)
    elif kind == DETECTOR:
        Judge(folder).opinion(PICTURE, face_finder.middle(PICTURE))
    else:
        trained.resume(folder)


def change(target: str, folder: Path, random: np.random.RandomState) -> Path:
    """Change a copy of a folder; its config describes what is in it now, as an attacker's would."""
    kind, mutate, _ = TARGETS[target]
    path = trained.newest(folder) if kind == RUN else folder / target.split()[-1]
    path.write_bytes(mutate(path.read_bytes(), random))
    if kind != RUN and path.name != weights.CONFIG and random.rand() < 0.9:
        config = json.loads((folder / weights.CONFIG).read_text(encoding="utf-8"))
        write_config(folder, {**config, "sha256": {**config["sha256"], path.name: weights.sha256(path)}})
    return path


def tried(target: str, whole: Path, seed: int) -> dict:
    """Change one file and use the folder: how it ended, and what broke a promise."""
    kind, random = TARGETS[target][0], np.random.RandomState(seed)
    with tempfile.TemporaryDirectory(prefix="seedfaces-faults-") as temporary:
        folder = Path(temporary) / kind
        shutil.copytree(whole / kind, folder)
        change(target, folder, random)
        os.environ.pop(mutations.RAN, None)
        before, start = _reset_peak(), time.process_time()
        signal.alarm(30 * MOST_SECONDS)  # a hang ends the process, which is counted
        end, broken = "loaded and used", ""
        try:
            use(kind, folder)
        except UserError as error:
            end, sentence = "refused in one sentence", str(error)
            if not sentence.endswith(".") or "\n" in sentence or len(sentence) > 700 or not _is_text(sentence):
                broken = f"not one sentence: {sentence[:200]!r}"
        except BaseException as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            end, broken = "another exception", f"{type(error).__name__} at {where}: {str(error)[:200]!r}"
        signal.alarm(0)
        memory, seconds = _peak() - before, time.process_time() - start
    if mutations.RAN in os.environ:
        broken = "a pickle was run"
    elif memory > MOST_MEMORY:
        broken = broken or f"{memory / 1e6:.0f} MB of memory"
    elif seconds > MOST_SECONDS:
        broken = broken or f"{seconds:.0f} seconds"
    return {"end": end, "broken": broken, "memory": memory}


def attack(share: float, seed: int, targets=tuple(TARGETS)) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="seedfaces-faults-") as place:
        whole = Path(place)
        forks.import_like(lambda: make(whole), whole / "log")
        for index, target in enumerate(targets):
            count = times(10_000 * TARGETS[target][2], share)
            seeds = range(seed + index * 10**6, seed + index * 10**6 + count)
            outcome, most = Outcome(f"{target} changed", Counter()), 0.0
            for number, result in zip(seeds, forks.in_turn(lambda n, t=target: tried(t, whole, n), seeds)):
                ended = result.get("end") or f"died: {result['died']}"
                outcome.ends[ended] += 1
                most = max(most, result.get("memory", 0))
                if "died" in result or result["broken"]:
                    outcome.broken.append(f"{target}, seed {number}: {result.get('broken') or ended}")
            outcome.note = f"At most {most / 1e6:.0f} MB of memory more than before."
            yield outcome


def _reset_peak() -> float:
    """Forget the largest memory so far; returns the memory that is in use, bytes."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _peak()


def _peak() -> float:
    """The largest memory of this process since `_reset_peak`, bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024.0 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def _is_text(sentence: str) -> bool:
    try:
        return bool(sentence.encode())
    except UnicodeEncodeError:  # halves of characters, which no page can show
        return False
