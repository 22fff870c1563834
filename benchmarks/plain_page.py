"""A plain Gradio page of the same generator, as its documentation would have it written: the measure for our own.

Each visitor's faces go through the network in one batch of their own, and Gradio saves them as files.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gradio as gr
import torch

from gan.model import latents, weights
from gan.serve import DEFAULT, WEIGHTS

generator = weights.load_generator(WEIGHTS / DEFAULT).generator


@torch.no_grad()
def generate(seeds: str) -> list:
    first, last = map(int, seeds.split("-"))
    points = torch.from_numpy(latents.from_seeds(range(first, last + 1), generator.project.in_features))
    faces = ((generator(points) + 1) * 127.5).round().byte().permute(0, 2, 3, 1)
    return list(faces.numpy())


if __name__ == "__main__":
    seeds = gr.Textbox("0-15", label="seeds")
    gr.Interface(generate, seeds, gr.Gallery(format="png"), api_name="generate").launch()
