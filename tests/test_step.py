import copy
import dataclasses

import pytest
import torch
from small import SMALL, accelerator

from gan.model import networks
from gan.model.images import to_signed
from gan.train.generator import step
from gan.train.generator.step import GanStep, pictures_per_step
from gan.train.schedules import cosine
from gan.train.settings import RECIPES


def make(recipe: str = "modern", **changes) -> GanStep:
    of_recipe = RECIPES[recipe].model
    changes = {"augment_probability": 0.3, **changes} if recipe == "modern" else changes  # off by default
    model = dataclasses.replace(SMALL, discriminator_norm=of_recipe.discriminator_norm, skips=of_recipe.skips)
    settings = dataclasses.replace(RECIPES[recipe], model=model, train_batch_size=8, **changes)
    return GanStep(settings, accelerator("no"), total_steps=20)


def batch(number: int = 0, count: int = 8) -> torch.Tensor:
    return torch.randint(0, 256, (count, 16, 16, 3), generator=torch.Generator().manual_seed(number), dtype=torch.uint8)


def parameters(network) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in network.parameters()]).clone()


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_step_moves_both_networks_and_reports_its_losses(recipe):
    gan = make(recipe)
    before = parameters(gan.generator), parameters(gan.discriminator)
    logs = gan([batch()])
    assert gan.step == 1
    assert {"loss_real", "loss_fake", "loss_generator"} <= logs.keys() and ("penalty" in logs) == (recipe == "modern")
    assert all(torch.isfinite(value) and not value.requires_grad for value in logs.values())
    # Adam's first step is the learning rate, whatever the size of the gradient; RMSProp's is 1 / sqrt(1 - 0.9) of it
    rate = gan.settings.learning_rate
    for old, network in zip(before, (gan.generator, gan.discriminator)):
        moved = (parameters(network) - old).abs().max().item()
        assert 0.5 * rate < moved < 1.01 * rate * (1 if recipe == "dcgan" else 3.2)


@pytest.mark.parametrize("flip", [True, False])
def test_pictures_are_mirrored_unless_they_must_not_be(flip):
    gan = make(augment_probability=0.0, flip=flip)
    picture = torch.zeros(8, 16, 16, 3, dtype=torch.uint8)
    picture[:, :, 8:] = 255  # black, then white
    seen = []
    gan.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    gan([picture])
    first = seen[0][:, 0, 0]
    real = first[(first.abs() == 1).all(1)]
    mirrored = (real[:, 0] > real[:, -1]).sum().item()
    assert len(real) == 8 and (0 < mirrored < 8 if flip else mirrored == 0)


def test_nothing_is_left_in_the_gradients():
    gan = make()
    gan([batch()])
    for network in (gan.generator, gan.discriminator):
        assert all(p.grad is None and p.requires_grad for p in network.parameters())


def test_a_step_leaves_nothing_behind_but_its_state_and_schedules():
    gan = make()
    before = set(vars(gan))
    gan([batch()])
    assert set(vars(gan)) - before == {"penalty_weight", "augment_probability", "learning_rate"}


def test_the_generator_step_leaves_the_discriminator_alone():
    gan = make()
    gan._follow_schedules()
    _, judged = gan._discriminator_step([to_signed(batch())], torch.Generator())
    before = parameters(gan.discriminator)
    gan._generator_step(judged, torch.Generator())
    assert torch.equal(parameters(gan.discriminator), before)
    assert all(p.grad is None for p in gan.discriminator.parameters())


@pytest.mark.parametrize(
    "recipe, batches, generated, judged",
    [("modern", 1, 1, 2), ("modern", 2, 4, 4), ("dcgan", 1, 1, 3), ("dcgan", 2, 4, 6)],
)
def test_nothing_is_made_or_judged_twice(recipe, batches, generated, judged):
    gan, forwards = make(recipe, gradient_accumulation_steps=batches), {"generator": 0, "discriminator": 0}
    for name in forwards:
        getattr(gan, name).register_forward_hook(lambda *_, name=name: forwards.update({name: forwards[name] + 1}))
    gan([batch()] * batches)
    assert forwards == {"generator": generated, "discriminator": judged}


def test_gradients_are_clipped_where_the_recipe_says_so(monkeypatch):
    gan, largest = make("rmsprop", gradient_clip=1e-3), []
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        monkeypatch.setattr(
            optimizer,
            "step",
            lambda optimizer=optimizer: largest.append(
                max(p.grad.abs().max().item() for group in optimizer.param_groups for p in group["params"])
            ),
        )
    gan([batch()])
    assert largest == [pytest.approx(1e-3)] * 2


def test_penalties_come_every_so_many_steps():
    gan = make(penalty_every=3)
    assert ["penalty" in gan([batch(n)]) for n in range(6)] == [True, False, False, True, False, False]
    gan = make(penalty_every=1, penalty_weight=0.0)  # none at all, whatever the final weight
    assert gan.settings.penalty_weight_end > 0 and not any("penalty" in gan([batch(n)]) for n in range(6))


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_discriminator_learns_to_tell(recipe):
    """White noise against a generator that does not learn: the critic needs only a few steps."""
    gan = make(recipe, learning_rate=2e-3, learning_rate_end=2e-3)
    gan._generator_step = lambda *_: {}
    first = gan([batch(0)])
    for number in range(1, 30):
        last = gan([batch(number)])
    assert last["loss_real"] + last["loss_fake"] < 0.7 * (first["loss_real"] + first["loss_fake"])


def test_accumulated_gradients_are_those_of_the_whole_batch():
    """Without BatchNorm in the way (eval mode) 2 x 4 pictures move the discriminator like 8 do."""

    def discriminator_after(accumulate):
        gan = make(gradient_accumulation_steps=accumulate, augment_probability=0.0, penalty_weight=0.0)
        gan.generator.eval()
        gan._follow_schedules()
        latents = torch.randn(8, 8, generator=torch.Generator().manual_seed(5)).split(8 // accumulate)
        queue = list(latents)
        gan._latents = lambda count, random: queue.pop(0)
        gan._discriminator_step(list(to_signed(batch()).split(8 // accumulate)), torch.Generator())
        return parameters(gan.discriminator)

    whole, parts = discriminator_after(1), discriminator_after(2)
    # not all: Adam's first step turns a rounding error in a tiny gradient into a full step
    assert ((whole - parts).abs() < 1e-6).float().mean() > 0.999


def test_ema_follows_at_its_half_life_batchnorm_included():
    gan = make(ema_half_life=16)
    gan.step = 1000  # far beyond the start, where the half-life is shorter
    for average in gan.ema.state_dict().values():
        average.zero_()
    for value in gan.generator.state_dict().values():
        value.fill_(1)
    gan._update_ema()
    gan._update_ema()  # 2 steps of 8 pictures: one half-life
    for name, average in gan.ema.state_dict().items():
        expected = 1.0 if name.endswith("num_batches_tracked") else 0.5
        assert torch.allclose(average.float(), torch.tensor(expected), atol=1e-6), name


def test_early_on_the_ema_keeps_up():
    gan = make()
    gan.ema.project.weight.zero_()
    gan.generator.state_dict()["project.weight"].fill_(1)
    gan._update_ema()  # half-life 5 % of the 8 pictures shown
    assert gan.ema.project.weight.min() > 0.999


def test_a_step_is_a_function_of_seed_and_step():
    one, two, other = make(), make(), make(seed=1)
    for number in range(3):
        for gan in (one, two, other):
            gan([batch(number)])
    assert torch.equal(parameters(one.ema), parameters(two.ema))
    assert not torch.equal(parameters(one.ema), parameters(other.ema))


def test_a_restored_state_continues_bit_for_bit():
    gan, fresh = make(), make(seed=0)
    for number in range(4):
        gan([batch(number)])
    fresh.load_state_dict(copy.deepcopy(gan.state_dict()))
    for number in range(4, 9):
        gan([batch(number)])
        fresh([batch(number)])
    for network in ("generator", "discriminator", "ema"):
        states = getattr(gan, network).state_dict(), getattr(fresh, network).state_dict()
        assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_schedules_go_where_they_should():
    assert cosine(0, 4, 1) == 4 and cosine(1, 4, 1) == 1 and cosine(0.5, 4, 1) == pytest.approx(2.5)
    assert cosine(2, 4, 1) == 1
    gan = make()
    gan.step = 20
    gan._follow_schedules()
    s = gan.settings
    assert (gan.penalty_weight, gan.augment_probability) == pytest.approx((s.penalty_weight_end, s.augment_probability))
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(s.learning_rate_end)
        assert optimizer.param_groups[0]["betas"] == pytest.approx((s.adam_beta1, s.adam_beta2_end))


def test_networks_are_channels_last_and_work_in_bf16():
    model = dataclasses.replace(SMALL, skips=True)
    gan = GanStep(dataclasses.replace(RECIPES["modern"], model=model, train_batch_size=8), accelerator("bf16"), 10)
    seen = []
    for layer in (gan.discriminator.steps[1], gan.discriminator.shortcuts[0], gan.generator.skips[1]):
        layer.register_forward_hook(lambda module, inputs, output: seen.append(output))
    gan([batch()])
    assert len(seen) == 5 and {output.dtype for output in seen} == {torch.bfloat16}
    assert all(output.is_contiguous(memory_format=torch.channels_last) for output in seen)
    assert {p.dtype for p in gan.discriminator.parameters()} == {torch.float32}


def half(recipe: str = "modern", **changes) -> GanStep:
    """A step in float16 with its loss scaler, on the CPU, where Accelerate itself refuses it."""
    settings = make(recipe, **changes).settings
    prepared = accelerator("bf16")
    prepared.state._mixed_precision, prepared.scaler = "fp16", torch.amp.GradScaler("cpu", init_scale=2.0**16)
    return GanStep(settings, prepared, total_steps=20)


def test_float16_computes_in_float16_but_for_the_penalty():
    gan, seen = half(penalty_every=2), []
    for name in ("generator", "discriminator"):
        layer = getattr(gan, name).steps[-1]
        layer.register_forward_hook(lambda module, inputs, output, name=name: seen.append((name, output.dtype)))
    before = parameters(gan.generator), parameters(gan.discriminator)
    assert "penalty" in gan([batch(0)]) and "penalty" not in gan([batch(1)])
    fakes, judged = ("generator", torch.float16), ("discriminator", torch.float16)
    assert seen == [fakes, ("discriminator", torch.float32), judged, fakes, judged, judged]
    for old, network in zip(before, (gan.generator, gan.discriminator)):
        now = parameters(network)
        assert now.dtype == torch.float32 and torch.isfinite(now).all() and not torch.equal(now, old)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_gradient_that_overflows_skips_the_step_and_lowers_the_scale(recipe):
    gan = half(recipe)
    gan([batch(0)])
    gan.accelerator.scaler.update(2.0**126)
    before, moments = parameters(gan.discriminator), copy.deepcopy(gan.discriminator_optimizer.state_dict()["state"])
    logs = gan([batch(1)])
    assert all(torch.isfinite(value) for value in logs.values())  # the run goes on
    assert torch.equal(parameters(gan.discriminator), before)
    for number, entry in gan.discriminator_optimizer.state_dict()["state"].items():
        assert all(torch.equal(value, moments[number][name]) for name, value in entry.items())
    assert gan.accelerator.scaler.get_scale() == 2.0**124  # halved after each network's step
    gan.accelerator.scaler.update(2.0**10)
    gan([batch(2)])
    assert not torch.equal(parameters(gan.discriminator), before) and gan.accelerator.scaler.get_scale() == 2.0**10


def test_the_scale_of_float16_is_resumed():
    gan = half()
    gan([batch(0)])
    gan.accelerator.scaler.update(2.0**9)
    saved, fresh = copy.deepcopy(gan.state_dict()), half()
    fresh.load_state_dict(saved)
    for number in range(1, 4):
        gan([batch(number)])
        fresh([batch(number)])
    assert torch.equal(parameters(gan.ema), parameters(fresh.ema)) and fresh.accelerator.scaler.get_scale() == 2.0**9
    assert "scaler" not in make().state_dict()  # older checkpoints stay as they are


def test_on_apples_gpu_everything_is_contiguous(monkeypatch):
    """There is none here: the code is asked, and a step on the CPU is told that it is one."""
    assert networks.memory_format(torch.device("mps")) is torch.contiguous_format
    assert networks.memory_format(torch.device("cpu")) is networks.memory_format(torch.device("cuda", 0))
    original = networks.memory_format
    for module in (networks, step):
        monkeypatch.setattr(module, "memory_format", lambda device: original(torch.device("mps")))
    gan, seen, layers = make(), [], 0
    for network in (gan.generator, gan.discriminator):
        assert all(value.is_contiguous() for value in network.state_dict().values())
        for layer in network.modules():
            if isinstance(layer, (torch.nn.BatchNorm2d, torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
                layer.register_forward_hook(lambda module, inputs, output: seen.append((inputs[0], output)))
                layers += 1
    gan.step = 10  # pictures are augmented by then
    gan([batch()])
    assert gan.augment_probability > 0 and len(seen) >= layers >= 6
    assert all(tensor.is_contiguous() for pair in seen for tensor in pair)


def test_pictures_per_step_count_everything():
    assert pictures_per_step(dataclasses.replace(RECIPES["modern"], gradient_accumulation_steps=3), 2) == 32 * 3 * 2
