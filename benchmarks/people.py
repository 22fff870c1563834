"""Whom the faces look like: shares of apparent age groups and genders among samples and among training pictures.

    python benchmarks/people.py weights/faces-64 --features FILE --train_data_dir DIR_WITH_UTKFACE

A linear probe on the feature network (logistic regression, fitted on the training pictures' labels) guesses both. Its
error is measured on the test split. The shares of real faces are its guesses, too, so that its errors are in both
columns. The result goes into the config and the model card. Needs parquet files with the columns `age` (years) and
`gender`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import tyro
from datasets import Features as HubFeatures
from pyarrow import parquet
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gan.cards import facts
from gan.cards import generator as generator_card
from gan.cards.fact import plain
from gan.model import sampling
from gan.model.config import write_config
from gan.train.measure.comparison import Comparison

AGES = (0, 10, 20, 30, 40, 50, 60, 70)  # years, at which groups begin
BATCH = 250  # faces in memory at a time


def labels(folder: Path, split: str) -> dict[str, np.ndarray]:
    """Age group and gender of each picture of a split, in the order of the files."""
    tables = [parquet.read_table(path, columns=["age", "gender"]) for path in sorted(folder.glob(f"{split}-*.parquet"))]
    ages, genders = (np.concatenate([table[name].to_numpy() for table in tables]) for name in ("age", "gender"))
    genders = HubFeatures.from_arrow_schema(tables[0].schema)["gender"].int2str(genders)
    names = [f"{first}–{last - 1}" for first, last in zip(AGES, AGES[1:])] + [f"{AGES[-1]} and older"]
    return {"age": np.array(names)[np.searchsorted(AGES, ages, side="right") - 1], "gender": np.array(genders)}


def shares(guesses: np.ndarray, names: np.ndarray) -> dict[str, float]:
    return {str(name): round(float((guesses == name).mean()), 3) for name in names}


def main(settings: Comparison) -> None:
    loaded, reference = settings.open()
    real = reference.train_features
    truth, test_truth = (labels(settings.train_data_dir, split) for split in ("train", "test"))
    test = reference.extract(reference.store.held_out)
    made = np.concatenate(
        [
            reference.extract(sampling.faces(loaded.generator, range(start, min(start + BATCH, settings.samples))))
            for start in range(0, settings.samples, BATCH)
        ]
    )
    result = {"generator": loaded.generator_id, "samples": settings.samples}
    for trait in ("age", "gender"):
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(real, truth[trait])
        names = sorted(set(truth[trait]), key=lambda name: (len(name) > 5, len(name), name))
        result[trait] = {
            "error": round(float((probe.predict(test) != test_truth[trait]).mean()), 3),
            "tested_on": len(test),
            "real": shares(probe.predict(test), names),
            "samples": shares(probe.predict(made), names),
        }
    config = {**loaded.config, "metrics": {**loaded.config["metrics"], "people": result}}
    write_config(settings.weights, config)
    generator_card.save(settings.weights, config, loaded.generator_id)
    for fact in facts.of_metrics({"people": result}, loaded.generator_id):
        print(f"{fact.name}: {plain(fact)}")


if __name__ == "__main__":
    main(tyro.cli(Comparison, use_underscores=True, description=__doc__))
