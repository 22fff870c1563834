"""`--init_from`: start from trained weights. Every tensor that fits is copied; new steps are grown onto both networks.

A grown network begins with the faces and logits of the smaller one, at twice the size: progressive growing (Karras et
al. 2018, https://arxiv.org/abs/1710.10196) without its fading, by weights that preserve the function (Net2Net, Chen et
al. 2016, https://arxiv.org/abs/1511.05641).
"""

import dataclasses
from pathlib import Path

import torch
from torch import nn

from gan import UserError, hub
from gan.hub_name import hub_name
from gan.model import weights
from gan.model.config import CONFIG, config_errors
from gan.model.networks import Discriminator, Generator
from gan.model.settings import ModelSettings, ladder

_KERNELS = {4: ([0.25, 0.75, 0.75, 0.25], [0.0, 0.5, 0.5, 0.0]), 3: ([0.5, 1.0, 0.5], [0.25, 0.5, 0.25])}
# without an offset both halves of a value end at 0, and some values would stick there, at mid-grey, in training
_OFFSET = 2.0
_SLOPE = 0.2  # of the discriminator's LeakyReLU


def open_source(name: str) -> weights.Weights:
    """The weights in a folder, or those of a model repo on the Hub (`user/name[@revision]`).

    Raises:
        UserError: they are not there, cannot be fetched, or are damaged.
    """
    if Path(name).is_dir():
        return weights.load(Path(name))
    if Path(name).exists():
        raise UserError(f"--init_from {name} is a file: name the folder of weights that holds it.")
    repo_id, _, revision = hub_name(name).partition("@")
    try:
        return weights.load(hub.pull(repo_id, revision or None))
    except UserError as error:
        raise UserError(
            f"--init_from {name}: there is no such folder here, and it cannot be fetched from the Hub. {error}"
        ) from error


def origin(source: weights.Weights) -> dict:
    """The config's record of the weights that a run started from, and of those that they started from.

    `data` names all pictures that they have ever seen.

    Raises:
        UserError: the config of the source lacks these facts.
    """
    with config_errors(source.folder / CONFIG):
        training = source.config["training"]
        earlier = training.get("started_from")
        before = earlier["data"] if earlier else training["data"]
        data = training["data"] if before == training["data"] else f"{training['data']}; {before}"
        said = {"generator": source.generator_id, "pictures": training["pictures"], "data": data}
    return {**said, "started_from": earlier} if earlier else said


def fitting(wanted: ModelSettings, source: ModelSettings) -> ModelSettings:
    """The wanted settings; open widths become those of the source, the finest one repeated for each further step."""
    steps, known = len(ladder(wanted.resolution)) - 1, source.channels
    return dataclasses.replace(wanted, widths=wanted.widths or (*known, *known[-1:] * (steps - len(known)))[:steps])


def start_from(
    source: weights.Weights, generator: Generator, discriminator: Discriminator, settings: ModelSettings
) -> str:
    """Fill both networks, built from `settings`, with all that fits of the source. Skips that it lacks begin as zero.

    Returns:
        a sentence that says how much was copied.

    Raises:
        UserError: nothing fits, or the source has skips and the settings have none.
    """
    if source.settings.skips and not settings.skips:
        raise UserError(
            f"Generator {source.generator_id} has skips and cannot start networks without: add --skips, "
            "or start from other weights."
        )
    old_generator, old_discriminator = source.generator, source.discriminator
    new_skips = settings.skips and not source.settings.skips
    if new_skips:
        old_generator, old_discriminator = _with_skips(source)
    new_steps = _new_steps(source.settings, settings)
    for steps in range(len(settings.channels) - new_steps + 1, len(settings.channels) + 1):
        larger = dataclasses.replace(
            settings, resolution=ladder(settings.resolution)[steps], widths=settings.channels[:steps]
        )
        old_generator = _grown_generator(old_generator, larger)
        old_discriminator = _grown_discriminator(old_discriminator, larger)
    taken = _copy(_from_coarsest(generator), _from_coarsest(old_generator)) + _copy(
        _from_coarsest(discriminator), _from_coarsest(old_discriminator)
    )
    numbers = sum(tensor.numel() for network in (generator, discriminator) for tensor in network.state_dict().values())
    share = sum(tensor.numel() for tensor in taken) / numbers
    if not any(tensor.dim() > 1 for tensor in taken):
        raise UserError(
            f"Nothing of generator {source.generator_id} fits: it has --widths "
            f"{' '.join(map(str, source.settings.channels))} and --latent_dim {source.settings.latent_dim}."
        )
    grown = f", {new_steps} step{'s' * (new_steps > 1)} grown onto both networks" if new_steps else ""
    skips = ", skips added to both networks" if new_skips else ""
    return (
        f"Starting from generator {source.generator_id} ({source.settings.resolution} px): {len(taken)} tensors fit, "
        f"{share:.0%} of all numbers{skips}{grown}."
    )


def _new_steps(source: ModelSettings, settings: ModelSettings) -> int:
    """How many steps `settings` adds to the source; 0 where the networks differ in something else, too."""
    known = len(source.channels)
    same = (
        ladder(settings.resolution)[: known + 1] == ladder(source.resolution)
        and settings.latent_dim == source.latent_dim
        and settings.channels[:known] == source.channels
        and settings.discriminator_norm == source.discriminator_norm == "none"
    )
    # a grown step carries a picture and its negative through the activation, in six channels
    return len(settings.channels) - known if same and min(settings.channels[known:], default=6) >= 6 else 0


@torch.no_grad()
def _with_skips(source: weights.Weights) -> tuple[Generator, Discriminator]:
    """The networks of the source with skips that are zero; their faces and logits are the old ones."""
    settings = dataclasses.replace(source.settings, skips=True)
    generator, discriminator = Generator(settings), Discriminator(settings)
    for parameter in (*generator.skips.parameters(), *discriminator.shortcuts.parameters()):
        parameter.zero_()
    _copy(generator.state_dict(), source.generator.state_dict())
    _copy(discriminator.state_dict(), source.discriminator.state_dict())
    for step in discriminator.steps[1:]:
        _double_variance(step)
    return generator, discriminator


def _double_variance(step: nn.Sequential) -> None:
    """Scale what a discriminator step yields by √2, to cancel the 1/√2 of its sum with a shortcut that is zero.

    LeakyReLU passes a positive factor on, so the layer before it takes the factor.
    """
    for parameter in step[-2].parameters():
        parameter.mul_(2**0.5)


@torch.no_grad()
def _grown_generator(old: Generator, settings: ModelSettings) -> Generator:
    """The old generator with one more step; its faces are the old ones, bilinearly enlarged.

    The new step carries what the old last layer made. With skips, its own skip adds that to the picture, which is then
    enlarged as a whole; without, the new last layer enlarges it.
    """
    new = Generator(settings)
    _copy(
        new.state_dict(), {name: tensor for name, tensor in old.state_dict().items() if not name.startswith("to_rgb")}
    )
    convolution, norm, _ = new.steps[-1]
    convolution.weight[:, :3], convolution.weight[:, 3:6] = old.to_rgb.weight, -old.to_rgb.weight
    # BatchNorm is the identity where its scale and offset equal deviation and mean of its input
    made = _made_by_last_layer(old)
    mean, variance = made.mean((0, 2, 3)), made.var((0, 2, 3))
    norm.running_mean[:6] = torch.cat([mean, -mean])
    norm.running_var[:6] = torch.cat([variance, variance])
    # from here on half as large, so that few values are beyond the offset
    norm.bias[:6] = norm.running_mean[:6] / 2 + _OFFSET
    norm.weight[:6] = (norm.running_var[:6] + norm.eps).sqrt() / 2
    # relu(c + y / 2) - relu(c - y / 2) = y for |y| <= 2 c; beyond that, tanh is flat
    new.to_rgb.weight.zero_()
    if settings.skips:
        new.skips[-1].weight.zero_()
        new.skips[-1].bias.zero_()
        to_picture, kernel = new.skips[-1].weight.transpose(0, 1), torch.ones(1, 1)
    else:
        to_picture, kernel = new.to_rgb.weight, _separable(new.to_rgb, 0)
    for channel in range(3):
        to_picture[channel, channel], to_picture[channel + 3, channel] = kernel, -kernel
    return new


def _made_by_last_layer(generator: Generator) -> torch.Tensor:
    """What `to_rgb` makes of 1,024 latents, `(1024, 3, S, S)`."""
    made: list[torch.Tensor] = []
    hook = generator.eval().to_rgb.register_forward_hook(lambda layer, inputs, output: made.append(output))
    latents = torch.randn(1024, generator.project.in_features, generator=torch.Generator().manual_seed(0))
    for batch in latents.split(64):
        generator(batch)
    hook.remove()
    return torch.cat(made)


@torch.no_grad()
def _grown_discriminator(old: Discriminator, settings: ModelSettings) -> Discriminator:
    """The old discriminator with one more step; its logits are the old ones for the picture at half the size."""
    new = Discriminator(settings)
    _copy(_from_coarsest(new), _from_coarsest(old))
    first, second, old_first = new.steps[0][0], new.steps[1][0], old.steps[0][0]
    halve = _separable(first, 1)
    first.bias[:6] = 0
    first.weight[:6] = 0
    second.weight.zero_()
    for channel in range(3):
        first.weight[channel, channel], first.weight[channel + 3, channel] = halve, -halve
        # leaky(y) - leaky(-y) = (1 + slope) y
        second.weight[:, channel] = old_first.weight[:, channel] / (1 + _SLOPE)
        second.weight[:, channel + 3] = -old_first.weight[:, channel] / (1 + _SLOPE)
    second.bias.copy_(old_first.bias)
    if settings.skips:
        new.shortcuts[0][-1].weight.zero_()
        _double_variance(new.steps[1])
    return new


def _separable(convolution: nn.Module, which: int) -> torch.Tensor:
    """The kernel `(k, k)` with which a layer enlarges (0) or halves (1) a picture."""
    line = torch.tensor(_KERNELS[convolution.kernel_size[0]][which])
    return line[:, None] * line


def _from_coarsest(network: nn.Module) -> dict[str, torch.Tensor]:
    """The state, with steps numbered from the coarsest. The discriminator numbers its own from the finest."""
    state = network.state_dict()
    if isinstance(network, Generator):
        return state
    last = {"steps": len(network.steps) - 1, "shortcuts": len(network.shortcuts) - 1}
    return {_renumbered(name, last): tensor for name, tensor in state.items()}


def _renumbered(name: str, last: dict[str, int]) -> str:
    part, _, rest = name.partition(".")
    number, _, rest = rest.partition(".")
    return f"{part}.{last[part] - int(number)}.{rest}" if part in last else name


@torch.no_grad()
def _copy(to: dict[str, torch.Tensor], source: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """Copy every tensor whose name and shape fit, and return those."""
    fit = [
        (tensor, source[name]) for name, tensor in to.items() if name in source and source[name].shape == tensor.shape
    ]
    for tensor, value in fit:
        tensor.copy_(value)
    return [tensor for tensor, _ in fit]
