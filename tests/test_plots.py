import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from gan.train.measure import plots, quality


@pytest.fixture
def drawn(monkeypatch) -> list:
    """The figures that are drawn; they stay open."""
    figures = []
    monkeypatch.setattr(plt, "close", figures.append)
    yield figures
    monkeypatch.undo()
    plt.close("all")


def titles(figure) -> list[str]:
    return [axis.get_title() for axis in figure.axes]


def test_curves_draw_what_there_is(tmp_path, drawn):
    rows = [
        {
            "step": s,
            "pictures": 64 * s,
            "loss_generator": 1.0,
            "loss_real": 0.5,
            "loss_fake": 0.6,
            "accuracy_real": 0.8,
            "accuracy_fake": 0.7,
            "accuracy_held_out": None,
        }
        for s in (10, 20)
    ]
    plots.save_curves(rows, tmp_path / "two.png")
    plots.save_curves([*rows, {"step": 20, "pictures": 1280, "frechet_distance": 3.0}], tmp_path / "three.png")
    plots.save_curves([], tmp_path / "none.png")
    assert Image.open(tmp_path / "three.png").width > Image.open(tmp_path / "two.png").width
    assert [len(figure.axes) for figure in drawn] == [2, 3, 2]


def test_overfitting_is_drawn_from_the_first_line_that_has_it(tmp_path, drawn):
    """Lines of older versions lack it, and so do lines where D could not tell training faces from fakes."""
    rows = [{"step": s, "pictures": 1000 * s, "accuracy_real": 0.8} for s in range(3)]
    rows += [{**rows[0], "pictures": 3000, "overfitting": None}, {**rows[0], "pictures": 4000, "overfitting": 0.25}]
    plots.save_curves(rows, tmp_path / "curves.png")
    panel = next(axis for axis in drawn[0].axes if "Overfitting" in axis.get_title())
    assert [line.get_xydata().tolist() for line in panel.lines] == [[[4.0, 0.25]]]
    assert [line.get_xydata().shape for line in drawn[0].axes[1].lines] == [(5, 2)]  # accuracy, as before


@pytest.mark.parametrize("held_out", [True, False])
def test_the_picture_of_quality_shows_what_was_measured(tmp_path, drawn, held_out):
    random = np.random.RandomState(0)
    histograms = random.dirichlet(np.ones(256), (2, 3))
    distances = (random.uniform(1, 3, 50), random.uniform(1, 3, 50)) if held_out else None
    spectrum, colour = {"decibels": -1.5, "at": 0.5}, {"levels": 2.5, "channel": "blue"}
    result = {
        "generator": "0123456789ab",
        "precision": 0.7,
        "recall": 0.6,
        "neighbours": 3,
        "pictures": 100,
        "spectrum": spectrum,
        "colour": colour,
        "memorisation": quality.memorisation(*distances) if held_out else None,
        "floor": {"precision": 0.9, "recall": 0.8},
    }
    plots.save_quality(
        result, (np.full(8, 10.0), np.full(8, 100.0)), tuple(histograms), distances, tmp_path / "quality.png"
    )
    assert Image.open(tmp_path / "quality.png").size == (1210, 836)
    bars, nearest, spectra, colours = drawn[0].axes
    assert sorted(round(bar.get_height(), 2) for bar in bars.patches) == [0.6, 0.7, 0.8, 0.9]
    assert [line.get_ydata()[0] for line in spectra.lines[:2]] == pytest.approx([20, 10])  # real, samples
    assert [len(line.get_ydata()) for line in colours.lines] == [256] * 6
    counted = sum(bar.get_height() for bar in nearest.patches)
    assert counted == 100 if held_out else "not measured" in nearest.texts[0].get_text()
    assert "0123456789ab" in drawn[0].get_suptitle() and len(titles(drawn[0])) == 4


def test_the_detectors_picture_shows_its_report(tmp_path, drawn):
    report = {
        "changed": {"as it is": {"auroc": 0.99}, "halved": {"auroc": 0.75}},
        "generators": {"0123456789ab": {"auroc": 0.9, "critic_auroc": 0.6}},
        "calibration_error": {"before": 0.2, "after": 0.02},
        "reliability": {"before": [[0.1, 0.3], [0.9, 0.7]], "after": [[0.1, 0.1], [0.9, 0.9]]},
    }
    plots.save_detector(report, tmp_path / "detector.png")
    changed, generators, reliability = drawn[0].axes
    assert [bar.get_width() for bar in (*changed.patches, *generators.patches)] == [0.99, 0.75, 0.9]
    assert [label.get_text() for label in changed.get_yticklabels()] == ["as it is", "halved"]
    assert [line.get_xydata().tolist() for line in generators.lines] == [[[0.6, 0.0]]]
    assert [line.get_xydata().tolist() for line in reliability.lines[:2]] == list(report["reliability"].values())
    assert Image.open(tmp_path / "detector.png").width == 1650
