"""Generator and discriminator for any square size: DCGAN (Radford et al. 2015) with an explicit ladder of sizes.

With `skips`, pictures and features also take a short way (StyleGAN2, Karras et al. 2020, section 4.1): each step of the
generator adds to the picture, and each step of the discriminator has a shortcut beside it.
"""

import torch
from torch import nn
from torch.nn.functional import interpolate

from gan.model.settings import ModelSettings, ladder


class Generator(nn.Module):
    """Latents `(N, latent_dim)` → faces `(N, 3, S, S)` in [-1, 1].

    A linear layer makes the coarsest step; each further one doubles the size: ConvTranspose, BatchNorm, ReLU.
    """

    def __init__(self, settings: ModelSettings):
        super().__init__()
        sizes, widths = ladder(settings.resolution), settings.channels
        self.first_shape = (sizes[0], sizes[0], widths[0])
        # mathematically the tutorial's 4x4 ConvTranspose on a 1x1 picture, but much faster on a CPU
        self.project = nn.Linear(settings.latent_dim, sizes[0] ** 2 * widths[0], bias=False)
        self.project_norm = nn.BatchNorm2d(widths[0])
        self.steps = nn.ModuleList(
            nn.Sequential(
                _upsample(widths[k], widths[k + 1], sizes[k + 1]), nn.BatchNorm2d(widths[k + 1]), nn.ReLU(True)
            )
            for k in range(len(widths) - 1)
        )
        self.to_rgb = _upsample(widths[-1], 3, sizes[-1])
        # one for each width: what those features add to the picture of their size
        self.skips = nn.ModuleList(nn.Conv2d(width, 3, 1) for width in widths if settings.skips)
        # (widths[0], sizes[0], sizes[0]), the target of variation below 1; only published weights have it
        self.register_buffer("mean_features", None)
        self.apply(_dcgan_init)

    def first_features(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents → the coarsest step, `(N, widths[0], sizes[0], sizes[0])`."""
        # pixels before channels: the permuted view is channels_last memory, what the convolutions want
        features = lay_out(self.project(latents).unflatten(1, self.first_shape).permute(0, 3, 1, 2))
        return torch.relu(self.project_norm(features))

    def forward(self, latents: torch.Tensor, variation: float | torch.Tensor = 1.0) -> torch.Tensor:
        """`variation`: 1 as trained, towards 0 closer to the face of the mean features; of all, or of each,
        `(N, 1, 1, 1)`. Other values than 1 need `mean_features`."""
        features = self.first_features(latents)
        if isinstance(variation, torch.Tensor) or variation != 1:
            # above 1 features may become negative, which the next layers have never seen
            features = torch.relu(torch.lerp(self.mean_features, features, variation))
        passed = [features]
        for step in self.steps:
            passed.append(step(passed[-1]))
        picture = self.to_rgb(passed[-1])
        if self.skips:
            picture = picture + _enlarge(self._skipped(passed), picture.shape[-1])
        return torch.tanh(picture)

    def _skipped(self, features: list[torch.Tensor]) -> torch.Tensor:
        """Features of all steps, coarsest first → what they add to the picture, at the size of the last of them."""
        picture = self.skips[0](features[0])
        for skip, finer in zip(self.skips[1:], features[1:]):
            picture = _enlarge(picture, finer.shape[-1]) + skip(finer)
        return picture


class Discriminator(nn.Module):
    """Pictures `(N, 3, S, S)` in [-1, 1] → logits `(N,)` float32. Under the `bce` loss, above 0 means real; under
    `relativistic` only differences have a meaning.

    The generator mirrored: strided convolutions and LeakyReLU(0.2), BatchNorm from the second step on if asked for.
    """

    def __init__(self, settings: ModelSettings):
        super().__init__()
        sizes, widths = ladder(settings.resolution)[::-1], settings.channels[::-1]
        batch_norm = settings.discriminator_norm == "batch"
        steps = [nn.Sequential(_downsample(3, widths[0], sizes[0], bias=not batch_norm), nn.LeakyReLU(0.2, True))]
        for k in range(1, len(widths)):
            norm = [nn.BatchNorm2d(widths[k])] if batch_norm else []
            convolution = _downsample(widths[k - 1], widths[k], sizes[k], bias=not batch_norm)
            steps.append(nn.Sequential(convolution, *norm, nn.LeakyReLU(0.2, True)))
        self.steps = nn.Sequential(*steps)
        # beside each step but the first
        self.shortcuts = nn.ModuleList(
            _shortcut(widths[k - 1], widths[k]) for k in range(1, len(widths)) if settings.skips
        )
        self.judge = nn.Linear(sizes[-1] ** 2 * widths[-1], 1, bias=not batch_norm)
        if batch_norm:
            # without norm, PyTorch's larger default weights work far better than N(0, 0.02)
            self.apply(_dcgan_init)

    def last_features(self, pictures: torch.Tensor) -> torch.Tensor:
        """Pictures → the coarsest step, `(N, C, s, s)`, of the generator's first width and size."""
        pictures = lay_out(pictures)
        if not self.shortcuts:
            return self.steps(pictures)
        features = self.steps[0](pictures)
        for step, shortcut in zip(self.steps[1:], self.shortcuts):
            # the sum of two has twice the variance
            features = (step(features) + shortcut(features)) * 0.5**0.5
        return features

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        features = self.last_features(pictures).permute(0, 2, 3, 1).flatten(1)
        # bfloat16 has three digits, too few for differences of logits
        with torch.autocast(features.device.type, enabled=False):
            return self.judge(features.float()).squeeze(1)


def memory_format(device: torch.device) -> torch.memory_format:
    """How the networks lie in memory: channels_last, what convolutions want on CPUs and on tensor cores alike; on
    Apple's GPU contiguous, since BatchNorm's gradients are wrong in channels_last (pytorch 175189)."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def lay_out(features: torch.Tensor) -> torch.Tensor:
    """Features `(N, C, H, W)`, made contiguous where the device needs that."""
    return features.contiguous() if memory_format(features.device) is torch.contiguous_format else features


def _upsample(channels_in: int, channels_out: int, size_out: int) -> nn.ConvTranspose2d:
    """n → 2n with kernel 4, n → 2n - 1 with kernel 3."""
    kernel = 4 if size_out % 2 == 0 else 3
    return nn.ConvTranspose2d(channels_in, channels_out, kernel, stride=2, padding=1, bias=False)


def _downsample(channels_in: int, channels_out: int, size_in: int, bias: bool) -> nn.Conv2d:
    """2n → n with kernel 4, 2n - 1 → n with kernel 3."""
    kernel = 4 if size_in % 2 == 0 else 3
    return nn.Conv2d(channels_in, channels_out, kernel, stride=2, padding=1, bias=bias)


def _enlarge(picture: torch.Tensor, size: int) -> torch.Tensor:
    """n → 2n or 2n - 1 bilinearly, on the same grid as `_upsample`; float32."""
    # a sum of pictures needs more than bfloat16's three digits, and CPUs interpolate float32 faster
    return interpolate(picture.float(), (size, size), mode="bilinear", align_corners=size % 2 == 1)


def _shortcut(channels_in: int, channels_out: int) -> nn.Module:
    """n → n / 2, rounded up."""
    return nn.Sequential(nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(channels_in, channels_out, 1, bias=False))


def _dcgan_init(module: nn.Module) -> None:
    """Weights from N(0, 0.02), BatchNorm's scales from N(1, 0.02) (Radford et al. 2015, section 4)."""
    if getattr(module, "weight", None) is not None and module.weight.is_meta:
        # the weights will be loaded, and initialising a meta tensor imports torch's compiler, which takes a second
        return
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def parameter_count(module: nn.Module) -> int:
    """Trainable numbers in a network."""
    return sum(parameter.numel() for parameter in module.parameters())
