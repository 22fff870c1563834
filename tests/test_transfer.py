"""--init_from: which trained weights are copied, and that a grown network begins as the one it grew from."""

import dataclasses

import pytest
import torch
from torch.nn.functional import interpolate

from gan import UserError
from gan.model import weights
from gan.model.networks import Discriminator, Generator
from gan.model.settings import ModelSettings, ladder
from gan.train.generator.transfer import fitting, open_source, origin, start_from

SMALL = ModelSettings(16, latent_dim=8, widths=(32, 16))
SKIPPING = dataclasses.replace(SMALL, skips=True)
COUNTS = {"training": {"pictures": 5, "data": "drawn"}}


def trained(folder, settings) -> weights.Weights:
    """Networks with BatchNorm statistics and weights that differ from the initial ones."""
    torch.manual_seed(0)
    generator, discriminator = Generator(settings), Discriminator(settings)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(2)
        for skip in generator.skips:
            skip.weight.mul_(2)  # as large a part of the picture as the last layer's
        for _ in range(50):
            generator(torch.randn(64, 8))
    weights.save(folder, generator, discriminator, settings, COUNTS)
    return weights.load(folder)


@pytest.fixture
def source(tmp_path) -> weights.Weights:
    return trained(tmp_path, SMALL)


@pytest.fixture
def skipping(tmp_path) -> weights.Weights:
    return trained(tmp_path, SKIPPING)


def faces(generator, count: int = 32) -> torch.Tensor:
    """Before the tanh."""
    return torch.atanh(generator(torch.randn(count, 8, generator=torch.Generator().manual_seed(2))))


def drawn(resolution: int) -> torch.Tensor:
    """Pictures for the discriminator."""
    return torch.rand(8, 3, resolution, resolution, generator=torch.Generator().manual_seed(3)) * 2 - 1


def started(source, settings) -> tuple[Generator, Discriminator, str]:
    torch.manual_seed(1)
    generator, discriminator = Generator(settings), Discriminator(settings)
    said = start_from(source, generator, discriminator, settings)
    return generator.eval(), discriminator.eval(), said


def test_the_same_size_is_taken_whole(source):
    generator, discriminator, said = started(source, SMALL)
    for network, its_source in ((generator, source.generator), (discriminator, source.discriminator)):
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, its_source.state_dict()[name]), name
    assert said == f"Starting from generator {source.generator_id} (16 px): 19 tensors fit, 100% of all numbers."


@pytest.mark.parametrize("resolution, steps", [(32, 1), (31, 1), (64, 2), (61, 2)])
def test_a_grown_network_begins_as_the_one_it_grew_from(source, resolution, steps):
    settings = ModelSettings(resolution, latent_dim=8, widths=(32, 16, 12, 8)[: 2 + steps])
    generator, discriminator, said = started(source, settings)
    assert f", {steps} step{'s' * (steps - 1)} grown onto both networks." in said
    latents = torch.randn(32, 8, generator=torch.Generator().manual_seed(2))
    small = source.generator(latents)
    even = resolution % 2 == 0
    # except at the border, which zero padding changes, the faces are the small ones enlarged (before the tanh)
    expected = torch.atanh(small)
    for size in ladder(resolution)[-steps:]:
        expected = interpolate(expected, (size, size), mode="bilinear", align_corners=not even)
    border = 2 * 2**steps
    difference = (generator(latents) - torch.tanh(expected))[:, :, border:-border, border:-border].abs()
    assert difference.mean() < 0.01
    assert (small - source.generator(latents.flip(0))).abs().mean() > 0.1  # different faces differ by far more
    if even:
        pictures = torch.rand(8, 3, resolution, resolution, generator=torch.Generator().manual_seed(3)) * 2 - 1
        expected = source.discriminator(torch.nn.functional.avg_pool2d(pictures, 2**steps))
        assert torch.allclose(discriminator(pictures), expected, atol=1e-5)


@pytest.mark.parametrize("resolution, norm", [(16, "none"), (17, "none"), (30, "none"), (16, "batch")])
def test_skips_are_added_to_networks_that_begin_as_they_were(tmp_path, resolution, norm):
    widths = (32, 16, 8)[: len(ladder(resolution)) - 1]
    settings = ModelSettings(resolution, latent_dim=8, widths=widths, discriminator_norm=norm)
    source = trained(tmp_path, settings)
    generator, discriminator, said = started(source, dataclasses.replace(settings, skips=True))
    assert "tensors fit, 100% of all numbers, skips added to both networks." in said
    assert torch.allclose(faces(generator), faces(source.generator), atol=1e-4)
    expected = source.discriminator(drawn(resolution))
    assert torch.allclose(discriminator(drawn(resolution)), expected, atol=1e-5)
    assert expected.std() > 1e-3 and faces(generator).std() > 0.1


def test_skips_that_were_added_can_learn(source):
    generator, discriminator, _ = started(source, SKIPPING)
    discriminator(generator(torch.randn(16, 8))).sum().backward()
    for skip in (*generator.skips, *(shortcut[-1] for shortcut in discriminator.shortcuts)):
        assert not skip.weight.any() and skip.weight.grad.abs().mean() > 1e-6


def test_skips_of_the_source_are_taken_and_not_left_out(skipping):
    generator, discriminator, said = started(skipping, SKIPPING)
    assert torch.equal(generator.skips[1].bias, skipping.generator.skips[1].bias)
    assert torch.equal(faces(generator), faces(skipping.generator))
    assert torch.equal(discriminator(drawn(16)), skipping.discriminator(drawn(16)))
    assert "skips" not in said
    with pytest.raises(UserError, match="has skips and cannot start networks without: add --skips"):
        started(skipping, SMALL)


@pytest.mark.parametrize("of_source", [SMALL, SKIPPING], ids=["added", "taken"])
@pytest.mark.parametrize("resolution, steps", [(32, 1), (31, 1), (64, 2)])
def test_a_network_grown_with_skips_begins_as_the_one_it_grew_from(tmp_path, of_source, resolution, steps):
    source = trained(tmp_path, of_source)
    settings = ModelSettings(resolution, latent_dim=8, widths=(32, 16, 12, 8)[: 2 + steps], skips=True)
    generator, discriminator, said = started(source, settings)
    assert f", {steps} step{'s' * (steps - 1)} grown onto both networks." in said
    even, expected = resolution % 2 == 0, faces(source.generator)
    for size in ladder(resolution)[-steps:]:
        expected = interpolate(expected, (size, size), mode="bilinear", align_corners=not even)
    assert torch.allclose(torch.tanh(faces(generator)), torch.tanh(expected), atol=1e-3)
    assert (expected - expected.flip(0)).abs().mean() > 0.1  # different faces differ by far more
    if even:
        expected = source.discriminator(torch.nn.functional.avg_pool2d(drawn(resolution), 2**steps))
        assert torch.allclose(discriminator(drawn(resolution)), expected, atol=1e-5)


def test_no_value_of_a_grown_picture_is_lost_around_mid_grey(source):
    generator, _, _ = started(source, ModelSettings(32, latent_dim=8, widths=(32, 16, 8)))
    carried = []
    generator.steps[-1].register_forward_hook(lambda module, inputs, output: carried.append(output[:, :6]))
    generator(torch.randn(64, 8, generator=torch.Generator().manual_seed(2)))
    assert not ((carried[0][:, :3] == 0) & (carried[0][:, 3:] == 0)).any()


def test_in_training_too_a_grown_generator_begins_as_the_one_it_grew_from(source):
    settings = ModelSettings(32, latent_dim=8, widths=(32, 16, 8))
    generator, _, _ = started(source, settings)
    latents = torch.randn(256, 8, generator=torch.Generator().manual_seed(2))
    difference = generator.train()(latents) - generator.eval()(latents)
    assert difference.abs().mean() < 0.05


@pytest.mark.parametrize("skips", [False, True])
def test_everything_that_was_grown_can_learn(source, skips):
    generator, discriminator, _ = started(source, ModelSettings(32, latent_dim=8, widths=(32, 16, 8), skips=skips))
    optimizer = torch.optim.Adam([*generator.parameters(), *discriminator.parameters()], 1e-3)
    before = [
        parameter.detach().clone() for network in (generator, discriminator) for parameter in network.parameters()
    ]
    for _ in range(3):  # what leads into weights of zero gets its first gradient in the second step
        optimizer.zero_grad()
        discriminator(generator.train()(torch.randn(16, 8))).sum().backward()
        optimizer.step()
    after = [parameter for network in (generator, discriminator) for parameter in network.parameters()]
    for old, new in zip(before, after):
        moved = (new - old).abs() > 1e-5
        assert moved.float().mean() > 0.9


def test_other_widths_take_what_fits(source):
    generator, discriminator, said = started(source, ModelSettings(16, latent_dim=8, widths=(32, 24)))
    assert torch.equal(generator.project.weight, source.generator.project.weight)
    assert torch.equal(discriminator.judge.weight, source.discriminator.judge.weight)
    assert generator.to_rgb.weight.shape != source.generator.to_rgb.weight.shape
    assert "grown" not in said and "100%" not in said


def test_a_smaller_size_takes_the_coarse_steps(source):
    large = ModelSettings(32, latent_dim=8, widths=(32, 16, 8))
    generator, discriminator = Generator(large), Discriminator(large)
    start_from(source, generator, discriminator, large)
    big = weights.Weights(generator, discriminator, large, {}, "0" * 12)
    small, small_discriminator, said = started(big, ModelSettings(16, latent_dim=8, widths=(32, 16)))
    assert torch.equal(small.project.weight, source.generator.project.weight)
    assert torch.equal(small.steps[0][0].weight, source.generator.steps[0][0].weight)
    assert torch.equal(small_discriminator.steps[1][0].weight, source.discriminator.steps[1][0].weight)
    assert "grown" not in said


def test_weights_of_which_nothing_fits_are_refused(source):
    with pytest.raises(UserError, match="Nothing of generator .* fits: it has --widths 32 16 and --latent_dim 8"):
        started(source, ModelSettings(16, latent_dim=9, widths=(33, 17)))


def test_widths_left_open_are_those_of_the_source():
    assert fitting(ModelSettings(64, latent_dim=8), SMALL).widths == (32, 16, 16, 16)
    assert fitting(ModelSettings(16, latent_dim=8), ModelSettings(64)).widths == (512, 256)
    assert fitting(ModelSettings(32, widths=(9, 8, 7)), SMALL).widths == (9, 8, 7)


def test_a_source_is_a_folder_or_one_sentence(source, tmp_path):
    assert open_source(str(tmp_path)).generator_id == source.generator_id
    with pytest.raises(UserError, match="config.json is missing"):
        (tmp_path / "empty").mkdir()
        open_source(str(tmp_path / "empty"))
    file = source.folder / "generator.safetensors"
    with pytest.raises(UserError, match="generator.safetensors is a file: name the folder of weights that holds it"):
        open_source(str(file))
    with pytest.raises(UserError, match="--init_from runs/a/weights: there is no such folder here"):
        open_source("runs/a/weights")


def test_all_pictures_that_weights_have_ever_seen_are_named(source, tmp_path):
    first = origin(source)
    assert first == {"generator": source.generator_id, "pictures": 5, "data": "drawn"}
    for data, said in (("drawn", "drawn"), ("painted", "painted; drawn")):
        config = {"training": {"pictures": 7, "data": data, "started_from": first}}
        second = origin(weights.Weights(None, None, SMALL, config, "0" * 12, tmp_path))
        assert second == {"generator": "0" * 12, "pictures": 7, "data": said, "started_from": first}
