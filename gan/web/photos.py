"""The files with which the static page judges photos, and the words that it says of them."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import torch

from gan.cards import detector, find, verdict
from gan.model import tensors, weights
from gan.model.config import CONFIG, config_errors
from gan.web import yunet
from gan.web.generators import WEIGHTS_FOLDER

VERDICT, FIND = "verdict.json", "find.json"


def write_photos(out: Path, folder: Path) -> dict[str, str]:
    """Write what is said of photos, and files to judge them with, whose addresses by name are returned.

    Args:
        folder: of the detector.

    Raises:
        UserError: a file of the detector is missing or damaged; with one sentence.
    """
    said = verdict_said(folder)
    for name, content in ((VERDICT, said), (FIND, find.WORDS)):
        (out / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    names = ["detector", "traces"] if said["limits"] else ["detector"]
    files = {name: (folder / f"{name}.safetensors").read_bytes() for name in names}
    files["yunet"] = tensors.serialize({name: torch.tensor(value) for name, value in yunet.tensors().items()})
    addresses = {}
    for name, content in files.items():
        addresses[name] = f"{WEIGHTS_FOLDER}/photos/{name}-{hashlib.sha256(content).hexdigest()[:12]}.safetensors"
        (out / addresses[name]).parent.mkdir(parents=True, exist_ok=True)
        (out / addresses[name]).write_bytes(content)
    return addresses


def verdict_said(folder: Path) -> dict:
    """What verdict.json holds: the words of a verdict, and what a detector's config says. Without traces of unseen
    generators, `limits` and `bounds` are None.

    Raises:
        UserError: a file of the folder is missing, damaged or malformed; with one sentence.
    """
    _, settings, config = weights.load_detector(folder)
    with config_errors(folder / CONFIG):
        traces = weights.load_traces(folder, settings, config)
        return {
            "words": verdict.WORDS,
            "trust": detector.trust(config),
            "model": asdict(settings),
            "calibration": config["calibration"],
            "limits": config["unseen"]["calibration"] if traces else None,
            "bounds": verdict.bounds(config["unseen"]["report"]) if traces else None,
        }
