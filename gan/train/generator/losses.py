"""Objectives and the gradient penalty. Logits are `(N,)` float32, pictures `(N, 3, S, S)`, results are scalars."""

import torch
from torch.nn.functional import softplus


def relativistic_discriminator(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """mean softplus(−(D(x) − D(G(z)))): each real picture should beat the fake one beside it.

    Jolicoeur-Martineau 2018, https://arxiv.org/abs/1807.00734; as used by R3GAN, Huang et al. 2024.
    """
    return softplus(fake_logits - real_logits).mean()


def relativistic_generator(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """mean softplus(D(x) − D(G(z))): the mirror image of the discriminator's."""
    return softplus(real_logits - fake_logits).mean()


def bce_real(real_logits: torch.Tensor) -> torch.Tensor:
    """−mean log σ(D(x)), binary cross-entropy with target 1, stable on logits. Goodfellow et al. 2014."""
    return softplus(-real_logits).mean()


def bce_fake(fake_logits: torch.Tensor) -> torch.Tensor:
    """−mean log(1 − σ(D(G(z)))), binary cross-entropy with target 0."""
    return softplus(fake_logits).mean()


def bce_generator(fake_logits: torch.Tensor) -> torch.Tensor:
    """−mean log σ(D(G(z))), the non-saturating loss. Goodfellow et al. 2014, section 3."""
    return softplus(-fake_logits).mean()


def gradient_penalty(logits: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    """½ · mean over the batch of ‖∇ₓD(x)‖², summed over channels and pixels.

    R1 on real pictures, R2 on fake ones: Mescheder et al. 2018, https://arxiv.org/abs/1801.04406.
    `pictures` must require gradients, and each logit must depend on its own picture only (no BatchNorm in D).
    """
    (gradient,) = torch.autograd.grad(logits.sum(), pictures, create_graph=True)
    return 0.5 * gradient.float().square().sum((1, 2, 3)).mean()
