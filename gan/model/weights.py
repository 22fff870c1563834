"""The weights folder: save, load, verify. The only importer of safetensors.

What a folder holds is the same whether it is embedded here, comes from a run or is a Hub repo:
`config.json`, `generator.safetensors` (the moving average), `discriminator.safetensors`, where attributes were learned
`directions.safetensors`, and files for people.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as deserialize
from safetensors.torch import save as serialize

from gan import UserError, reason
from gan.model import sampling
from gan.model.config import CONFIG, FORMAT, load_config, model_settings, read_file, write_config
from gan.model.detector import Detector
from gan.model.directions import Directions
from gan.model.look import ATTRIBUTES
from gan.model.networks import Discriminator, Generator
from gan.model.settings import ModelSettings, to_dict
from gan.model.traces import Traces

# how variation works, by the generator's header: it pulls features to their mean, or (first weights) scales latents
FEATURES_TO_MEAN, SCALED_LATENT = "first_features_towards_mean", "scale_latent"
GENERATOR, DISCRIMINATOR = "generator.safetensors", "discriminator.safetensors"
# what the attributes of a look move; where it was replaced, older links find theirs in the folder beside it, by id
DIRECTIONS, OLDER_DIRECTIONS = "directions.safetensors", "older-directions"
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
    settings = model_settings(folder, config)
    detector, _ = _network(Detector, settings, folder / DETECTOR, config)
    return detector, settings, config


def save_traces(folder: Path, traces: Traces, unseen: dict) -> None:
    """Add what tells the pictures of unseen generators to a detector's folder, and `unseen` to its config.

    Raises:
        OSError: the folder cannot be written.
    """
    (folder / TRACES).write_bytes(serialize(_published(traces.state_dict())))
    config = load_config(folder)
    hashes = {**config["sha256"], TRACES: sha256(folder / TRACES)}
    write_config(folder, {**config, "unseen": unseen, "sha256": hashes})


def load_traces(folder: Path, settings: ModelSettings, config: dict) -> Traces | None:
    """What tells the pictures of unseen generators, of a detector's folder; None if its config knows of none.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    return _network(Traces, settings, folder / TRACES, config)[0] if "unseen" in config else None


def save_directions(folder: Path, of: dict[str, torch.Tensor], attributes: dict) -> None:
    """Add directions to a generator's folder, and `attributes`, how they were learned, to its config's metrics. Those
    that were there are kept for their links.

    Raises:
        OSError: the folder cannot be written.
    """
    path, config = folder / DIRECTIONS, load_config(folder)
    if path.exists():
        (folder / OLDER_DIRECTIONS).mkdir(exist_ok=True)
        path.replace(folder / OLDER_DIRECTIONS / f"{sha256(path)[:12]}.safetensors")
    path.write_bytes(serialize({name: vector.detach().float().contiguous() for name, vector in of.items()}))
    hashes = {**config["sha256"], DIRECTIONS: sha256(path)}
    metrics = {**(config.get("metrics") or {}), "attributes": attributes}
    write_config(folder, {**config, "metrics": metrics, "sha256": hashes})


def load_directions(folder: Path, latent_dim: int) -> list[Directions]:
    """The directions of a generator's folder, those in use first; none if it has none.

    Raises:
        UserError: with one sentence on which file is damaged or does not fit.
    """
    paths = [folder / DIRECTIONS, *sorted((folder / OLDER_DIRECTIONS).glob("*.safetensors"))]
    return [_directions(path, latent_dim) for path in paths if path.exists()]


def _directions(path: Path, latent_dim: int) -> Directions:
    content = read_file(path, len(ATTRIBUTES) * (latent_dim * 4 + 200) + 2**16)
    try:
        # those of a newer version are left out
        found = {name: vector for name, vector in deserialize(content).items() if name in ATTRIBUTES}
    except (SafetensorError, KeyError) as error:
        raise UserError(f"{path} is damaged or cut short ({reason(error)}): copy it again.") from None
    for name, vector in found.items():
        if vector.shape != (latent_dim,) or vector.dtype != torch.float32 or not vector.isfinite().all():
            raise UserError(f"{path} does not fit the generator beside it: {name} differs in shape or type.")
    digest = hashlib.sha256(content).hexdigest()
    return Directions(digest[:12], {name: found[name].numpy() for name in ATTRIBUTES if name in found})


def replace_folder(new: Path, folder: Path) -> None:
    """Put the finished folder `new` in the place of `folder`; a kill in between leaves one of them whole."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


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
    discriminator, _ = _network(Discriminator, loaded.settings, path, loaded.config)
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
    generator, digest = _network(Generator, settings, folder / GENERATOR, config)
    return Weights(generator, None, settings, config, digest[:12], folder)


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _published(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """State as it is published: matrices, convolutions and mean features float16, BatchNorm and biases float32."""
    return {
        name: tensor.detach().cpu().to(torch.float16 if tensor.dim() > 1 else tensor.dtype).contiguous()
        for name, tensor in state.items()
    }


def _network(network_class: type, settings: ModelSettings, path: Path, config: dict) -> tuple[torch.nn.Module, str]:
    """A network with the tensors of a file, in float32 and eval mode, and the sha256 of the bytes that they came from.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    with torch.device("meta"):
        network = network_class(settings)
    content = read_file(path, 2 * sum(tensor.numel() * 4 for tensor in network.state_dict().values()) + 2**20)
    try:
        found = deserialize(content)
    except (SafetensorError, KeyError) as error:  # KeyError: a type that PyTorch does not have
        raise UserError(f"{path} is damaged or cut short ({reason(error)}): copy it again.") from None
    if network_class is Generator and _variation(path, content) == FEATURES_TO_MEAN:
        size, _, channels = network.first_shape
        network.mean_features = torch.empty(channels, size, size, device="meta")
    expected = network.state_dict()
    wrong = sorted(_kinds(found) ^ _kinds(expected))
    if wrong:
        name = wrong[0][0][:100]
        raise UserError(f"{path} does not fit the model in {CONFIG}: {name} differs in name, shape or type.")
    # copied into memory that PyTorch has allocated and aligned
    tensors = {name: found[name].to(tensor.dtype, copy=True) for name, tensor in expected.items()}
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise UserError(f"{path} holds numbers that are not finite: copy it again, or train again.")
    digest = hashlib.sha256(content).hexdigest()
    if config.get("sha256", {}).get(path.name, digest) != digest:
        raise UserError(f"{path} is not the file that {CONFIG} describes: copy the whole folder again.")
    network.load_state_dict(tensors, strict=True, assign=True)
    return network.eval().requires_grad_(False), digest


def _kinds(tensors: dict[str, torch.Tensor]) -> set[tuple[str, tuple[int, ...], bool]]:
    """What tensors in a file and in a network must have in common: name, shape, and whether they hold fractions."""
    return {(name, tuple(tensor.shape), tensor.is_floating_point()) for name, tensor in tensors.items()}


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
