"""What can be added to a generator's weights folder: directions, which a look moves along, and a seed index, which
finds the seeds whose faces look like a face. Save, load, verify."""

from pathlib import Path

import numpy as np
import torch

from gan import UserError
from gan.model import tensors
from gan.model.config import CONFIG, config_errors, load_config, write_config
from gan.model.directions import Directions, LocalDirections
from gan.model.look import ATTRIBUTES
from gan.model.seed_index import NUMBERS, Descriptor, SeedIndex
from gan.model.weights import GENERATOR, sha256

# what the attributes of a look move; where it was replaced, older links find theirs in the folder beside it, by id
DIRECTIONS, OLDER_DIRECTIONS = "directions.safetensors", "older-directions"
DESCRIPTOR, SEEDS = "descriptor.safetensors", "seeds.safetensors"
MOST_SEEDS = 2**22  # in an index
# tensors of local directions beside those of attributes
HIDDEN, LENGTHS = "hidden", "lengths"
MOST_DIRECTIONS = 2**21  # bytes of a file


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
    tensors.write(path, {name: vector.detach().float().contiguous() for name, vector in of.items()})
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


def save_descriptor(folder: Path, descriptor: Descriptor) -> str:
    """Add a face descriptor to a generator's folder; an index that was made with another is deleted. Returns its id.

    Raises:
        OSError: the folder cannot be written.
    """
    (folder / SEEDS).unlink(missing_ok=True)
    tensors.write(folder / DESCRIPTOR, tensors.published(descriptor.state_dict()))
    config = load_config(folder)
    hashes = {name: digest for name, digest in config["sha256"].items() if name != SEEDS}
    digest = sha256(folder / DESCRIPTOR)
    write_config(folder, {**config, "sha256": {**hashes, DESCRIPTOR: digest}})
    return digest[:12]


def save_seed_index(folder: Path, rows: np.ndarray, report: dict) -> None:
    """Add the index that the folder's descriptor made of its generator's seeds from 0 on, and `report`, how it was
    made and measured, to its config's metrics.

    Args:
        rows: `(N, NUMBERS)` int8, see `gan.model.seed_index`.

    Raises:
        OSError: the folder cannot be written.
    """
    tensors.write(folder / SEEDS, {"rows": torch.from_numpy(rows)})
    config = load_config(folder)
    made = {SEEDS: sha256(folder / SEEDS), GENERATOR: sha256(folder / GENERATOR)}
    metrics = {**(config.get("metrics") or {}), "seeds": {**report, "generator": made[GENERATOR][:12]}}
    write_config(folder, {**config, "metrics": metrics, "sha256": {**config["sha256"], SEEDS: made[SEEDS]}})


def load_descriptor(folder: Path) -> tuple[Descriptor, str]:
    """The face descriptor of a generator's folder, in eval mode, and its id.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    descriptor, digest = tensors.network(Descriptor, folder / DESCRIPTOR, load_config(folder))
    return descriptor, digest[:12]


def load_seed_index(folder: Path) -> SeedIndex | None:
    """The seed index of a generator's folder; None if it has none.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    path = folder / SEEDS
    if not path.exists():
        return None
    found, _, digest = tensors.read(path, MOST_SEEDS * NUMBERS + 2**16)
    rows = found.get("rows")
    if rows is None or rows.dtype != torch.int8 or rows.dim() != 2 or rows.shape[1] != NUMBERS or not len(rows):
        raise UserError(f"{path} is no seed index of this version: copy it again, or make it with gan.train.seeds.")
    config = load_config(folder)
    tensors.require_described(path, digest, config)
    with config_errors(folder / CONFIG):
        if config["metrics"]["seeds"]["generator"] != config["sha256"][GENERATOR][:12]:
            raise UserError(f"{path} was made for other weights: make it again with gan.train.seeds, or delete it.")
    return SeedIndex(digest[:12], load_descriptor(folder)[0], rows.numpy())


def _directions(path: Path, latent_dim: int) -> Directions:
    found, _, digest = tensors.read(path, MOST_DIRECTIONS)
    names = [name for name in ATTRIBUTES if name in found]
    hidden = found.get(HIDDEN)
    units = len(hidden) if hidden is not None and hidden.dim() == 2 else 0
    shapes = {HIDDEN: (units, latent_dim + 1), LENGTHS: (len(names),)} if hidden is not None else {}
    wanted = dict.fromkeys(found, (latent_dim + units,)) | shapes
    for name, shape in wanted.items():
        tensor = found.get(name)
        if tensor is None or tensor.shape != shape or tensor.dtype != torch.float32 or not tensor.isfinite().all():
            raise UserError(f"{path} does not fit the generator beside it: {name[:100]} differs in shape or type.")
    of = {name: found[name].numpy() for name in names}
    if hidden is None:  # other names are of a newer version
        return Directions(digest[:12], of)
    held = {name: found[name].numpy() for name in sorted(found.keys() - {*names, HIDDEN, LENGTHS})}
    return LocalDirections(digest[:12], of, held, hidden.numpy(), found[LENGTHS].numpy())
