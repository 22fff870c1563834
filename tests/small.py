"""Weights of the smallest network, different for each seed, as a folder and on the stand-in for the Hub."""

import os
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from gan import hub
from gan.hub import model_card
from gan.model import additions, seed_index, weights
from gan.model.networks import Discriminator, Generator
from gan.model.seed_index import Descriptor
from gan.model.settings import ModelSettings
from gan.train.seeds import fill

SMALL = ModelSettings(16, latent_dim=8, widths=(16, 8))


def accelerator(precision: str = "no") -> Accelerator:
    AcceleratorState._reset_state(reset_partial_state=True)  # a process has one, which cannot be reconfigured
    return Accelerator(cpu=True, mixed_precision=precision)


def folder_of(path, step: int = 100, prose: str = "Prose.") -> Path:
    """A complete weights folder, different for each seed."""
    path.mkdir(parents=True, exist_ok=True)
    training = {
        "recipe": "modern",
        "data": "faces",
        "pictures_in_data": 9,
        "held_out": 1,
        "steps": step,
        "planned_steps": 1000,
        "pictures": 4 * step,
        "hours": 0.1,
        "hardware": "a core",
        "started_from": None,
        "commands": [{"from_step": 0, "planned_steps": 1000, "command": "train"}],
    }
    weights.save(path, Generator(SMALL), Discriminator(SMALL), SMALL, {"training": training, "metrics": {}})
    body = f"# Faces\n\n{prose}\n\n{model_card.section('training', f'Step {step}.')}\n\n## Limits\n\nMany.\n"
    (path / "README.md").write_text(model_card.card(body, "faces-16", "faces", {"frechet-distance": 2.5}))
    (path / "LICENSE").write_text("As the pictures.\n")
    (path / "samples.png").write_bytes(os.urandom(2000))
    return path


def shaped(folder, *attributes: str, seed: int = 0) -> Path:
    """Add directions to a weights folder, of no meaning, different for each seed."""
    size, random = weights.load_generator(folder).settings.latent_dim, torch.Generator().manual_seed(seed)
    vectors = {name: torch.randn(size, generator=random) for name in attributes}
    additions.save_directions(folder, {name: 3 * vector / vector.norm() for name, vector in vectors.items()}, {})
    return folder


def indexed(folder, seeds: int = 40) -> Path:
    """Add the index of a few seeds to a weights folder, by a descriptor that has learned nothing."""
    torch.manual_seed(0)
    descriptor, generator = Descriptor().eval(), weights.load_generator(folder).generator
    additions.save_descriptor(folder, descriptor)
    rows = seed_index.rounded(seed_index.described(descriptor, fill.faces_of(generator, range(seeds)), torch.zeros(32)))
    training = {"init_from": "itself", "minutes": 0.1, "hardware": "a core", "command": "index"}
    additions.save_seed_index(folder, rows, {"seeds": seeds, "training": training})
    return folder


def pushed(folder, repo_id: str, message: str = "Step 100") -> str:
    hub.prepare(repo_id)
    return hub.push(folder, repo_id, message, pauses=(0.1, 0.1, 0.1))
