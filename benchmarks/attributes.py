"""How well the sliders of a look do, by a judge that had no part in making them.

    python benchmarks/attributes.py weights/faces-64 weights/faces-128 --features FILE --train_data_dir utkface celeba

The judge: linear models on a feature network, fitted to the labels of the training pictures. Skin tone and brightness
are measured in the picture, and how far a head is turned by the face finder's landmarks. All in standard deviations of
the generator's own faces.
"""

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
import tyro
from PIL import Image
from tqdm import tqdm

from gan.model import face_finder, images, latents
from gan.model import weights as folders
from gan.model.look import AS_TRAINED
from gan.serve.faces import FaceModel
from gan.train.attributes.__main__ import LABELS
from gan.train.attributes.labels import parse
from gan.train.attributes.scores import CHEEKS, LUMA, part
from gan.train.measure.features import Features
from gan.train.pictures import labelled
from gan.train.pictures.labelled import Labelled, standardised

SIZE = 64  # pixels at which everything is judged
BATCH = 250
REFERENCE = 2_000  # faces
HEADER = "| slider | right way | ≥ 1 sd | mean | others most | skin, light: levels | dark | light | itself at ±1 |"


class Judge:
    def __init__(self, features: Features, train: Labelled, held_out: Labelled):
        self.features = features
        seen, tested = self.seen(train.pictures), self.seen(held_out.pictures)
        self.mean, self.spread = seen.mean(0), seen.std(0) + 1e-6
        wanted, truth = (standardised(each.values, train.values) for each in (train, held_out))
        self.names, self.models, self.explained = train.names, [], {}
        for place, name in enumerate(train.names):
            known, there = ~np.isnan(wanted[:, place]), ~np.isnan(truth[:, place])
            inputs = self.inputs(seen[known])
            inner = inputs.T @ inputs + 0.02 * len(inputs) * np.eye(inputs.shape[1])
            model = np.linalg.solve(inner, inputs.T @ wanted[known, place])
            guessed = self.inputs(tested[there]) @ model
            self.explained[name] = 1 - np.mean((guessed - truth[there, place]) ** 2) / truth[there, place].var()
            self.models.append(model)

    def inputs(self, seen: np.ndarray) -> np.ndarray:
        return np.column_stack([(seen - self.mean) / self.spread, np.ones(len(seen))])

    def seen(self, pictures: np.ndarray) -> np.ndarray:
        parts = [pictures[start : start + BATCH] for start in range(0, len(pictures), BATCH)]
        tensors = (torch.from_numpy(part.transpose(0, 3, 1, 2).copy()) for part in tqdm(parts, leave=False))
        return np.concatenate([self.features(tensor).numpy() for tensor in tensors])

    def start(self, faces: np.ndarray) -> np.ndarray:
        """Faces as trained, from which the scale of everything is taken → what they show, `(N, K)`."""
        shown = self.raw(faces)
        self.scale = shown.std(0)
        return (shown - shown.mean(0)) / self.scale

    def raw(self, faces: np.ndarray, seen: np.ndarray | None = None) -> np.ndarray:
        seen = self.seen(faces) if seen is None else seen
        grey = faces.astype(np.float32) @ np.array(LUMA, np.float32)
        turn = np.nan_to_num([face_finder.turn(face) for face in faces])
        skin = np.mean([part(grey, *cheek) for cheek in CHEEKS], 0)
        return np.column_stack([self.inputs(seen) @ np.stack(self.models, 1), turn, skin, grey.mean((1, 2))])


def compare(model: FaceModel, names: tuple[str, ...], shown: np.ndarray) -> None:
    """Ours beside SeFa's (Shen and Zhou 2021, https://arxiv.org/abs/2007.06600): eigenvectors of the first layer, the
    one that changes an attribute most. By a linear model of what the judge sees: how much of a move's effect on all
    attributes is on its own, and how long it is for one standard deviation of it."""
    vectors = latents.from_seeds(range(30_000, 30_000 + REFERENCE), model.latent_dim)
    effect = np.linalg.solve(vectors.T @ vectors + 2 * np.eye(model.latent_dim), vectors.T @ shown).T
    weight = folders.load_generator(model.folder).generator.project.weight.detach().numpy()
    sefa = np.linalg.eigh(weight.T @ weight)[1].T
    print("| slider | ours: share on its own | length | SeFa: share | length |")
    print("|---|---|---|---|---|")
    for name in model.along().of:
        place, rows = names.index(name), []
        ours = (model.along().moved(vectors, replace(AS_TRAINED, **{name: 1.0})) - vectors).mean(0)
        for each in (ours, max(sefa, key=lambda vector: abs(effect[place] @ vector))):
            changed = np.abs(effect @ each)
            rows += [f"{100 * changed[place] / changed.sum():.0f} %", f"{np.linalg.norm(each) / changed[place]:.1f}"]
        print(f"| {name} | {' | '.join(rows)} |", flush=True)


def small(faces: np.ndarray) -> np.ndarray:
    if faces.shape[1] == SIZE:
        return faces
    return np.stack([np.asarray(Image.fromarray(face).resize((SIZE, SIZE), Image.Resampling.BOX)) for face in faces])


def main(
    weights: tyro.conf.Positional[tuple[Path, ...]],
    features: Path,
    train_data_dir: tuple[Path, ...],
    seeds: int = 500,
    sheets: Path | None = None,
) -> None:
    """
    Args:
        weights: weights folders with directions.
        features: TorchScript file of the feature network.
        train_data_dir: folders of parquet files with labelled pictures.
        seeds: faces that are moved.
        sheets: a folder for pictures of each slider from -3 to 3, of twelve faces.
    """
    judge = Judge(Features(features), *labelled.read(list(train_data_dir), parse(LABELS), SIZE, "face"))
    print("judge, held-out labels:", {name: round(float(share), 2) for name, share in judge.explained.items()})
    for folder in weights:
        measure(FaceModel(folder), judge, seeds, sheets)


def measure(model: FaceModel, judge: Judge, seeds: int, sheets: Path | None) -> None:
    print(f"{model.name}, directions {model.along().id}, {seeds} seeds")
    names = (*judge.names, "turn", "skin", "light")
    points = range(5_000, 5_000 + seeds)
    faces = small(model.faces(points))
    others = judge.inputs(judge.seen(small(model.faces(range(20_000, 21_000)))))
    shown = judge.start(small(model.made(range(30_000, 30_000 + REFERENCE))))
    compare(model, names, shown)
    before, own = judge.raw(faces), judge.inputs(judge.seen(faces))
    print(HEADER)
    print("|---|---|---|---|---|---|---|---|---|")
    nearest = np.array([np.linalg.norm(others - face, axis=1).min() for face in own])
    dark = before[:, -2] < np.median(before[:, -2])
    for name in model.along().of:
        change = []
        for sign in (1, -1):
            moved = small(model.faces(points, replace(AS_TRAINED, **{name: 2.0 * sign})))
            change.append(sign * (judge.raw(moved) - before))
        grey = np.stack([each[:, -2:] for each in change])
        change = [each / judge.scale for each in change]
        column = names.index(name)
        hits = np.concatenate([each[:, column] for each in change])
        mean = (change[0] + change[1]).mean(0) / 2
        rest = {other: round(float(value), 2) for other, value in zip(names, mean) if other != name}
        worst = sorted(rest.items(), key=lambda item: -abs(item[1]))[:3]
        same = []
        for sign in (1, -1):
            nudged = small(model.faces(points, replace(AS_TRAINED, **{name: 1.0 * sign})))
            moved = judge.inputs(judge.seen(nudged))
            same.append(np.linalg.norm(moved - own, axis=1) < nearest)
        drift = [np.abs(grey[:, which].mean(1)).max(0).round(1).tolist() for which in (slice(None), dark, ~dark)]
        right, far = (f"{100 * np.mean(share):.0f} %" for share in (hits > 0, hits >= 1))
        most = ", ".join(f"{other} {value:+.2f}" for other, value in worst)
        levels = [", ".join(f"{level:g}" for level in levels) for levels in drift]
        cells = [name, right, far, f"{hits.mean():.2f}", most, *levels, f"{100 * np.mean(same):.0f} %"]
        print(f"| {' | '.join(cells)} |", flush=True)
        if sheets:
            sheets.mkdir(parents=True, exist_ok=True)
            steps = [model.faces(range(12), replace(AS_TRAINED, **{name: float(value)})) for value in range(-3, 4)]
            rows = np.stack(steps, 1).reshape(-1, *steps[0].shape[1:])
            images.sheet(rows, 7).save(sheets / f"{model.name}-{name}.webp", quality=80)


if __name__ == "__main__":
    tyro.cli(main, use_underscores=True)
