import html

from conftest import WEIGHTS
from PIL import Image

from gan.model import detector
from gan.serve.judge import Judge
from gan.serve.page import about as tab

JUDGE = Judge(WEIGHTS / "detector")
FLOOR = {"pictures": 9_000, "precision": 0.87, "recall": 0.88}
MEMORY = {"pictures": 1_004, "share_nearer": 0.0134}


def about(model) -> str:
    return tab.about(model, JUDGE)


class Model:
    """As much of a FaceModel as the tab looks at."""

    name, id, resolution, latent_dim, calibration = "faces-16", "0123456789ab", 16, 8, None

    def __init__(self, folder, **metrics):
        self.folder, self.config = folder, {"metrics": metrics}


def test_what_was_measured_is_said_and_shown(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "quality.png")
    quality = {"precision": 0.714, "recall": 0.634, "floor": FLOOR, "memorisation": MEMORY}
    page = about(Model(tmp_path, quality=quality))
    assert "71 % of the samples fall among real faces, 63 % of real faces among samples" in page
    assert "(real against real 87 % and 88 %)" in page
    assert "1.3 % of 1,004 samples are nearer" in page and 'alt="Samples beside real faces' in page
    page = about(Model(tmp_path, quality={**quality, "memorisation": None}))
    assert "not measured: too few pictures were held out" in page


def test_what_was_not_measured_is_not_mentioned(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "quality.png")  # left by a measurement of other weights
    page = about(Model(tmp_path))
    assert "Precision" not in page and "Learned by heart" not in page and page.count("<img") == 1  # the detector's


def test_the_detectors_report_is_there_line_by_line(tmp_path):
    page, report = about(Model(tmp_path)), JUDGE.config["report"]
    lines = list(detector.described(report))
    assert len(lines) > 15 and page.count("<tr><td>") == len(lines)
    for words, figures in lines:
        assert f"<tr><td>{html.escape(words)}</td><td>{figures['auroc']:.3f}</td>" in page
    precision = report["as_it_is"]["average_precision"]
    assert f"average precision {precision['value']:.3f} ({precision['interval'][0]:.3f} to" in page


def test_only_an_fid_is_called_one(tmp_path):
    distance = {"value": 2.349, "features": "f.pt", "samples": 100, "floor": 0.1}
    assert "Fréchet distance 2.35 over f.pt (100 samples; real against real 0.10); not an FID" in about(
        Model(tmp_path, frechet_distance=distance)
    )
    page = about(Model(tmp_path, frechet_distance={**distance, "name": "FID"}))
    assert "FID 2.35 over f.pt" in page and "not an FID" not in page


def test_weights_that_started_from_others_say_so(tmp_path):
    model = Model(tmp_path)
    training = {
        "pictures_in_data": 9,
        "held_out": 1,
        "data": "drawn",
        "pictures": 5,
        "hours": 0.5,
        "hardware": "a core",
        "recipe": "modern",
    }
    model.config["training"] = training
    assert "recipe modern</dd>" in about(model)
    grown = Model(tmp_path)
    grown.config["training"] = {**training, "started_from": {"generator": "ba9876543210", "pictures": 2_000}}
    assert "recipe modern, from generator ba9876543210 on, which had been shown 2,000</dd>" in about(grown)
    first = {"generator": "0" * 12, "pictures": 9_000}
    on = Model(tmp_path)
    on.config["training"] = {
        **training,
        "started_from": {"generator": "ba9876543210", "pictures": 2_000, "started_from": first},
    }
    assert "shown 2,000, from generator 000000000000 on, which had been shown 9,000</dd>" in about(on)
