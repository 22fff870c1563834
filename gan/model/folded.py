"""A generator to be used only: the same faces for less work."""

import copy

import torch
from torch import nn
from torch.nn.functional import conv2d, linear
from torch.nn.utils import fuse_conv_bn_eval

from gan.model.networks import Generator, memory_format


def folded(generator: Generator) -> Generator:
    """A copy in eval mode that makes the same faces within a grey level, for use and not for training.

    BatchNorm is folded into the weights before it, the weights lie as the device wants them, and the last step, which
    has only three channels to fill, is computed as `SubPixels`, and what features add to the picture as `PerPixel`.
    """
    made = copy.deepcopy(generator).eval()
    for step in made.steps:
        step[0], step[1] = fuse_conv_bn_eval(step[0], step[1], transpose=True), nn.Identity()
    norm, (height, width, _) = made.project_norm, made.first_shape
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    made.project.weight.data = made.project.weight * scale.repeat(height * width)[:, None]
    made.project.bias = nn.Parameter((norm.bias - norm.running_mean * scale).repeat(height * width))
    made.project_norm = nn.Identity()
    made.to(memory_format=memory_format(made.project.weight.device))
    if made.to_rgb.kernel_size == (4, 4):
        made.to_rgb = SubPixels(made.to_rgb)
    made.skips = nn.ModuleList(map(PerPixel, made.skips))
    return made.requires_grad_(False)


class PerPixel(nn.Module):
    """A 1x1 convolution, `(N, C, H, W)` → `(N, K, H, W)`, as a matrix product: twice as fast on a CPU, and the same bit
    by bit with one thread and with several, for which PyTorch has different kernels of the convolution."""

    def __init__(self, convolution: nn.Conv2d):
        super().__init__()
        self.weight, self.bias = nn.Parameter(convolution.weight.flatten(1)), convolution.bias

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return linear(features.permute(0, 2, 3, 1), self.weight, self.bias).permute(0, 3, 1, 2)


class SubPixels(nn.Module):
    """A ConvTranspose of kernel 4, stride 2 and padding 1 without bias, `(N, C, H, W)` → `(N, K, 2H, 2W)`, as a
    convolution of kernel 2 whose channels are the four pixels that each place becomes (Shi et al. 2016,
    https://arxiv.org/abs/1609.07009): a CPU is much faster at it where K is small.
    """

    def __init__(self, transposed: nn.ConvTranspose2d):
        super().__init__()
        # an even row sees its place and the one before it, an odd one the one after it
        taps = ((3, 1), (2, 0))
        parts = [transposed.weight[:, :, down][:, :, :, right] for down in taps for right in taps]
        weight = torch.cat([part.transpose(0, 1) for part in parts])
        self.weight = nn.Parameter(weight.contiguous(memory_format=memory_format(weight.device)))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        (height, width), made = features.shape[-2:], conv2d(features, self.weight, padding=1)
        picture = made.new_empty(len(made), made.shape[1] // 4, 2 * height, 2 * width)
        for number, part in enumerate(made.chunk(4, dim=1)):
            down, right = divmod(number, 2)
            picture[:, :, down::2, right::2] = part[:, :, down : down + height, right : right + width]
        return picture
