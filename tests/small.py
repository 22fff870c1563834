"""Weights of the smallest network, unlike any other, as a folder and on the stand-in for the Hub."""

import os
from pathlib import Path

from gan import hub
from gan.hub import model_card
from gan.model import weights
from gan.model.networks import Discriminator, Generator
from gan.model.settings import ModelSettings

SMALL = ModelSettings(16, latent_dim=8, widths=(16, 8))


def folder_of(path, step: int = 100, prose: str = "Prose.") -> Path:
    """A complete weights folder, unlike any other."""
    path.mkdir(parents=True, exist_ok=True)
    training = {"steps": step, "data": "faces"}
    weights.save(path, Generator(SMALL), Discriminator(SMALL), SMALL, {"training": training, "metrics": {}})
    body = f"# Faces\n\n{prose}\n\n{model_card.section('training', f'Step {step}.')}\n\n## Limits\n\nMany.\n"
    (path / "README.md").write_text(model_card.card(body, "faces-16", "faces", {"frechet-distance": 2.5}))
    (path / "LICENSE").write_text("As the pictures.\n")
    (path / "samples.png").write_bytes(os.urandom(2000))
    return path


def pushed(folder, repo_id: str, message: str = "Step 100") -> str:
    hub.prepare(repo_id)
    return hub.push(folder, repo_id, message, pauses=(0.1, 0.1, 0.1))
