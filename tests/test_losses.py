import pytest
import torch
import torch.nn.functional as F

from gan.train.generator import losses

REAL, FAKE = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([0.0, 1.0, -3.0])


def test_bce_is_binary_cross_entropy():
    ones, zeros = torch.ones(3), torch.zeros(3)
    assert losses.bce_real(REAL) == pytest.approx(F.binary_cross_entropy_with_logits(REAL, ones).item(), rel=1e-6)
    assert losses.bce_fake(FAKE) == pytest.approx(F.binary_cross_entropy_with_logits(FAKE, zeros).item(), rel=1e-6)
    assert losses.bce_generator(FAKE) == pytest.approx(F.binary_cross_entropy_with_logits(FAKE, ones).item(), rel=1e-6)


def test_relativistic_pairs():
    by_hand = -torch.log(torch.sigmoid(REAL - FAKE)).mean()
    assert losses.relativistic_discriminator(REAL, FAKE) == pytest.approx(by_hand.item(), rel=1e-6)
    assert losses.relativistic_generator(REAL, FAKE) == losses.relativistic_discriminator(FAKE, REAL)


def test_extreme_logits_stay_finite():
    for loss in (losses.bce_real, losses.bce_fake, losses.bce_generator):
        assert torch.isfinite(loss(torch.tensor([1e4, -1e4])))


def test_penalty_of_a_linear_discriminator_is_half_its_squared_norm():
    weight = torch.randn(3, 4, 4, dtype=torch.float64)
    pictures = torch.randn(5, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    penalty = losses.gradient_penalty((pictures * weight).sum((1, 2, 3)), pictures)
    assert penalty.item() == pytest.approx(0.5 * weight.square().sum().item(), rel=1e-5)


def test_penalty_reaches_the_weights():
    weight = torch.tensor(2.0, requires_grad=True)
    pictures = torch.ones(2, 3, 4, 4, requires_grad=True)
    losses.gradient_penalty(weight * pictures.sum((1, 2, 3)), pictures).backward()
    assert weight.grad.item() == pytest.approx(2.0 * 48, rel=1e-5)  # d(w² · 48 / 2)/dw
