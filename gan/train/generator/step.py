"""The training step: two networks, two optimizers, a moving average. The mathematics, apart from the plumbing."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import numpy as np
import torch
from accelerate import Accelerator

from gan.model.images import to_signed
from gan.model.networks import Discriminator, Generator, memory_format
from gan.model.weights import Weights
from gan.train.generator import losses
from gan.train.generator.augment import augment, flip
from gan.train.generator.transfer import start_from
from gan.train.schedules import cosine
from gan.train.settings import TrainSettings


class Judged(NamedTuple):
    """What the discriminator's step hands to the generator's, for one batch: recomputing it would cost two forwards."""

    count: int  # N, pictures in the batch
    fakes: torch.Tensor | None  # (N, 3, S, S) with their graph, or None: the generator makes others
    real_logits: torch.Tensor | None = None  # (N,) detached; None where the loss does not pair real and fake


class GanStep:
    """Everything that a step changes, and the step. All of it is in `state_dict`.

    Everything random in a step is drawn from (seed, process, step), so a run that resumes needs no random state.
    """

    def __init__(
        self, settings: TrainSettings, accelerator: Accelerator, total_steps: int, source: Weights | None = None
    ):
        self.settings, self.accelerator, self.total_steps = settings, accelerator, total_steps
        self.pictures_per_step = pictures_per_step(settings, accelerator.num_processes)
        self.step = 0  # completed steps
        # both steps look at the same fakes, which saves a forward; with several batches a step
        # their graphs would all have to be kept, and DistributedDataParallel wants forward and backward in pairs
        self.shares_fakes = settings.gradient_accumulation_steps == 1
        torch.manual_seed(settings.seed)
        place = {"device": accelerator.device, "memory_format": memory_format(accelerator.device)}
        self.generator = Generator(settings.model).to(**place)
        self.discriminator = Discriminator(settings.model).to(**place)
        # a sentence: which tensors of --init_from's weights were taken
        self.taken = start_from(source, self.generator, self.discriminator, settings.model) if source else ""
        self.ema = copy.deepcopy(self.generator).requires_grad_(False)
        # prepare() wraps for several processes and gives forward() its autocast, also on the bare networks kept here
        self.wrapped_generator, self.wrapped_discriminator, self.generator_optimizer, self.discriminator_optimizer = (
            accelerator.prepare(
                self.generator, self.discriminator, self._optimizer(self.generator), self._optimizer(self.discriminator)
            )
        )

    def __call__(self, batches: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        """One step for both networks.

        Args:
            batches: `gradient_accumulation_steps` tensors `(N, S, S, 3)` uint8 on the device.

        Returns:
            `loss_real`, `loss_fake`, `loss_generator` and, in steps that have one, `penalty`: detached scalars.
        """
        self._follow_schedules()
        random = self._random()
        real = [to_signed(batch) for batch in batches]
        if self.settings.flip:
            real = [flip(pictures, random) for pictures in real]
        discriminator_losses, judged = self._discriminator_step(real, random)
        generator_losses = self._generator_step(judged, random)
        self._update_ema()
        self.step += 1
        return {**discriminator_losses, **generator_losses}

    # --- the discriminator -------------------------------------------------------------------------------------

    def _discriminator_step(
        self, real: list[torch.Tensor], random: torch.Generator
    ) -> tuple[dict[str, torch.Tensor], list[Judged]]:
        """Update the discriminator on batches `(N, 3, S, S)` in [-1, 1]; mean losses, and what is handed over."""
        relativistic = self.settings.loss == "relativistic"
        backward = self._relativistic_discriminator if relativistic else self._bce_discriminator
        losses_of_batches, judged = zip(*self._for_each(self.wrapped_discriminator, backward, real, random))
        self._clip(self.discriminator)
        self.discriminator_optimizer.step()
        self.discriminator_optimizer.zero_grad()
        return _mean(losses_of_batches), list(judged)

    def _bce_discriminator(self, real: torch.Tensor, random: torch.Generator) -> tuple[dict[str, torch.Tensor], Judged]:
        # forward and backward in pairs: BatchNorm sees real and fake apart, as in the paper,
        # and two forwards before a backward would let the processes drift apart without an error
        real_loss = losses.bce_real(self.wrapped_discriminator(self._augment(real, random)))
        self._backward(real_loss)
        fakes = self._fakes(len(real), random)
        fake_loss = losses.bce_fake(self.wrapped_discriminator(self._augment(fakes.detach(), random)))
        self._backward(fake_loss)
        return {"loss_real": real_loss.detach(), "loss_fake": fake_loss.detach()}, Judged(
            len(real), fakes if self.shares_fakes else None
        )

    def _relativistic_discriminator(
        self, real: torch.Tensor, random: torch.Generator
    ) -> tuple[dict[str, torch.Tensor], Judged]:
        # one forward of both halves: the same mathematics without BatchNorm, and faster
        fakes = self._fakes(len(real), random)
        pictures = torch.cat([real, fakes.detach()])
        weight = self.penalty_weight if self.step % self.settings.penalty_every == 0 else 0
        pictures.requires_grad_(weight > 0)
        # a penalty's gradients are too small for float16
        with _float32(self.discriminator) if weight and self.accelerator.scaler else nullcontext():
            logits = self.wrapped_discriminator(self._augment(pictures, random))
        real_logits, fake_logits = logits.chunk(2)
        loss, logs = losses.relativistic_discriminator(real_logits, fake_logits), {}
        if weight:
            # the mean is over both halves, so twice it is R1 + R2
            penalty = 2 * losses.gradient_penalty(logits, pictures)
            loss = loss + weight * self.settings.penalty_every * penalty
            logs["penalty"] = penalty.detach()
        self._backward(loss)
        real_logits, fake_logits = real_logits.detach(), fake_logits.detach()
        # the objective is about pairs; these two are the losses of each side against the other's mean
        logs["loss_real"] = losses.bce_real(real_logits - fake_logits.mean())
        logs["loss_fake"] = losses.bce_fake(fake_logits - real_logits.mean())
        return logs, Judged(len(real), fakes if self.shares_fakes else None, real_logits)

    def _fakes(self, count: int, random: torch.Generator) -> torch.Tensor:
        """Fakes for the discriminator `(count, 3, S, S)`; with their graph where the generator's step uses them too."""
        if self.shares_fakes:
            return self.wrapped_generator(self._latents(count, random))
        with torch.no_grad():
            return self.generator(self._latents(count, random))

    # --- the generator -----------------------------------------------------------------------------------------

    def _generator_step(self, judged: list[Judged], random: torch.Generator) -> dict[str, torch.Tensor]:
        """Update the generator against what the discriminator's step hands over; mean losses."""
        # without this the discriminator's gradients would collect what is meant for the generator
        self.discriminator.requires_grad_(False)
        losses_of_batches = self._for_each(self.wrapped_generator, self._generator_backward, judged, random)
        self.discriminator.requires_grad_(True)
        self._clip(self.generator)
        self.generator_optimizer.step()
        self.generator_optimizer.zero_grad()
        return _mean(losses_of_batches)

    def _generator_backward(self, judged: Judged, random: torch.Generator) -> dict[str, torch.Tensor]:
        fakes = judged.fakes if self.shares_fakes else self.wrapped_generator(self._latents(judged.count, random))
        # the bare discriminator: it gets no gradients here, so there is nothing to synchronise
        fake_logits = self.discriminator(self._augment(fakes, random))
        if self.settings.loss == "relativistic":
            loss = losses.relativistic_generator(judged.real_logits, fake_logits)
        else:
            loss = losses.bce_generator(fake_logits)
        self._backward(loss)
        return {"loss_generator": loss.detach()}

    # --- what they share ---------------------------------------------------------------------------------------

    def _for_each(self, network, backward: Callable, batches: list, random: torch.Generator) -> list:
        """`backward(batch, random)` for each; gradients add up, and the last batch exchanges them between processes."""
        results = []
        for index, batch in enumerate(batches):
            waiting = index < len(batches) - 1
            with self.accelerator.no_sync(network) if waiting else nullcontext():
                results.append(backward(batch, random))
        return results

    def _backward(self, loss: torch.Tensor) -> None:
        self.accelerator.backward(loss / self.settings.gradient_accumulation_steps)

    def _optimizer(self, network: torch.nn.Module) -> torch.optim.Optimizer:
        s = self.settings
        if s.optimizer == "rmsprop":
            return torch.optim.RMSprop(network.parameters(), s.learning_rate, alpha=0.9)  # as Keras's; PyTorch has 0.99
        return torch.optim.Adam(network.parameters(), s.learning_rate, (s.adam_beta1, s.adam_beta2), fused=True)

    def _clip(self, network: torch.nn.Module) -> None:
        if self.settings.gradient_clip:
            self.accelerator.clip_grad_value_(network.parameters(), self.settings.gradient_clip)

    def _latents(self, count: int, random: torch.Generator) -> torch.Tensor:
        return torch.randn(count, self.settings.model.latent_dim, generator=random, device=self.accelerator.device)

    def _augment(self, pictures: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        return augment(pictures, self.augment_probability, random)

    def _random(self) -> torch.Generator:
        parts = (self.settings.seed, self.accelerator.process_index, self.step)
        words = np.random.SeedSequence(parts).generate_state(2)
        return torch.Generator(self.accelerator.device).manual_seed(int(words[0]) << 31 ^ int(words[1]))

    # --- what changes over the run -----------------------------------------------------------------------------

    def _follow_schedules(self) -> None:
        s, progress = self.settings, self.step / self.total_steps
        self.penalty_weight = cosine(progress, s.penalty_weight, s.penalty_weight_end) if s.penalty_weight else 0.0
        self.augment_probability = cosine(progress, 0.0, s.augment_probability)
        self.learning_rate = cosine(progress, s.learning_rate, s.learning_rate_end)
        for optimizer in (self.generator_optimizer, self.discriminator_optimizer):
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate
                if s.optimizer == "adam":
                    group["betas"] = (s.adam_beta1, cosine(progress, s.adam_beta2, s.adam_beta2_end))

    @torch.no_grad()
    def _update_ema(self) -> None:
        # not torch.optim.swa_utils.AveragedModel: it copies the first step instead of averaging it, so runs would end
        # differently, and its state has other names, so older checkpoints would not load
        # early on the network changes fast: the half-life is then at most 5 % of what has been shown (Karras et al.)
        shown = (self.step + 1) * self.pictures_per_step
        decay = 0.5 ** (self.pictures_per_step / min(self.settings.ema_half_life, 0.05 * shown))
        averages, values, current = [], [], self.generator.state_dict()
        # BatchNorm's running statistics too: weights of one moment with statistics of another are a broken network
        for name, average in self.ema.state_dict().items():
            if average.is_floating_point():
                averages.append(average)
                values.append(current[name])
            else:
                average.copy_(current[name])
        torch._foreach_lerp_(averages, values, 1 - decay)

    # --- saved and resumed -------------------------------------------------------------------------------------

    def state_dict(self) -> dict:
        """All that the next step depends on, as tensors and plain numbers."""
        states = {name: part.state_dict() for name, part in self._parts().items()}
        for state in states.values():
            state.pop("param_groups", None)  # rates and betas follow from settings and step
        return {"step": self.step, **states}

    def load_state_dict(self, state: dict) -> None:
        """Continue exactly where `state_dict` was taken.

        Raises:
            LookupError, TypeError, ValueError, RuntimeError: it is not of these networks and optimizers.
        """
        if state["step"] < 0:
            raise ValueError(f"step {state['step']}")
        self.step = state["step"]
        for name, part in self._parts().items():
            if isinstance(part, torch.optim.Optimizer):
                _restore(part, state[name]["state"], _MOMENTS[self.settings.optimizer])
            else:
                part.load_state_dict(state[name])

    def _parts(self) -> dict:
        # the scaler of losses, which float16 has
        scaler = {"scaler": self.accelerator.scaler} if self.accelerator.scaler else {}
        return {**{name: getattr(self, name) for name in _STATEFUL}, **scaler}


def _restore(optimizer: torch.optim.Optimizer, moments: dict, names: set[str]) -> None:
    """Give an optimizer its moments, or none before the first step."""
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": groups})
    for parameter in (each for group in optimizer.param_groups for each in group["params"] if moments):
        shapes = {name: () if name == "step" else parameter.shape for name in names}
        if {name: moment.shape for name, moment in optimizer.state[parameter].items()} != shapes:
            raise ValueError("moments of an optimizer differ in name or shape")


def _mean(logs: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return {name: torch.stack([log[name] for log in logs]).mean() for name in logs[0]}


# what PyTorch's optimizers keep of each parameter
_MOMENTS = {"adam": {"step", "exp_avg", "exp_avg_sq"}, "rmsprop": {"step", "square_avg"}}
_STATEFUL = ("generator", "discriminator", "ema", "generator_optimizer", "discriminator_optimizer")


@contextmanager
def _float32(network: torch.nn.Module) -> Iterator[None]:
    """Compute a prepared network without the autocast that Accelerate put around its forward()."""
    with_autocast, network.forward = network.forward, network._original_forward
    try:
        yield
    finally:
        network.forward = with_autocast


def pictures_per_step(settings: TrainSettings, processes: int) -> int:
    """Pictures that all processes together show in one step."""
    return settings.train_batch_size * settings.gradient_accumulation_steps * processes
