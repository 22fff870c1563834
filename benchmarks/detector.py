"""Measure the detector on unseen generators, by groups of people and on photos; into its config, card and About.

    python benchmarks/detector.py --utkface DIR --celeba DIR --unseen NAME WEIGHTS [NAME WEIGHTS …] \\
        [--without_celeba DETECTOR]

Generators that it was not trained on are each measured against the held-out pictures of the set that they learned from.
Real faces called generated are counted by age group and gender. Photos are timed from bytes to verdict, as on the page.
A detector that was trained with the same command without CelebA is measured on the held-out faces of CelebA.

    python benchmarks/detector.py --wild FILE

prints the verdicts on the pictures of a parquet file, by source, as the page gives them and as they are where each
source is left out of what the traces are learned from. Columns: `image`, `kind` (real, fake) and `source`.
"""

import io
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow.parquet as pq
import torch
import tyro
from people import labels
from PIL import Image
from sklearn.metrics import roc_auc_score

from gan.cards import detector as detector_card
from gan.cards import other_generators
from gan.cards.fact import markdown_table
from gan.model import sampling, weights
from gan.model.config import write_config
from gan.serve import files
from gan.serve.judge import NO_FACE, Judge
from gan.train.detector import foreign, left_out
from gan.train.detector.held_out import FIRST_SEED, copies
from gan.train.detector.scorer import Scorer
from gan.train.measure import verdicts
from gan.train.measure.quality import rounded
from gan.train.pictures import sources
from gan.train.pictures.store import open_store
from gan.train.settings import STORE_DIR, DataSettings

SIZE = 128  # pixels of the photos' faces, as stored
ROUNDS = 20


@dataclass(frozen=True)
class Settings:
    """Measure a detector on what it was not trained on."""

    # a parquet file with pictures of many sources; nothing else is measured then
    wild: Path | None = None
    # folders of parquet files
    utkface: Path | None = None
    celeba: Path | None = None
    # the detector
    detector: Path = Path("weights/detector")
    # generators it was not trained on: what the report calls them, and their weights folder
    unseen: dict[str, Path] | None = None
    # a detector that was trained without CelebA
    without_celeba: Path | None = None
    # where decoded pictures are kept
    store_dir: Path = STORE_DIR


def held_out(folder: Path, size: int, settings: Settings) -> tuple[list[Image.Image], np.ndarray]:
    """Held-out pictures that nothing was calibrated on, without copies of training pictures, and their rows in the test
    split."""
    store = open_store(sources.find(DataSettings(train_data_dir=folder)), size, settings.store_dir)
    rows = np.flatnonzero(~copies(store))[1::2]  # every second one, as in the report
    return [Image.fromarray(store.held_out[row]) for row in rows], rows


def probability(judge: Judge, pictures: list[Image.Image]) -> np.ndarray:
    score = Scorer(judge.detector, judge.settings.resolution)
    return verdicts.probabilities(score(pictures), judge.config["calibration"])


def against(judge: Judge, real: list[Image.Image], folder: Path) -> dict:
    """A generator's faces against real pictures."""
    loaded = weights.load(folder)
    seeds = range(FIRST_SEED, FIRST_SEED + len(real))
    made = list(map(Image.fromarray, sampling.faces(loaded.generator, seeds)))
    said, truth = (
        np.concatenate([probability(judge, real), probability(judge, made)]),
        np.repeat([0, 1], [len(real), len(made)]),
    )
    distance = loaded.config.get("metrics", {}).get("frechet_distance", {}).get("value")
    return {
        "auroc": float(roc_auc_score(truth, said)),
        **verdicts.wrong(said, truth, judge.config["calibration"]),
        "generator": loaded.generator_id,
        "pictures_shown": loaded.config["training"]["pictures"],
        "frechet_distance": distance,
    }


def by_people(judge: Judge, settings: Settings) -> dict:
    """Share of UTKFace's held-out faces called likely generated, by age group and gender."""
    pictures, rows = held_out(settings.utkface, SIZE, settings)
    called = probability(judge, pictures) >= judge.config["calibration"]["generated_from"]
    groups = labels(settings.utkface, "test")
    return {
        trait: {
            str(name): {
                "pictures": int((values[rows] == name).sum()),
                "called_generated": float(called[values[rows] == name].mean()),
            }
            for name in sorted(set(values), key=lambda name: (len(name) > 5, len(name), name))
        }
        for trait, values in groups.items()
    }


def photos(judge: Judge, settings: Settings) -> dict:
    """Photos of 12 megapixels with faces of UTKFace's test split: how many are found, and how long a verdict takes."""
    pictures, _ = held_out(settings.utkface, SIZE, settings)
    found, seconds, random = 0, [], np.random.default_rng(0)
    for picture in pictures[:ROUNDS]:
        side = int(random.uniform(0.15, 0.5) * 3000)
        photo = Image.new("RGB", (4000, 3000), tuple(random.integers(0, 256, 3).tolist()))
        left, top = (int(random.uniform(0, length - side)) for length in photo.size)
        photo.paste(picture.resize((side, side), Image.Resampling.BICUBIC), (left, top))
        file = io.BytesIO()
        photo.save(file, "JPEG", quality=90)
        start = time.perf_counter()
        image = files.read_picture(file.getvalue())
        decoded = time.perf_counter()
        found += judge.verdict(image).verdict != NO_FACE
        seconds.append((decoded - start, time.perf_counter() - decoded))
    decoding, judging = np.median(seconds, axis=0)
    return {
        "photos": ROUNDS,
        "faces_found": found,
        "milliseconds_decoding": round(1000 * decoding),
        "milliseconds_verdict": round(1000 * judging),
        "threads": torch.get_num_threads(),
    }


def wild(judge: Judge, file: Path) -> None:
    """Print the verdicts on each source of a file: by the detector as it is, and where the source is left out."""
    rows = pq.read_table(file, columns=["image", "kind", "source"]).to_pylist()
    said = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, row in enumerate(rows):
            data = row["image"]["bytes"]
            place = Path(folder) / row["kind"] / row["source"]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}.{Image.open(io.BytesIO(data)).format.lower()}").write_bytes(data)
            said.setdefault(row["source"], []).append(judge.verdict(files.read_picture(data)).verdict)
        real, fake = (sorted((Path(folder) / kind).iterdir()) for kind in ("real", "fake"))
        known = judge.config["training"]["data"]
        found = foreign.read(judge.detector, judge.settings, real, fake, known, 0)
    calibration, report = left_out.report(found, judge.settings, judge.config["calibration"])
    header, *rows = other_generators.table({"unseen": {"report": report}})
    page = [", ".join(f"{share:.0%} {verdict}" for verdict, share in shares(said[row[0]]).items()) for row in rows]
    print(markdown_table([(*header, "the page as it is"), *((*row, words) for row, words in zip(rows, page))]))
    print({name: report[name] for name in ("as_they_are", "saved_again", "real", "generated")}, calibration)


def shares(verdicts: list[str]) -> dict[str, float]:
    """How large a part each verdict has, the largest first."""
    return {name: count / len(verdicts) for name, count in Counter(verdicts).most_common()}


def main(settings: Settings) -> None:
    judge = Judge(settings.detector)
    if settings.wild:
        return wild(judge, settings.wild)
    if not (settings.utkface and settings.celeba):
        sys.exit("Say what to measure on: --wild FILE, or --utkface DIR and --celeba DIR.")
    real = {
        "celeba": held_out(settings.celeba, 64, settings)[0],
        "utkface": held_out(settings.utkface, 64, settings)[0],
    }
    report = judge.config["report"]
    report["unseen"] = {
        name: against(judge, real["celeba" if "celeba" in name.lower() else "utkface"], folder)
        for name, folder in (settings.unseen or {}).items()
    }
    report["people"], report["photos"] = by_people(judge, settings), photos(judge, settings)
    if settings.without_celeba:
        other = Judge(settings.without_celeba)
        report["unseen_data_set"] = {
            "name": "celeba",
            "pictures": len(real["celeba"]),
            **verdicts.wrong(
                probability(other, real["celeba"]), np.zeros(len(real["celeba"]), int), other.config["calibration"]
            ),
        }
    config = {**judge.config, "report": rounded(report, 4)}
    write_config(settings.detector, config)
    detector_card.save(settings.detector, config)
    for name in ("unseen", "people", "photos", "unseen_data_set"):
        print(name, report.get(name))


if __name__ == "__main__":
    main(tyro.cli(Settings, use_underscores=True))
