"""Three ways to begin the step that is new when weights of 64 px go on at 128 px.

    python benchmarks/growing.py faded --init_from weights/faces-64 --resolution 128 --widths 512 256 128 64 32 ...

After the way, train_accelerate.py's own words. `grown` is what `--init_from` does; `initialised` takes all that fits and leaves
the new step as it is initialised; `faded` begins in the same way and blends the old path with the new one in both networks, from
all old at the first picture to all new at the 4,096th (Karras et al. 2018, https://arxiv.org/abs/1710.10196). The last two lost
(quality.md), which is why they are changes to the trainer that only this file makes.
"""

import copy
import sys
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
import tyro
from rehearsal import ROOT

sys.path.insert(0, str(ROOT))

import train_accelerate
from gan.model.networks import Discriminator, Generator
from gan.train.generator import step, transfer

FADES_FOR = 4096  # pictures


def initialised(source, generator, discriminator, settings) -> str:
    """What `start_from` does, without growing."""
    for new, old in ((generator, source.generator), (discriminator, source.discriminator)):
        transfer._copy(transfer._from_coarsest(new), transfer._from_coarsest(old))
    return "The new step is as initialised."


class FadingStep(step.GanStep):
    """A step whose networks keep, beside the new step, the layer of the old ones that it replaces."""

    def __init__(self, settings, accelerator, total_steps, source=None):
        self.old = {Generator: source.generator.to_rgb, Discriminator: source.discriminator.steps[0]}
        self.start = copy.deepcopy({kind: layer.state_dict() for kind, layer in self.old.items()})
        for layer in self.old.values():
            layer.requires_grad_(True)
        Generator.forward = lambda *arguments: self._faces(*arguments)
        Discriminator.forward = lambda *arguments: self._logits(*arguments)
        super().__init__(settings, accelerator, total_steps, source)

    def __call__(self, batches):
        if self.step == 0:  # again after the steps that rehearse, which are undone
            for kind, layer in self.old.items():
                layer.load_state_dict(self.start[kind])
        return super().__call__(batches)

    def _share(self, network) -> float:
        """Of the new step; the average and what is saved have nothing else."""
        return min(1.0, self.step * self.pictures_per_step / FADES_FOR) if network.training else 1.0

    def _faces(self, network, latents, variation=1.0):
        features = network.first_features(latents)
        for layer in network.steps[:-1]:
            features = layer(features)
        faces, share = torch.tanh(network.to_rgb(network.steps[-1](features))), self._share(network)
        if share == 1:
            return faces
        return torch.lerp(F.interpolate(torch.tanh(self.old[Generator](features)), scale_factor=2), faces, share)

    def _logits(self, network, pictures):
        features, share = network.steps[:2](pictures), self._share(network)
        if share < 1:
            features = torch.lerp(self.old[Discriminator](F.avg_pool2d(pictures, 2)), features, share)
        features = network.steps[2:](features).permute(0, 2, 3, 1).flatten(1)
        with torch.autocast(features.device.type, enabled=False):
            return network.judge(features.float()).squeeze(1)

    def _optimizer(self, network):
        optimizer = super()._optimizer(network)
        optimizer.add_param_group({"params": self.old[type(network)].parameters()})
        return optimizer

    def _generator_step(self, batches):
        logs = super()._generator_step(batches)
        self.old[Discriminator].zero_grad()  # nothing that the generator's loss says is meant for it
        return logs


def main() -> None:
    way, words = tyro.cli(
        Annotated[Literal["grown", "initialised", "faded"], tyro.conf.Positional],
        description=__doc__,
        return_unknown_args=True,
    )
    if way != "grown":
        step.start_from = initialised
    if way == "faded":
        from gan.train.generator import loop

        loop.GanStep = FadingStep
    sys.argv[1:] = words
    train_accelerate.main()


if __name__ == "__main__":
    main()
