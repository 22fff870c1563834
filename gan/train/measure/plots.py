"""Plots: the curves of a run, samples beside real faces, the detector's report."""

from pathlib import Path

import matplotlib
import numpy as np

from gan.cards import facts
from gan.train.measure import quality

_SAMPLES, _REAL = "tab:orange", "tab:blue"

matplotlib.use("Agg")  # no display where networks are trained


def save_curves(rows: list[dict], path: Path) -> None:
    """Losses, the discriminator's accuracies, its overfitting and the Fréchet distance over pictures shown."""
    import matplotlib.pyplot as plt

    panels = [
        ("Losses", {"loss_generator": "G", "loss_real": "D on real", "loss_fake": "D on fake"}, (0, None)),
        (
            "Accuracy of D",
            {"accuracy_real": "on real", "accuracy_fake": "on fake", "accuracy_held_out": "on held-out"},
            (0, 1.02),
        ),
    ]
    if any(row.get("overfitting") is not None for row in rows):
        # early on D can hardly tell real from fake, and the quotient may be any number
        panels.append(("Overfitting of D (0: none, 1: held-out = fake)", {"overfitting": ""}, (-0.25, 1.25)))
    if any("frechet_distance" in row for row in rows):
        panels.append(("Fréchet distance", {"frechet_distance": ""}, (0, None)))
    width = 5.5 * len(panels)
    # fixed margins: to find them matplotlib would draw twice, and every export draws these curves
    margins = {"left": 0.5 / width, "right": 1 - 0.15 / width, "bottom": 0.14, "top": 0.91, "wspace": 0.12}
    figure, axes = plt.subplots(1, len(panels), figsize=(width, 3.6), gridspec_kw=margins)
    for axis, (title, names, limits) in zip(axes, panels):
        for name, label in names.items():
            points = [(row["pictures"] / 1000, row[name]) for row in rows if row.get(name) is not None]
            if points:
                axis.plot(*zip(*points), label=label, linewidth=1, marker="." if len(points) < 30 else None)
        axis.set(title=title, xlabel="thousand pictures shown", xlim=(0, None), ylim=limits)
        axis.grid(alpha=0.3)
        if len(names) > 1 and axis.lines:
            axis.legend(frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def save_quality(result: dict, spectra: tuple, colours: tuple, distances: tuple | None, path: Path) -> None:
    """Four panels: precision and recall, nearest training pictures, power spectra, colours.

    Args:
        result: what `metrics.measure` writes into the config as `quality`.
        spectra, colours: of samples and of real pictures, as `quality` makes them.
        distances: of samples and of held-out pictures to the nearest training picture; None: not measured.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(11, 7.6), layout="constrained")
    figure.suptitle(f"Samples of generator {result['generator']} beside real pictures")
    _precision_recall(axes[0, 0], result)
    _distances(axes[0, 1], result["memorisation"], distances)
    _spectra(axes[1, 0], result["spectrum"], *spectra)
    _colours(axes[1, 1], result["colour"], *colours)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _precision_recall(axis, result: dict) -> None:
    names = ["precision", "recall"]
    for offset, colour, values, label in (
        (-0.2, _SAMPLES, result, "samples"),
        (0.2, _REAL, result["floor"], "other real pictures"),
    ):
        bars = axis.bar(np.arange(2) + offset, [values[name] for name in names], 0.38, color=colour, label=label)
        axis.bar_label(bars, fmt="%.2f", padding=2)
    axis.set(
        title=f"Precision and recall (k = {result['neighbours']})",
        xticks=range(2),
        ylim=(0, 1.3),
        yticks=np.linspace(0, 1, 6),
        ylabel="share",
        xticklabels=["precision:\nsamples among real faces", "recall:\nreal faces among samples"],
    )
    axis.legend(frameon=False, loc="upper center", ncols=2)


def _distances(axis, result: dict | None, distances: tuple | None) -> None:
    axis.set(title="Distance to the nearest training picture")
    if not result:
        axis.text(
            0.5, 0.5, "not measured:\ntoo few pictures are held out", ha="center", va="center", transform=axis.transAxes
        )
        axis.set_axis_off()
        return
    samples, held_out = distances
    copies = quality.copies(held_out)
    for values, colour, label in (
        (samples, _SAMPLES, "samples"),
        (held_out[~copies], _REAL, "held-out pictures"),
        (held_out[copies], "tab:purple", "held-out, but copies: left out"),
    ):
        axis.hist(values, np.linspace(0, max(samples.max(), held_out.max()), 50), color=colour, alpha=0.55, label=label)
    axis.axvline(
        result["nearer_than"],
        ymax=0.7,
        color="black",
        linestyle=":",
        linewidth=1.2,  # below the legend
        label=f"nearest {100 * facts.NEAREST_SHARE:.0f} % of held-out\n"
        f"({100 * result['share_nearer']:.1f} % of samples are nearer)",
    )
    axis.set(
        xlabel="Euclidean distance between features",
        ylabel=f"pictures, of {result['pictures']:,} each",
        xlim=(0, None),
        ylim=(0, 1.4 * axis.get_ylim()[1]),
    )
    axis.legend(frameon=False, loc="upper center", ncols=2)


def _spectra(axis, result: dict, samples: np.ndarray, real: np.ndarray) -> None:
    at = quality.frequencies(len(real))
    axis.plot(at, quality.decibels(real), color=_REAL, label="real pictures")
    axis.plot(at, quality.decibels(samples), color=_SAMPLES, linestyle="--", label="samples")
    axis.axvline(facts.SPECTRUM_UP_TO, color="grey", linestyle=":", linewidth=1.2, label="compared up to here")
    axis.set(
        title=f"Power spectrum (samples: {result['decibels']:+.1f} dB at {result['at']:.2f})",
        xlabel="spatial frequency, share of the Nyquist frequency",
        ylabel="dB over 1 grey level²",
        xlim=(0, 1),
    )
    axis.grid(alpha=0.3)
    axis.legend(frameon=False)


def _colours(axis, result: dict, samples: np.ndarray, real: np.ndarray) -> None:
    for channel, name in enumerate(quality.CHANNELS):
        axis.plot(100 * real[channel], color=f"tab:{name}", linewidth=1.2, label=f"{name}, real")
        axis.plot(100 * samples[channel], color=f"tab:{name}", linewidth=1.2, linestyle="--", label=f"{name}, samples")
    # black and white may hold many times as many pixels as any level between
    highest = 130 * max(np.quantile(histograms[histograms > 0], 0.99) for histograms in (samples, real))
    axis.set(
        title=f"Colours ({result['channel']} is farthest apart: {result['levels']:.1f} grey levels)",
        xlabel="grey level",
        ylabel="% of pixels",
        xlim=(0, 255),
        ylim=(0, highest),
    )
    axis.grid(alpha=0.3)
    axis.legend(frameon=False, ncols=3, loc="upper center")


def save_detector(report: dict, path: Path) -> None:
    """Three panels: AUROC by degradation, AUROC by generator beside its own discriminator, reliability.

    Args:
        report: what `gan.train.detector.report` writes into the config.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(15, 4.2), layout="constrained")
    _auroc(axes[0], "Pictures after one degradation", report["changed"])
    _auroc(axes[1], "Generators", report["generators"])
    axes[1].plot(
        [figures["critic_auroc"] for figures in report["generators"].values()],
        range(len(report["generators"])),
        "D",
        color="black",
        label="the GAN's own critic",
    )
    axes[1].legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, -0.34), ncols=2)
    _reliability(axes[2], report)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _auroc(axis, title: str, by_name: dict) -> None:
    places = range(len(by_name))
    values = [figures["auroc"] for figures in by_name.values()]
    bars = axis.barh(places, values, 0.6, color=_SAMPLES, label="this detector")
    axis.bar_label(bars, fmt="%.3f", padding=3)
    axis.set(title=title, xlabel="AUROC (0.5: a guess)", xlim=(0.5, 1.06), yticks=places, yticklabels=list(by_name))
    axis.invert_yaxis()


def _reliability(axis, report: dict) -> None:
    for name, style in (("before", ":"), ("after", "-")):
        label = f"{name} calibration (ECE {report['calibration_error'][name]:.3f})"
        axis.plot(*zip(*report["reliability"][name]), style, marker=".", color=_REAL, label=label)
    axis.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axis.set(
        title="Reliability of probabilities",
        xlabel="probability of being generated",
        ylabel="share that was generated",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    axis.legend(frameon=False)
