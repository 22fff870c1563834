"""How far samples are from real faces: the Fréchet distance over the features of a TorchScript network.

    python -m gan.train.metrics WEIGHTS --features FILE --train_data_dir DIR

With the face network of this project the figure is called FFD; with NVIDIA's inception-2015-12-05.pt it is FID
(Heusel et al. 2017, https://arxiv.org/abs/1706.08500). Figures compare only with the same network, reference
pictures and number of samples.
"""

import shlex
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from tqdm import tqdm

from gan import UserError, reason
from gan.model import sampling, weights
from gan.model.settings import DataSettings
from gan.train import data, report, sources

_BATCH = 250  # pictures per call of the feature network
_STATISTICS = ("features_sum", "features_cov_sum", "features_num_samples")  # torchmetrics' names


class Features(torch.nn.Module):
    """A TorchScript feature network: uint8 `(N, 3, S, S)` → `(N, D)`.

    Raises:
        UserError: the file is missing or is no such network.
    """

    def __init__(self, path: Path, device: torch.device | str = "cpu"):
        super().__init__()
        if not path.is_file():
            raise UserError(f"The feature network {path} does not exist.")
        _know_newer_operators()
        self.file = f"{path.name} {weights.sha256(path)[:12]}"
        try:
            self.network = torch.jit.load(str(path), map_location=device).eval()
            # NVIDIA's Inception gives class probabilities unless asked for features
            self.options = {"return_features": True} if "return_features" in str(self.network.forward.schema) else {}
            self.num_features = self(torch.zeros(2, 3, 64, 64, dtype=torch.uint8, device=device)).shape[1]
        except RuntimeError as error:
            raise UserError(f"{path} is no TorchScript network that takes uint8 pictures "
                            f"({reason(error)}).") from error

    @torch.no_grad()
    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.network(pictures, **self.options)


class Frechet:
    """Fréchet distance to the first pictures of a store. Features of real pictures are computed once per store."""

    def __init__(self, features: Features, store: data.Store, samples: int, device: torch.device | str = "cpu"):
        self.features, self.store, self.device = features, store, device
        self.samples = samples
        self.reference_count = min(samples, len(store.train))
        if self.reference_count < 2:
            raise UserError("The Fréchet distance needs at least 2 training pictures to compare with.")

    def of_generator(self, generator: torch.nn.Module) -> float:
        """Distance of the faces of seeds 0, 1, … to the reference."""
        metric = self._metric()
        self._set(metric, "real", self._real_statistics(0, self.reference_count))
        for start in tqdm(range(0, self.samples, _BATCH), desc="Sampling for the Fréchet distance", leave=False):
            seeds = range(start, min(start + _BATCH, self.samples))
            metric.update(self._tensor(sampling.faces(generator, seeds)), real=False)
        return float(metric.compute())

    def floor(self) -> tuple[float, int]:
        """Distance between two disjoint sets of real pictures, and how many are in each: what no generator can beat.

        As many as the reference where the store has twice that, else half of the store each.
        """
        count = min(self.reference_count, len(self.store.train) // 2)
        if count < 2:
            return float("nan"), count
        metric = self._metric()
        self._set(metric, "real", self._real_statistics(0, count))
        self._set(metric, "fake", self._real_statistics(count, 2 * count))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*before the ``update`` method")  # the statistics are set
            return float(metric.compute()), count

    def _metric(self):
        from torchmetrics.image.fid import FrechetInceptionDistance  # takes seconds, and most runs do not measure

        # only one process measures, so nothing may be exchanged
        metric = FrechetInceptionDistance(feature=self.features, sync_on_compute=False).to(self.device)
        metric.orig_dtype = torch.float64  # update() sets it, and cached statistics come without an update
        return metric

    def _real_statistics(self, first: int, last: int) -> dict[str, np.ndarray]:
        cache = self.store.folder / f"features-{self.features.file.split()[-1]}-{first}-{last}.npz"
        if not cache.exists():
            metric = self._metric()
            for start in tqdm(range(first, last, _BATCH), desc="Features of real pictures", leave=False):
                metric.update(self._tensor(self.store.train[start:min(start + _BATCH, last)]), real=True)
            temporary = cache.with_suffix(".tmp.npz")
            np.savez(temporary, **{name: getattr(metric, f"real_{name}").cpu().numpy() for name in _STATISTICS})
            temporary.replace(cache)
        return dict(np.load(cache))

    def _set(self, metric, side: str, statistics: dict[str, np.ndarray]) -> None:
        for name, value in statistics.items():
            setattr(metric, f"{side}_{name}", torch.from_numpy(value).to(self.device))

    def _tensor(self, pictures: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(pictures.copy()).permute(0, 3, 1, 2).contiguous().to(self.device)


def measure(folder: Path, frechet: Frechet, command: str) -> dict:
    """Fréchet distance of the weights in a folder, as saved; written into its config and its card with the command.

    Returns what is written: generator, value, floor, counts, reference, feature network, command.
    """
    loaded = weights.load(folder)
    resolution = loaded.settings.resolution
    if resolution != frechet.store.info["resolution"]:
        raise UserError(f"{folder} makes faces of {resolution} px; the pictures are {frechet.store.info['resolution']} px.")
    value = frechet.of_generator(loaded.generator.to(frechet.device))
    floor, floor_count = frechet.floor()
    result = {
        "generator": loaded.generator_id, "value": round(value, 3), "samples": frechet.samples,
        "reference": f"first {frechet.reference_count:,} training pictures of {frechet.store.info['name']}, "
                     f"{resolution} px, Lanczos",
        "floor": round(floor, 3), "floor_pictures": floor_count,
        "features": frechet.features.file, "command": command,
    }
    config = loaded.config
    config.setdefault("metrics", {})["frechet_distance"] = result
    weights.write_config(folder, config)
    report.save_card(folder, config, loaded.generator_id)
    return result


def describe(result: dict) -> str:
    """A measurement in one line."""
    return (f"Fréchet distance {result['value']:.2f} ({result['samples']:,} samples against the {result['reference']}; "
            f"real against real {result['floor']:.2f} with {result['floor_pictures']:,} each; {result['features']})")


@dataclass(frozen=True, kw_only=True)
class MeasureSettings(DataSettings):
    """Measure a weights folder and write the figure into its config."""

    # the weights folder
    weights: tyro.conf.Positional[Path]
    # TorchScript feature network
    features: Path
    # samples, and training pictures, that are compared
    samples: int = 10_000
    # where decoded pictures are kept
    store_dir: Path = Path("~/.cache/seedfaces")


def command_for(folder: Path, features: Path, pictures: DataSettings, samples: int) -> str:
    """The command line that repeats a measurement."""
    count = ["--samples", samples] if samples != MeasureSettings.samples else []
    return shlex.join(map(str, ["python", "-m", "gan.train.metrics", folder, "--features", features,
                                *pictures.data_arguments(), *count]))


def main(settings: MeasureSettings) -> None:
    resolution = weights.load(settings.weights).settings.resolution
    features = Features(settings.features)
    store = data.open_store(sources.find(settings), resolution, settings.store_dir)
    command = command_for(settings.weights, settings.features, settings, settings.samples)
    print(describe(measure(settings.weights, Frechet(features, store, settings.samples), command)))


def _know_newer_operators() -> None:
    """Make files load that a newer torch has scripted: they carry all of its `interpolate`, with a Lanczos branch
    that is never taken but whose operator must have a name (torch 2.13; unknown to torch < 2.12)."""
    if not hasattr(torch.ops.aten, "_upsample_lanczos2d_aa"):
        library = torch.library.Library("aten", "FRAGMENT")
        library.define("_upsample_lanczos2d_aa(Tensor input, SymInt[]? output_size, bool align_corners, "
                       "float[]? scale_factors) -> Tensor")
        _libraries.append(library)


_libraries: list[torch.library.Library] = []  # a library that is collected takes its operators with it


if __name__ == "__main__":
    try:
        main(tyro.cli(MeasureSettings, use_underscores=True))
    except UserError as error:
        sys.exit(f"Error: {error}")
