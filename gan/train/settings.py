"""All settings of a training with their defaults, and the recipes. The command line is made from these."""

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gan.model.settings import ModelSettings, check

STORE_DIR = Path("~/.cache/seedfaces")


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Which pictures to read."""

    # folder of pictures (nested ones too), of parquet files, or with torchvision's CelebA layout; or a .zip of pictures
    train_data_dir: Path | None = None
    # data set on the Hugging Face Hub (user/name), instead of --train_data_dir
    dataset_name: str | None = None
    # its configuration, where it has several
    dataset_config_name: str | None = None
    # its split; default: all of them, with what is called test or validation held out
    dataset_split: str | None = None
    # its column that holds the pictures; default: the first
    image_column: str | None = None
    # what is learned of each picture: the square in its middle, or that around a face, turned upright
    crop: Literal["middle", "face"] = "middle"
    # with --crop face: the largest face of each picture, or all that are large enough
    faces: Literal["largest", "all"] = "largest"

    def data_arguments(self) -> list[str]:
        """The part of a command line that names these pictures."""
        given = [field.name for field in dataclasses.fields(DataSettings) if getattr(self, field.name) != field.default]
        return [word for name in given for word in (f"--{name}", str(getattr(self, name)))]


@dataclass(frozen=True)
class TrainSettings(DataSettings):
    """Train a face GAN on your pictures. Defaults are those of the recipe (see --recipe)."""

    # what the model card calls the pictures; default: the name of the folder or data set
    data_name: str | None = None
    # folder for checkpoints, sheets, metrics and the weights folder
    output_dir: Path = Path("runs/faces")
    # folder that keeps decoded pictures for the next run; pictures x resolution^2 x 3 bytes
    store_dir: Path = STORE_DIR
    # the two networks
    model: ModelSettings = field(default_factory=lambda: ModelSettings(skips=True))
    # set of defaults: modern (relativistic, R1 + R2, skips, no norm in D), dcgan (the paper's) or rmsprop (the classic
    # of Keras tutorials)
    recipe: Literal["modern", "dcgan", "rmsprop"] = "modern"
    # start from trained weights, a folder or user/name on the Hub: copies all that fits, and for a larger size grows
    # new steps
    init_from: str | None = None

    # objective: relativistic pairs each real picture with a fake one (R3GAN); bce is the original GAN's
    loss: Literal["relativistic", "bce"] = "relativistic"
    # R1 = R2 gradient penalty weight at the start of the run; 0: none
    penalty_weight: float = 0.3
    # ... and at its end (cosine)
    penalty_weight_end: float = 0.1
    # steps between penalties; each is weighted by this number (lazy regularisation, StyleGAN2)
    penalty_every: int = 8
    # probability per picture of shift and colour augmentation, rising from 0 to this over the run; 0.6 helps with
    # hundreds of pictures, none is better with thousands
    augment_probability: float = 0.0
    # mirror every second picture; not for digits, letters and other things with a left and a right
    flip: bool = True
    # optimizer for both networks
    optimizer: Literal["adam", "rmsprop"] = "adam"
    # learning rate at the start of the run
    learning_rate: float = 8e-4
    # ... and at its end (cosine)
    learning_rate_end: float = 2e-4
    # Adam's decay rate of the mean gradient
    adam_beta1: float = 0.0
    # Adam's decay rate of the mean squared gradient at the start of the run
    adam_beta2: float = 0.9
    # ... and at its end (cosine)
    adam_beta2_end: float = 0.99
    # entries of gradients are clipped to this absolute value; 0: not clipped
    gradient_clip: float = 0.0
    # half-life of the generator's moving average, pictures
    ema_half_life: int = 10_000

    # pictures per step and process
    train_batch_size: int = 32
    # batches per step, whose gradients are added up
    gradient_accumulation_steps: int = 1
    # length of the run in passes through the pictures; default: 25, or more, until 500,000 pictures have been shown
    num_epochs: float | None = None
    # length of the run in steps, instead of --num_epochs
    max_train_steps: int | None = None
    # auto: what accelerate launch asks for; else bf16 where the hardware has it (CUDA from Ampere, CPU with AMX or
    # AVX512-BF16). fp16 is for GPUs before Ampere, such as T4 and V100
    mixed_precision: Literal["auto", "bf16", "fp16", "no"] = "auto"
    # seed of everything random
    seed: int = 0

    # steps between checkpoints; each also refreshes OUTPUT_DIR/weights
    checkpointing_steps: int = 1000
    # go on from a checkpoint: its path, or "latest"; starts from the beginning where "latest" finds none
    resume_from_checkpoint: str | None = None
    # steps between lines of metrics.jsonl
    logging_steps: int = 50
    # number of sample sheets over the whole run, at even intervals
    sample_sheets: int = 60
    # push the weights to the Hugging Face Hub at the end and, in the background, every --push_every steps
    push_to_hub: bool = False
    # model repo on the Hub, user/name; created if it does not exist
    hub_model_id: str | None = None
    # create it as a private repo
    hub_private_repo: bool = False
    # steps between pushes
    push_every: int = 5000
    # tracker, through Accelerate
    report_to: Literal["tensorboard", "none"] = "tensorboard"
    # TorchScript feature network for the Frechet distance; without one nothing is measured
    eval_features: Path | None = None
    # steps between measurements; 0: only at the end
    eval_every: int = 0
    # number of samples, and of training pictures that they are compared with
    eval_samples: int = 10_000

    def total_steps(self, pictures: int, pictures_per_step: int) -> int:
        """Length of the run in steps.

        Args:
            pictures: in the training part.
            pictures_per_step: shown by all processes together.
        """
        if self.max_train_steps:
            return self.max_train_steps
        shown = self.num_epochs * pictures if self.num_epochs else max(25 * pictures, 500_000)
        return math.ceil(shown / pictures_per_step)

    def __post_init__(self):
        self._check_ranges()
        self._check_combinations()

    def _check_ranges(self) -> None:
        for name in (
            "train_batch_size",
            "gradient_accumulation_steps",
            "penalty_every",
            "checkpointing_steps",
            "logging_steps",
            "sample_sheets",
            "ema_half_life",
            "push_every",
        ):
            check(getattr(self, name) >= 1, f"--{name} {getattr(self, name)}: must be at least 1")
        check(self.train_batch_size >= 2, "--train_batch_size 1: BatchNorm needs at least 2 pictures")
        check(0 <= self.seed < 2**32, f"--seed {self.seed}: must be from 0 to 4294967295")
        check(self.num_epochs is None or self.num_epochs > 0, f"--num_epochs {self.num_epochs}: must be more than 0")
        check(
            self.max_train_steps is None or self.max_train_steps >= 1,
            f"--max_train_steps {self.max_train_steps}: must be at least 1",
        )
        check(
            0 <= self.augment_probability <= 1,
            f"--augment_probability {self.augment_probability:g}: must be from 0 to 1",
        )
        for name in ("learning_rate", "learning_rate_end"):
            value = getattr(self, name)
            check(0 < value < 1, f"--{name} {value:g}: must be more than 0 and less than 1")
        for name in ("adam_beta1", "adam_beta2", "adam_beta2_end"):
            check(0 <= getattr(self, name) < 1, f"--{name} {getattr(self, name):g}: must be from 0 to below 1")
        for name in ("penalty_weight", "penalty_weight_end", "gradient_clip"):
            check(0 <= getattr(self, name) < math.inf, f"--{name} {getattr(self, name):g}: must be 0 or more")
        check(self.eval_every >= 0, f"--eval_every {self.eval_every}: must be 0 or more")
        check(self.eval_samples >= 2, f"--eval_samples {self.eval_samples}: must be at least 2")

    def _check_combinations(self) -> None:
        check(
            self.num_epochs is None or self.max_train_steps is None,
            "Say how long with --num_epochs or with --max_train_steps, not both",
        )
        for name in ("learning_rate", "penalty_weight"):
            start, end = getattr(self, name), getattr(self, f"{name}_end")
            # where only the start is given, it may lie below the default end
            check(end <= start or not start, f"--{name}_end {end:g} is above --{name} {start:g}: give both")
        coupled = self.model.discriminator_norm == "batch"
        check(
            not (self.penalty_weight and coupled),
            "A gradient penalty is per picture and BatchNorm in the discriminator couples pictures: "
            "use --penalty_weight 0 or --discriminator_norm none",
        )
        check(
            not (self.loss == "relativistic" and coupled),
            "--loss relativistic judges real and fake in one batch, which BatchNorm in the discriminator would mix: "
            "use --loss bce or --discriminator_norm none",
        )
        check(
            not (self.loss == "bce" and self.penalty_weight),
            "--loss bce goes without a penalty here: add --penalty_weight 0",
        )
        check(not self.push_to_hub or self.hub_model_id, "--push_to_hub needs --hub_model_id user/name")
        check(self.push_to_hub or not self.hub_model_id, "--hub_model_id needs --push_to_hub")
        check(not self.eval_every or self.eval_features, "--eval_every needs --eval_features FILE")


_DCGAN = TrainSettings(
    recipe="dcgan",
    model=ModelSettings(discriminator_norm="batch"),
    loss="bce",
    penalty_weight=0.0,
    penalty_weight_end=0.0,
    learning_rate=2e-4,
    learning_rate_end=2e-4,
    adam_beta1=0.5,
    adam_beta2=0.999,
    adam_beta2_end=0.999,
    train_batch_size=128,
)

RECIPES = {
    # relativistic loss with both penalties: Huang et al. 2024 (R3GAN), sized and tuned for this network; with skips
    "modern": TrainSettings(),
    # Radford et al. 2015, with EMA and flips added, as is usual today
    "dcgan": _DCGAN,
    # Chollet's DCGAN in Keras, as in many student projects: RMSProp, clipped gradients
    "rmsprop": dataclasses.replace(
        _DCGAN, recipe="rmsprop", optimizer="rmsprop", gradient_clip=1.0, learning_rate=1e-4, learning_rate_end=5e-5
    ),
}
