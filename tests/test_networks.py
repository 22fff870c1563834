import pytest
import torch

from gan.model.networks import Discriminator, Generator, parameter_count
from gan.model.settings import ModelSettings, ladder
from gan.train.settings import RECIPES


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("resolution", [16, 17, 28, 32, 48, 64, 100, 128, 150])
def test_exact_output_shapes_at_every_size(resolution, norm):
    steps = len(ladder(resolution)) - 1
    settings = ModelSettings(resolution, latent_dim=10, widths=(8,) * steps, discriminator_norm=norm)
    faces = Generator(settings)(torch.randn(3, 10))
    assert faces.shape == (3, 3, resolution, resolution)
    assert -1 <= faces.min() and faces.max() <= 1
    logits = Discriminator(settings)(faces)
    assert logits.shape == (3,) and logits.dtype == torch.float32


def test_default_widths_work_at_the_sizes_of_earlier_projects():
    for resolution in (16, 28, 32, 48, 64, 100, 128, 150):
        settings = ModelSettings(resolution)
        with torch.no_grad():
            assert Discriminator(settings)(Generator(settings)(torch.randn(2, 100))).shape == (2,)


def test_parameters_of_the_64_px_defaults():
    # the PyTorch tutorial's generator has 3,576,704 and its discriminator 2,765,568
    assert parameter_count(Generator(RECIPES["dcgan"].model)) == 3_576_704
    assert parameter_count(Discriminator(RECIPES["dcgan"].model)) == 2_765_568
    assert parameter_count(Generator(ModelSettings())) == 3_576_704
    assert 2.75e6 < parameter_count(Discriminator(ModelSettings())) < 2.85e6


def test_without_norm_a_logit_depends_on_its_own_picture_only():
    settings = ModelSettings(16, widths=(8, 8))
    discriminator = Discriminator(settings)
    pictures = torch.randn(4, 3, 16, 16)
    assert torch.allclose(discriminator(pictures)[:1], discriminator(pictures[:1]), atol=1e-6)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in discriminator.modules())


def test_logits_are_float32_under_bf16_and_not_rounded_to_it():
    discriminator = Discriminator(ModelSettings(16, widths=(8, 8)))
    with torch.autocast("cpu", torch.bfloat16):
        logits = discriminator(torch.randn(64, 3, 16, 16))
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, logits.bfloat16().float())


def test_paper_initialisation():
    torch.manual_seed(0)
    generator = Generator(ModelSettings())
    assert abs(generator.project.weight.std().item() - 0.02) < 0.001
    assert abs(generator.steps[0][0].weight.mean().item()) < 0.001
    assert abs(Discriminator(RECIPES["dcgan"].model).steps[2][0].weight.std().item() - 0.02) < 0.001
