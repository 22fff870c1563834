import pytest
import torch

from gan.model.networks import Discriminator, Generator, parameter_count
from gan.model.settings import ModelSettings, ladder
from gan.train.settings import RECIPES


@pytest.mark.parametrize("norm, skips", [("none", False), ("none", True), ("batch", False), ("batch", True)])
@pytest.mark.parametrize("resolution", [16, 17, 28, 32, 48, 64, 100, 128, 150])
def test_exact_output_shapes_at_every_size(resolution, norm, skips):
    steps = len(ladder(resolution)) - 1
    settings = ModelSettings(resolution, latent_dim=10, widths=(8,) * steps, discriminator_norm=norm, skips=skips)
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
    assert parameter_count(Generator(RECIPES["modern"].model)) == 3_576_704 + 3 * (512 + 256 + 128 + 64) + 4 * 3
    assert 2.75e6 < parameter_count(Discriminator(ModelSettings())) < 2.85e6


def test_with_skips_each_step_of_the_generator_adds_to_the_picture():
    """Without the last layer, a head for one step alone gives its features' picture, enlarged bilinearly."""
    torch.manual_seed(0)
    generator = Generator(ModelSettings(32, latent_dim=10, widths=(8, 8, 8), skips=True)).eval()
    latents, enlarged = torch.randn(4, 10), []
    with torch.no_grad():
        for skip in generator.skips:
            skip.weight.zero_()
            skip.bias.zero_()
        generator.to_rgb.weight.zero_()
        assert not generator(latents).any()
        features = generator.first_features(latents)
        for k, skip in enumerate(generator.skips):
            skip.weight.normal_()
            expected = skip(features)
            for size in (8, 16, 32)[k:]:
                expected = torch.nn.functional.interpolate(expected, (size, size), mode="bilinear")
            enlarged.append(expected)
            assert torch.allclose(generator(latents), torch.tanh(sum(enlarged)), atol=1e-5)
            features = generator.steps[k](features) if k < 2 else None


def test_with_skips_a_shortcut_goes_beside_each_step_of_the_discriminator_but_the_first():
    discriminator = Discriminator(ModelSettings(32, widths=(8, 6, 4), skips=True))
    assert [shortcut[-1].weight.shape for shortcut in discriminator.shortcuts] == [(6, 4, 1, 1), (8, 6, 1, 1)]
    pictures = torch.randn(4, 3, 32, 32)
    features = discriminator.steps[0](pictures)
    for step, shortcut in zip(discriminator.steps[1:], discriminator.shortcuts):
        mean_of_four = torch.nn.functional.avg_pool2d(features, 2)
        features = (step(features) + shortcut[-1](mean_of_four)) / 2**0.5
    assert torch.allclose(discriminator.last_features(pictures), features, atol=1e-6)


def test_networks_without_skips_have_the_names_that_older_weights_have():
    for network in (Generator(ModelSettings(16)), Discriminator(ModelSettings(16))):
        assert not any("skip" in name or "shortcut" in name for name in network.state_dict())


def test_without_norm_a_logit_depends_on_its_own_picture_only():
    settings = ModelSettings(16, widths=(8, 8), skips=True)
    discriminator = Discriminator(settings)
    pictures = torch.randn(4, 3, 16, 16)
    assert torch.allclose(discriminator(pictures)[:1], discriminator(pictures[:1]), atol=1e-6)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in discriminator.modules())


def test_logits_are_float32_under_bf16_and_not_rounded_to_it():
    discriminator = Discriminator(ModelSettings(16, widths=(8, 8), skips=True))
    with torch.autocast("cpu", torch.bfloat16):
        logits = discriminator(torch.randn(64, 3, 16, 16))
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, logits.bfloat16().float())


def test_with_skips_the_picture_is_summed_in_float32_under_bf16():
    generator = Generator(ModelSettings(16, widths=(8, 8), skips=True))
    with torch.autocast("cpu", torch.bfloat16):
        faces = generator(torch.randn(4, 100))
    assert faces.dtype == torch.float32 and not torch.equal(faces, faces.bfloat16().float())


def test_paper_initialisation():
    torch.manual_seed(0)
    generator = Generator(ModelSettings())
    assert abs(generator.project.weight.std().item() - 0.02) < 0.001
    assert abs(generator.steps[0][0].weight.mean().item()) < 0.001
    assert abs(Discriminator(RECIPES["dcgan"].model).steps[2][0].weight.std().item() - 0.02) < 0.001
