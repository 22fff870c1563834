"""How well a seed index finds lookalikes, by a judge that had no part in making it, and how surely it names a seed.

    python benchmarks/seeds.py weights/faces-128 --features FILE --train_data_dir utkface celeba

The judge: the distance between faces in a feature network, and linear models on it of age, gender, smile and glasses,
fitted to the labels of the training pictures. Skin tone is measured in the picture. Photographs and faces are each
standardised, as the index does it.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import tyro
from attributes import SIZE, Judge
from PIL import Image
from tqdm import tqdm

from gan.model import face_finder, latents, sampling, seed_index
from gan.serve.faces import FaceModel
from gan.serve.finder import SAME_FROM, SHOWN, Finder, closest, named
from gan.train.attributes.__main__ import LABELS
from gan.train.attributes.labels import parse
from gan.train.attributes.scores import CHEEKS, LUMA, part
from gan.train.measure.features import Features
from gan.train.pictures import labelled
from gan.train.pictures.lossy import saved

AT_ONCE = 1_000  # faces
SHOWN_ATTRIBUTES = ("age", "masculine", "smile", "glasses")
# what may be done to a picture that a generator made
CHANGES = {
    "PNG": lambda picture, random: picture,
    "JPEG 70": lambda picture, random: saved(picture, "JPEG", 70),
    "halved": lambda picture, random: picture.resize((picture.width // 2,) * 2, Image.Resampling.LANCZOS),
    "screenshot": lambda picture, random: screenshot(picture, random),
}


def screenshot(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """The picture at 1.2 to 2.6 times its size somewhere on a plain page, as JPEG."""
    side = round(picture.width * random.uniform(1.2, 2.6))
    width, height = side + int(random.integers(40, 400)), side + int(random.integers(40, 300))
    page = Image.new("RGB", (width, height), tuple(random.integers(0, 256, 3).tolist()))
    place = int(random.integers(0, width - side)), int(random.integers(0, height - side))
    page.paste(picture.resize((side, side), Image.Resampling.BICUBIC), place)
    return saved(page, "JPEG", 85)


def main(
    weights: tyro.conf.Positional[tuple[Path, ...]],
    features: Path,
    train_data_dir: tuple[Path, ...],
    photographs: int = 500,
    ceiling: int = 20_000,
    own_pictures: int = 200,
) -> None:
    """
    Args:
        weights: weights folders with a seed index.
        features: TorchScript file of the feature network.
        train_data_dir: folders of parquet files with labelled pictures; their held-out pictures are looked for.
        photographs: how many of them.
        ceiling: seeds among which the judge looks for the nearest itself.
        own_pictures: seeds that are asked for by their own pictures, each changed in several ways.
    """
    train, held_out = labelled.read(list(train_data_dir), parse(LABELS), SIZE, "face")
    judge = Judge(Features(features), train, held_out)
    chosen = np.random.default_rng(0).permutation(len(held_out.pictures))[:photographs]
    for folder in weights:
        finder = Finder(FaceModel(folder))
        print(f"{folder}: {len(finder.index.rows):,} seeds, index {finder.index.id}")
        lookalikes(finder, judge, held_out.pictures[chosen], ceiling)
        own(finder, own_pictures)
        wrong(finder, np.concatenate([train.pictures, held_out.pictures]))
        speed(finder)


def lookalikes(finder: Finder, judge: Judge, photographs: np.ndarray, ceiling: int) -> None:
    descriptor = finder.index.descriptor
    described = seed_index.described(descriptor, photographs, descriptor.photographs)
    found = np.stack([finder.index.nearest(each, SHOWN)[0] for each in described])
    few = seed_index.SeedIndex("", descriptor, finder.index.rows[:ceiling])
    among = np.stack([few.nearest(each, SHOWN)[0] for each in described])
    random = np.random.default_rng(1).integers(len(finder.index.rows), size=found.shape)
    between = [finder.nearer(each, list(map(int, seeds)))[0] for each, seeds in zip(tqdm(described), found)]
    own = Seen(judge, photographs)
    pool = Seen(judge, faces_of(finder, range(ceiling)))
    own.standardise(own)
    pool.standardise(pool)
    distances = np.stack([np.linalg.norm(pool.features - each, axis=1) for each in own.features])
    best = np.argsort(distances, axis=1)[:, :SHOWN]
    rows = {
        "random seeds": Seen(judge, faces_of(finder, random.ravel())),
        f"nearest of {len(finder.index.rows):,}": Seen(judge, faces_of(finder, found.ravel())),
        "and between them": Seen(judge, faces_of(finder, [point for points in between for point in points])),
        f"nearest of {ceiling:,}": Seen(judge, faces_of(finder, among.ravel())),
        f"the judge's own nearest of {ceiling:,}": Seen(judge, faces_of(finder, best.ravel())),
    }
    columns = "first | best of 12 | age | gender | smile | glasses | skin: levels"
    print(f"| seeds | distance: {columns} |\n|---|---|---|---|---|---|---|---|")
    firsts = {}
    for name, seen in rows.items():
        seen.standardise(pool)
        features = seen.features.reshape(len(found), SHOWN, -1)
        distance = np.linalg.norm(features - own.features[:, None], axis=2)
        firsts[name] = distance[:, 0]
        shown = seen.shown.reshape(len(found), SHOWN, -1)[:, 0]
        alike = [f"{np.corrcoef(own.shown[:, k], shown[:, k])[0, 1]:.2f}" for k in range(len(SHOWN_ATTRIBUTES))]
        skin = np.abs(own.skin - seen.skin.reshape(len(found), SHOWN)[:, 0]).mean()
        cells = [name, f"{distance[:, 0].mean():.1f}", f"{distance.min(1).mean():.1f}", *alike, f"{skin:.0f}"]
        print(f"| {' | '.join(cells)} |", flush=True)
    groups(own, *list(firsts.values())[:2])


class Seen:
    """What the judge sees in faces: features `(N, D)`, attributes `(N, K)`, skin tone in grey levels `(N,)`."""

    def __init__(self, judge: Judge, faces: np.ndarray):
        self.features = judge.seen(faces)
        places = [judge.names.index(name) for name in SHOWN_ATTRIBUTES]
        self.shown = (judge.inputs(self.features) @ np.stack(judge.models, 1))[:, places]
        grey = faces.astype(np.float32) @ np.array(LUMA, np.float32)
        self.skin = np.mean([part(grey, *cheek) for cheek in CHEEKS], 0)
        self.mean, self.spread = self.features.mean(0), self.features.std(0) + 1e-6

    def standardise(self, like: "Seen") -> None:
        self.features = (self.features - like.mean) / like.spread


def faces_of(finder: Finder, points) -> np.ndarray:
    """Faces of points as they are described, `(N, 64, 64, 3)` uint8."""
    points, model = [point if not isinstance(point, np.integer) else int(point) for point in points], finder.model
    parts = [points[start : start + AT_ONCE] for start in range(0, len(points), AT_ONCE)]
    vectors = (latents.from_points(part, model.latent_dim) for part in tqdm(parts, leave=False))
    return np.concatenate([seed_index.sized(sampling.from_latents(model.generator, each)) for each in vectors])


def groups(own: Seen, random: np.ndarray, first: np.ndarray) -> None:
    """Whether some people are served worse: the distance of the first seed in shares of that of a random one."""
    age, gender = own.shown[:, 0], own.shown[:, 1]
    thirds = np.quantile(own.skin, [1 / 3, 2 / 3])
    parts = {
        "all": np.full(len(age), True),
        **{f"{name} by the judge's age": (age > low) & (age <= high) for name, low, high in AGES},
        "feminine": gender <= 0,
        "masculine": gender > 0,
        "darkest third": own.skin <= thirds[0],
        "middle third": (own.skin > thirds[0]) & (own.skin <= thirds[1]),
        "lightest third": own.skin > thirds[1],
    }
    print("| who | photographs | first, of random |\n|---|---|---|")
    for name, rows in parts.items():
        print(f"| {name} | {rows.sum()} | {first[rows].mean() / random[rows].mean():.2f} |", flush=True)


AGES = (("youngest", -9, -0.7), ("young", -0.7, 0), ("older", 0, 0.7), ("oldest", 0.7, 9))  # standard deviations


def own(finder: Finder, count: int) -> None:
    """How often a seed is named by a picture of its face."""
    random = np.random.default_rng(2)
    print(f"| changed | of {count} seeds named | wrongly |\n|---|---|---|")
    seeds = [int(seed) for seed in random.integers(len(finder.index.rows), size=count)]
    pictures = [Image.fromarray(face) for face in finder.model.made(seeds)]
    for name, change in CHANGES.items():
        changed = [change(picture, random) for picture in pictures]
        made = [named([finder], picture, face_finder.find(picture)) for picture in tqdm(changed, leave=False)]
        right = sum(found is not None and found.seed == seed for found, seed in zip(made, seeds))
        other = sum(found is not None and found.seed != seed for found, seed in zip(made, seeds))
        print(f"| {name} | {right} | {other} |", flush=True)


def wrong(finder: Finder, photographs: np.ndarray) -> None:
    """How many photographs are called the picture of a seed."""
    found = [closest([finder], Image.fromarray(face), []) for face in tqdm(photographs, leave=False)]
    likeness = [each.likeness for each in found if each]
    most, called = max(likeness, default=float("nan")), sum(each >= SAME_FROM for each in likeness)
    print(
        f"of {len(photographs):,} photographs {len(likeness):,} were compared with seeds' faces, {called} called the "
        f"picture of one; the highest likeness is {most:.3f} of {SAME_FROM}"
    )


def speed(finder: Finder) -> None:
    """Milliseconds for a photo of 12 megapixels with one face, read already; the network's first use is not counted."""
    photo = Image.new("RGB", (4000, 3000), (90, 110, 130))
    photo.paste(Image.fromarray(finder.model.faces([7])[0]).resize((1500, 1500)), (1200, 700))
    taken = []
    for _ in range(11):
        start = time.perf_counter()
        faces = face_finder.find(photo)
        finder.find(photo, faces), named([finder], photo, faces)
        taken.append(1000 * (time.perf_counter() - start))
    print(f"12 megapixels: {np.median(taken[1:]):.0f} ms (median of 10, slowest {max(taken[1:]):.0f})")


if __name__ == "__main__":
    tyro.cli(main, use_underscores=True)
