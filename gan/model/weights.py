"""The weights folder: save, load, verify. The only importer of safetensors.

What a folder holds is the same whether it is embedded here, comes from a run or is a Hub repo:
`config.json`, `generator.safetensors` (the moving average), `discriminator.safetensors`, and files for people.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize

from gan import UserError, reason
from gan.model import sampling
from gan.model.detector import Detector
from gan.model.networks import Discriminator, Generator
from gan.model.settings import ModelSettings, to_dict

FORMAT = 1
# how variation works, in the generator's header: pulling features towards their mean, or, in the first weights, scaling latents
FEATURES_TO_MEAN, SCALED_LATENT = "first_features_towards_mean", "scale_latent"
GENERATOR, DISCRIMINATOR, CONFIG = "generator.safetensors", "discriminator.safetensors", "config.json"
DETECTOR = "detector.safetensors"  # in a folder of its own, with a config.json
# for people: the pictures beside them
SAMPLES, CURVES, QUALITY, TIMELINE, DETECTOR_PICTURE = (
    "samples.png",
    "curves.png",
    "quality.png",
    "timeline.webp",
    "detector.png",
)


@dataclass
class Weights:
    """A weights folder, loaded: both networks in float32 and eval mode on the CPU."""

    generator: Generator
    discriminator: Discriminator
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
    tensors = _published({**generator.state_dict(), "mean_features": sampling.mean_features(generator)})
    (folder / GENERATOR).write_bytes(serialize(tensors, metadata))
    (folder / DISCRIMINATOR).write_bytes(serialize(_published(discriminator.state_dict())))
    hashes = {name: sha256(folder / name) for name in (GENERATOR, DISCRIMINATOR)}
    write_config(folder, {"format": FORMAT, "model": to_dict(settings), **config, "sha256": hashes})


def save_detector(folder: Path, detector: Detector, settings: ModelSettings, config: dict) -> None:
    """Write a detector and its config into an existing folder.

    Raises:
        OSError: the folder cannot be written.
    """
    (folder / DETECTOR).write_bytes(serialize(_published(detector.state_dict())))
    hashes = {DETECTOR: sha256(folder / DETECTOR)}
    write_config(folder, {"format": FORMAT, "model": to_dict(settings), **config, "sha256": hashes})


def load_detector(folder: Path) -> tuple[Detector, ModelSettings, dict]:
    """Load and verify a detector's folder: the network in eval mode, its settings and its config.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    config = load_config(folder)
    settings = _model_settings(folder, config)
    with torch.device("meta"):
        detector = Detector(settings)
    _fill(detector, folder / DETECTOR)
    _check_hashes(folder, config)
    return detector.eval().requires_grad_(False), settings, config


def write_config(folder: Path, config: dict) -> None:
    """Replace `config.json` in one step."""
    temporary = folder / f".{CONFIG}.tmp"
    temporary.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    os.replace(temporary, folder / CONFIG)


def replace_folder(new: Path, folder: Path) -> None:
    """Put the finished folder `new` in the place of `folder`; a kill in between leaves one of them whole."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def load(folder: Path | str) -> Weights:
    """Load and verify a weights folder.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    folder = Path(folder)
    config = load_config(folder)
    settings = _model_settings(folder, config)
    networks = []
    for name, network_class in ((GENERATOR, Generator), (DISCRIMINATOR, Discriminator)):
        with torch.device("meta"):
            network = network_class(settings)
        _fill(network, folder / name)
        networks.append(network.eval().requires_grad_(False))
    _check_hashes(folder, config)
    return Weights(*networks, settings, config, sha256(folder / GENERATOR)[:12], folder)


def _check_hashes(folder: Path, config: dict) -> None:
    for name, expected in config.get("sha256", {}).items():
        if sha256(folder / name) != expected:
            raise UserError(f"{folder / name} is not the file that {CONFIG} describes: copy the whole folder again.")


def load_config(folder: Path) -> dict:
    """`config.json` of a weights folder, checked for being one."""
    path = folder / CONFIG
    try:
        config = json.loads(_present(path).read_text())
    except (ValueError, UnicodeDecodeError):
        raise UserError(f"{path} is not valid JSON: copy the folder again.") from None
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise UserError(f"{path} is not a config of SeedFaces weights, format {FORMAT}.")
    return config


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    with open(path, "rb") as file:
        return (
            hashlib.file_digest(file, "sha256").hexdigest()
            if hasattr(hashlib, "file_digest")
            else hashlib.sha256(file.read()).hexdigest()
        )  # Python 3.10


def _published(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """State as it is published: matrices, convolutions and mean features float16, BatchNorm and biases float32."""
    return {
        name: tensor.detach().cpu().to(torch.float16 if tensor.dim() > 1 else tensor.dtype).contiguous()
        for name, tensor in state.items()
    }


def _present(path: Path) -> Path:
    if not path.is_file():
        raise UserError(f"{path} is missing: {path.parent} is not a complete weights folder.")
    with open(path, "rb") as file:
        if file.read(23) == b"version https://git-lfs":
            raise UserError(f"{path} is a Git LFS pointer, not the file itself: run `git lfs pull` there.")
    return path


def _model_settings(folder: Path, config: dict) -> ModelSettings:
    try:
        model = dict(config["model"])
        return ModelSettings(**{**model, "widths": tuple(model["widths"])})
    except (KeyError, TypeError, ValueError, UserError) as error:
        raise UserError(f"{folder / CONFIG} describes no model that can be built ({error}).") from None


def _fill(network: Generator | Discriminator | Detector, path: Path) -> None:
    """Give a network of the meta device the tensors of a file, in the expected shapes and types, or say a sentence."""
    limit = 2 * sum(tensor.numel() * 4 for tensor in network.state_dict().values()) + 2**20
    if _present(path).stat().st_size > limit:
        raise UserError(f"{path} is {path.stat().st_size / 1e6:.0f} MB, far larger than the model in {CONFIG}.")
    try:
        with safe_open(path, framework="pt") as file:
            if isinstance(network, Generator) and _variation(path, file.metadata()) == FEATURES_TO_MEAN:
                size, _, channels = network.first_shape
                network.mean_features = torch.empty(channels, size, size, device="meta")
            expected = network.state_dict()
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
            wrong = sorted(set(shapes.items()) ^ {(name, tuple(t.shape)) for name, t in expected.items()})
            if wrong:
                raise UserError(f"{path} does not fit the model in {CONFIG}: {wrong[0][0]} differs in name or shape.")
            tensors = {name: file.get_tensor(name).to(expected[name].dtype) for name in expected}
    except SafetensorError as error:
        raise UserError(f"{path} is damaged or cut short ({reason(error)}): copy it again.") from None
    network.load_state_dict(tensors, strict=True, assign=True)


def _variation(path: Path, metadata: dict[str, str] | None) -> str:
    """How variation works, by a generator's header."""
    try:
        variation = json.loads((metadata or {})["seedfaces"])["variation"]
    except (KeyError, TypeError, ValueError):
        variation = None
    if variation not in (FEATURES_TO_MEAN, SCALED_LATENT):
        raise UserError(
            f"{path} does not say in its header how variation works, or says what this version does not know "
            f"({variation}): it is of a newer SeedFaces, or not of SeedFaces."
        )
    return variation
