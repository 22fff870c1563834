"""The weights folder: save, load, verify.

What a folder holds is the same whether it is embedded here, comes from a run or is a Hub repo:
`config.json`, `generator.safetensors` (the moving average), `discriminator.safetensors`, what `gan.model.additions`
knows, and files for people.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from gan import UserError
from gan.model import sampling, tensors
from gan.model.config import CONFIG, FORMAT, load_config, model_settings, write_config
from gan.model.detector import Detector
from gan.model.networks import Discriminator, Generator
from gan.model.settings import ModelSettings, to_dict
from gan.model.traces import Traces

# how variation works, by the generator's header: it pulls features to their mean, or (first weights) scales latents
FEATURES_TO_MEAN, SCALED_LATENT = "first_features_towards_mean", "scale_latent"
GENERATOR, DISCRIMINATOR = "generator.safetensors", "discriminator.safetensors"
# in a folder of their own, with a config.json; the second is there where foreign generators were trained on
DETECTOR, TRACES = "detector.safetensors", "traces.safetensors"
# pictures for people, in the same folders
SAMPLES, CURVES, QUALITY, TIMELINE = "samples.png", "curves.png", "quality.png", "timeline.webp"
DETECTOR_PICTURE = "detector.png"


@dataclass
class Weights:
    """A weights folder, loaded: networks in float32 and eval mode on the CPU."""

    generator: Generator
    discriminator: Discriminator | None  # None: only the generator was asked for
    settings: ModelSettings
    config: dict
    generator_id: str  # first 12 hex digits of the sha256 of generator.safetensors: what a link names
    folder: Path | None = None  # where it was loaded from


def save(
    folder: Path, generator: torch.nn.Module, discriminator: torch.nn.Module, settings: ModelSettings, config: dict
) -> None:
    """Write both networks and the config into an existing folder. `config` holds `training` and `metrics`.

    Raises:
        OSError: the folder cannot be written.
    """
    how = {
        "format": FORMAT,
        "latent": f"numpy.random.RandomState(seed).standard_normal({settings.latent_dim}) as float32",
        "variation": FEATURES_TO_MEAN,
        "model": to_dict(settings),
    }
    # one metadata key: safetensors writes several in an order that changes from call to call, and the hash with it
    metadata = {"seedfaces": json.dumps(how, sort_keys=True)}
    state = {**generator.state_dict(), "mean_features": sampling.mean_features(generator)}
    tensors.write(folder / GENERATOR, tensors.published(state), metadata)
    tensors.write(folder / DISCRIMINATOR, tensors.published(discriminator.state_dict()))
    hashes = {name: sha256(folder / name) for name in (GENERATOR, DISCRIMINATOR)}
    write_config(folder, {"format": FORMAT, "model": to_dict(settings), **config, "sha256": hashes})


def save_detector(folder: Path, detector: Detector, settings: ModelSettings, config: dict) -> None:
    """Write a detector and its config into an existing folder.

    Raises:
        OSError: the folder cannot be written.
    """
    tensors.write(folder / DETECTOR, tensors.published(detector.state_dict()))
    hashes = {DETECTOR: sha256(folder / DETECTOR)}
    write_config(folder, {"format": FORMAT, "model": to_dict(settings), **config, "sha256": hashes})


def load_detector(folder: Path) -> tuple[Detector, ModelSettings, dict]:
    """Load and verify a detector's folder: the network in eval mode, its settings and its config.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    config = load_config(folder)
    settings = model_settings(folder, config)
    detector, _ = tensors.network(lambda: Detector(settings), folder / DETECTOR, config)
    return detector, settings, config


def save_traces(folder: Path, traces: Traces, unseen: dict) -> None:
    """Add what tells the pictures of unseen generators to a detector's folder, and `unseen` to its config.

    Raises:
        OSError: the folder cannot be written.
    """
    tensors.write(folder / TRACES, tensors.published(traces.state_dict()))
    config = load_config(folder)
    hashes = {**config["sha256"], TRACES: sha256(folder / TRACES)}
    write_config(folder, {**config, "unseen": unseen, "sha256": hashes})


def load_traces(folder: Path, settings: ModelSettings, config: dict) -> Traces | None:
    """What tells the pictures of unseen generators, of a detector's folder; None if its config knows of none.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    return tensors.network(lambda: Traces(settings), folder / TRACES, config)[0] if "unseen" in config else None


def load(folder: Path | str) -> Weights:
    """Load and verify a weights folder with both networks, as training and measuring need it.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    loaded = load_generator(folder)
    path = loaded.folder / DISCRIMINATOR
    if not path.exists():
        raise UserError(
            f"{path} is missing: {loaded.folder} holds only a generator, which can make faces but cannot be trained or "
            "measured. Take a folder with both networks."
        )
    discriminator, _ = tensors.network(lambda: Discriminator(loaded.settings), path, loaded.config)
    return replace(loaded, discriminator=discriminator)


def load_generator(folder: Path | str) -> Weights:
    """Load and verify the generator of a weights folder, all that making faces needs; a run's folder means its weights.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    folder = Path(folder)
    if not (folder / CONFIG).exists() and (folder / "weights" / CONFIG).exists():
        folder = folder / "weights"
    config = load_config(folder)
    settings = model_settings(folder, config)
    path = folder / GENERATOR

    def complete(generator: Generator, content: bytes) -> None:
        if _variation(path, content) == FEATURES_TO_MEAN:
            size, _, channels = generator.first_shape
            generator.mean_features = torch.empty(channels, size, size, device="meta")

    generator, digest = tensors.network(lambda: Generator(settings), path, config, complete)
    return Weights(generator, None, settings, config, digest[:12], folder)


def identify(folder: Path) -> tuple[ModelSettings, str]:
    """The settings and the id of the generator of a weights folder, which is not loaded.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    config = load_config(folder)
    digest = sha256(folder / GENERATOR)
    tensors.require_described(folder / GENERATOR, digest, config)
    return model_settings(folder, config), digest[:12]


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _variation(path: Path, content: bytes) -> str:
    """How variation works, by a generator's header: JSON behind its length as 8 bytes."""
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        variation = json.loads(header["__metadata__"]["seedfaces"])["variation"]
    except (KeyError, TypeError, ValueError, RecursionError):
        variation = None
    if variation not in (FEATURES_TO_MEAN, SCALED_LATENT):
        raise UserError(
            f"{path} does not say in its header how variation works, or says what this version does not know "
            f"({variation!r:.40}): it is of a newer SeedFaces, or not of SeedFaces."
        )
    return variation


def replace_folder(new: Path, folder: Path) -> None:
    """Put the finished folder `new` in the place of `folder`; a kill in between leaves one of them whole."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
