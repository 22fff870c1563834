"""Tensors in files, read with care, since they may come from anywhere. The only importer of safetensors."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as deserialize
from safetensors.torch import save as serialize
from torch import nn

from gan import UserError, reason
from gan.model.config import CONFIG, read_file

MOST_HEADER_BYTES = 2**18  # those of networks have some thousands


def write(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> None:
    """
    Raises:
        OSError: the file cannot be written.
    """
    path.write_bytes(serialize(tensors, metadata))


def read(path: Path, most: int) -> tuple[dict[str, torch.Tensor], bytes, str]:
    """The tensors of a file of at most `most` bytes, its bytes, and their sha256.

    Raises:
        UserError: it is missing or damaged; with one sentence.
    """
    content = read_file(path, most)
    # a header of many tensors without numbers would take many times its size
    if int.from_bytes(content[:8], "little") > MOST_HEADER_BYTES:
        raise UserError(f"{path} is damaged or cut short (its header is too long): copy it again.")
    try:
        found = deserialize(content)
    except (SafetensorError, KeyError) as error:  # KeyError: a type that PyTorch does not have
        raise UserError(f"{path} is damaged or cut short ({reason(error)}): copy it again.") from None
    return found, content, hashlib.sha256(content).hexdigest()


def published(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """State as it is published: matrices, convolutions and mean features float16, BatchNorm and biases float32."""
    return {
        name: tensor.detach().cpu().to(torch.float16 if tensor.dim() > 1 else tensor.dtype).contiguous()
        for name, tensor in state.items()
    }


def network(
    make: Callable[[], nn.Module],
    path: Path,
    config: dict,
    complete: Callable[[nn.Module, bytes], None] = lambda network, content: None,
) -> tuple[nn.Module, str]:
    """A network with the tensors of a file, in float32 and eval mode, and the sha256 of the bytes that they came from.

    Args:
        make: builds the network.
        config: what the folder's config says, its `sha256` among it.
        complete: gives the network the buffers that the file, by its bytes, has beside those of every such network.

    Raises:
        UserError: with one sentence on what is missing, damaged or does not fit.
    """
    with torch.device("meta"):
        made = make()
    found, content, digest = read(path, 2 * sum(tensor.numel() * 4 for tensor in made.state_dict().values()) + 2**20)
    complete(made, content)
    expected = made.state_dict()
    wrong = sorted(_kinds(found) ^ _kinds(expected))
    if wrong:
        name = wrong[0][0][:100]
        raise UserError(f"{path} does not fit the model in {CONFIG}: {name} differs in name, shape or type.")
    # copied into memory that PyTorch has allocated and aligned
    state = {name: found[name].to(tensor.dtype, copy=True) for name, tensor in expected.items()}
    if not all(tensor.isfinite().all() for tensor in state.values()):
        raise UserError(f"{path} holds numbers that are not finite: copy it again, or train again.")
    require_described(path, digest, config)
    made.load_state_dict(state, strict=True, assign=True)
    return made.eval().requires_grad_(False), digest


def require_described(path: Path, digest: str, config: dict) -> None:
    """
    Raises:
        UserError: the config of the folder describes another file of that name.
    """
    if config.get("sha256", {}).get(path.name, digest) != digest:
        raise UserError(f"{path} is not the file that {CONFIG} describes: copy the whole folder again.")


def _kinds(tensors: dict[str, torch.Tensor]) -> set[tuple[str, tuple[int, ...], bool]]:
    """What tensors in a file and in a network must have in common: name, shape, and whether they hold fractions."""
    return {(name, tuple(tensor.shape), tensor.is_floating_point()) for name, tensor in tensors.items()}
