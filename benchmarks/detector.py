"""What the detector has never seen, whom it wrongs, and how long a verdict takes; into its config, its card and About.

    python benchmarks/detector.py --utkface DIR --celeba DIR --unseen NAME=WEIGHTS [NAME=WEIGHTS …] [--without_celeba DETECTOR]

Generators that it was not trained on, each against the held-out pictures of the set that it learned from. Real faces called
generated, by age group and gender. Photos from bytes to verdict, as the page does it. And a detector that was trained with
the same command without CelebA, on the held-out faces of CelebA.
"""

import io
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402
import torch  # noqa: E402
import tyro  # noqa: E402
from people import labels  # noqa: E402
from PIL import Image  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

from gan.model import detector, sampling, weights  # noqa: E402
from gan.model.settings import DataSettings  # noqa: E402
from gan.serve import files  # noqa: E402
from gan.serve.judge import GENERATED, NO_FACE, REAL, UNCLEAR, Judge, Verdict  # noqa: E402
from gan.train import data, degrade, detector_card, detector_report, sources, verdicts  # noqa: E402

SIZE = 128  # pixels of the photos' faces, as stored
ROUNDS = 20


@dataclass(frozen=True)
class Settings:
    """Measure a detector where it was not trained."""

    # folders of parquet files
    utkface: Path
    celeba: Path
    # the detector
    detector: Path = Path("weights/detector")
    # weights folders whose faces visitors bring
    generators: tuple[Path, ...] = (Path("weights/faces-64"), Path("weights/faces-128"))
    # generators it was not trained on: what the report calls them, and their weights folder
    unseen: dict[str, Path] | None = None
    # a detector that was trained without CelebA
    without_celeba: Path | None = None
    # where decoded pictures are kept
    store_dir: Path = Path("~/.cache/seedfaces")


def held_out(folder: Path, size: int, settings: Settings, first: int = 1) -> tuple[list[Image.Image], np.ndarray]:
    """Held-out pictures that nothing was calibrated on (with `first` 0: the others), without copies of training pictures, and
    their rows in the test split."""
    store = data.open_store(sources.find(DataSettings(train_data_dir=folder)), size, settings.store_dir)
    rows = np.flatnonzero(~detector_report.copies(store))[first::2]  # every second one, as in detector_report
    return [Image.fromarray(store.held_out[row]) for row in rows], rows


def probability(judge: Judge, pictures: list[Image.Image]) -> np.ndarray:
    score = detector_report.Scorer(judge.detector, judge.settings.resolution)
    return verdicts.probabilities(score(pictures), judge.config["calibration"])


def against(judge: Judge, real: list[Image.Image], folder: Path) -> dict:
    """A generator's faces against real pictures."""
    loaded = weights.load(folder)
    made = list(map(Image.fromarray, sampling.faces(loaded.generator, range(detector_report.FIRST_SEED, detector_report.FIRST_SEED + len(real)))))
    said, truth = np.concatenate([probability(judge, real), probability(judge, made)]), np.repeat([0, 1], [len(real), len(made)])
    distance = loaded.config.get("metrics", {}).get("frechet_distance", {}).get("value")
    return {"auroc": float(roc_auc_score(truth, said)), **verdicts.wrong(said, truth, judge.config["calibration"]),
            "generator": loaded.generator_id, "pictures_shown": loaded.config["training"]["pictures"], "frechet_distance": distance}


def by_page(judge: Judge, pictures: list[Image.Image], truth: np.ndarray) -> dict:
    """Verdicts as the page gives them, with the face found and framed; of pictures where none is found only the share."""
    verdicts_given = [judge.verdict(picture) for picture in pictures]
    opinions = [verdict.opinion for verdict in verdicts_given]
    found = np.array([opinion is not None for opinion in opinions])
    said = np.array([opinion.probability_generated for opinion in opinions if opinion])
    return {"auroc": float(roc_auc_score(truth[found], said)), **said_wrong(verdicts_given, truth),
            "not_found": float(1 - found.mean()), "pictures": len(pictures)}


def said_wrong(given: list[Verdict], truth: np.ndarray) -> dict:
    """As `verdicts.wrong`, of verdicts that were given."""
    words = np.array([verdict.verdict for verdict in given])
    judged = np.isin(words, (REAL, GENERATED, UNCLEAR))
    return {"real_called_generated": float((words[judged & (truth == 0)] == GENERATED).mean()),
            "generated_called_real": float((words[judged & (truth == 1)] == REAL).mean()),
            "cannot_tell": float((words[judged] == UNCLEAR).mean())}


def calibrate_in_photos(judge: Judge, real: list[Image.Image], faces: list[Image.Image]) -> dict:
    """The calibration for faces that are cut out of a larger picture, as the page cuts them."""
    logits, truth = [], []
    for generated, picture in enumerate(map(in_photos, (real, faces))):
        for photo in picture:
            opinion = judge.verdict(photo).opinion
            if opinion:
                logits.append(detector.evidence(judge.detector, opinion.crop[None]).sum())
                truth.append(generated)
    return verdicts.calibrate(np.array(logits, np.float64), np.array(truth))


def in_photos(pictures: list[Image.Image]) -> list[Image.Image]:
    """Each somewhere in a larger picture, from half to three times its size, as a JPEG."""
    random, made = np.random.default_rng(0), []
    for picture in pictures:
        side = int(picture.width * random.uniform(max(0.5, 64 / picture.width), 3))
        photo = Image.new("RGB", (2 * side, 2 * side), tuple(random.integers(0, 256, 3).tolist()))
        photo.paste(picture.resize((side, side), Image.Resampling.BICUBIC), tuple(random.integers(0, side, 2).tolist()))
        made.append(degrade.saved(photo, "JPEG", 90))
    return made


def by_people(judge: Judge, settings: Settings) -> dict:
    """Share of UTKFace's held-out faces called likely generated, by age group and gender."""
    pictures, rows = held_out(settings.utkface, SIZE, settings)
    called = probability(judge, pictures) >= judge.config["calibration"]["generated_from"]
    groups = labels(settings.utkface, "test")
    return {trait: {str(name): {"pictures": int((values[rows] == name).sum()), "called_generated": float(called[values[rows] == name].mean())}
                    for name in sorted(set(values), key=lambda name: (len(name) > 5, len(name), name))} for trait, values in groups.items()}


def photos(judge: Judge, settings: Settings) -> dict:
    """Faces of UTKFace's test split in photos of 12 megapixels, from bytes to verdict: how many are found, and how fast."""
    pictures, _ = held_out(settings.utkface, SIZE, settings)
    found, seconds, random = 0, [], np.random.default_rng(0)
    for picture in pictures[:ROUNDS]:
        side = int(random.uniform(0.15, 0.5) * 3000)
        photo = Image.new("RGB", (4000, 3000), tuple(random.integers(0, 256, 3).tolist()))
        photo.paste(picture.resize((side, side), Image.Resampling.BICUBIC), (int(random.uniform(0, 4000 - side)), int(random.uniform(0, 3000 - side))))
        file = io.BytesIO()
        photo.save(file, "JPEG", quality=90)
        start = time.perf_counter()
        image = files.read_picture(file.getvalue())
        decoded = time.perf_counter()
        found += judge.verdict(image).verdict != NO_FACE
        seconds.append((decoded - start, time.perf_counter() - decoded))
    decoding, judging = np.median(seconds, axis=0)
    return {"photos": ROUNDS, "faces_found": found, "milliseconds_decoding": round(1000 * decoding), "milliseconds_verdict": round(1000 * judging),
            "threads": torch.get_num_threads()}


def main(settings: Settings) -> None:
    judge = Judge(settings.detector)
    judge.config.setdefault("calibration_in_photos", judge.config["calibration"])  # measured below
    real = {"celeba": held_out(settings.celeba, 64, settings)[0], "utkface": held_out(settings.utkface, 64, settings)[0]}
    report = judge.config["report"]
    report["unseen"] = {f"unseen: {name}": against(judge, real["celeba" if "celeba" in name.lower() else "utkface"], folder)
                        for name, folder in (settings.unseen or {}).items()}
    faces, others = ([Image.fromarray(face) for folder in settings.generators for face in sampling.faces(
        weights.load(folder).generator, range(first, first + 232))] for first in (detector_report.FIRST_SEED, detector_report.FIRST_SEED + 10**7))
    judge.config["calibration_in_photos"] = detector_report.rounded(
        calibrate_in_photos(judge, held_out(settings.utkface, SIZE, settings, 0)[0], others), 6)
    shown = held_out(settings.utkface, SIZE, settings)[0]
    truth = np.repeat([0, 1], [len(shown), len(faces)])
    report["page"] = {"on this page: UTKFace and faces as trained, face found and framed": by_page(judge, shown + faces, truth),
                      "on this page: the same somewhere in a larger JPEG": by_page(judge, in_photos(shown + faces), truth)}
    report["people"], report["photos"] = by_people(judge, settings), photos(judge, settings)
    if settings.without_celeba:
        other = Judge(settings.without_celeba)
        report["unseen_data_set"] = {"name": "celeba", "pictures": len(real["celeba"]), **verdicts.wrong(
            probability(other, real["celeba"]), np.zeros(len(real["celeba"]), int), other.config["calibration"])}
    config = {**judge.config, "report": detector_report.rounded(report, 4)}
    weights.write_config(settings.detector, config)
    detector_card.save(settings.detector, config)
    for name in ("page", "unseen", "people", "photos", "unseen_data_set"):
        print(name, report.get(name))


if __name__ == "__main__":
    main(tyro.cli(Settings, use_underscores=True))
