"""The feature network, and what is kept of samples and of the real pictures that they are compared with."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from filelock import FileLock
from tqdm import tqdm

from gan import UserError, reason
from gan.model import sampling, weights
from gan.train.measure import quality, sheets
from gan.train.pictures.store import Store

FEWEST_HELD_OUT = 40  # pictures, below which figures from them would mean nothing
MOST_HELD_OUT = 1024  # pictures that are used
_BATCH = 250  # pictures per call of the feature network


class Features(torch.nn.Module):
    """A TorchScript feature network: uint8 `(N, 3, S, S)` → `(N, D)`.

    Raises:
        UserError: the file is missing or is not such a network.
    """

    def __init__(self, path: Path, device: torch.device | str = "cpu"):
        super().__init__()
        if not path.is_file():
            raise UserError(f"The feature network {path} does not exist.")
        self.file = f"{path.name} {weights.sha256(path)[:12]}"
        # papers call the distance FID only over this network
        self.distance = "FID" if path.name == "inception-2015-12-05.pt" else "Fréchet distance"
        try:
            self.network = torch.jit.load(str(path), map_location=device).eval()
            # NVIDIA's Inception gives class probabilities unless asked for features
            self.options = {"return_features": True} if "return_features" in str(self.network.forward.schema) else {}
            self.num_features = self(torch.zeros(2, 3, 64, 64, dtype=torch.uint8, device=device)).shape[1]
        except RuntimeError as error:
            raise UserError(
                f"{path} is not a TorchScript network that takes uint8 pictures ({reason(error)})."
            ) from error

    @torch.no_grad()
    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.network(pictures, **self.options)


class Seen(NamedTuple):
    """What is kept of a set of pictures; of held-out ones only the features."""

    features: np.ndarray  # (N, D) float32
    spectrum: np.ndarray | None = None  # (S // 2,), see quality.power_spectrum
    colours: np.ndarray | None = None  # (3, 256), see quality.colour_histograms


class Reference:
    """The pictures of a store that samples are compared with.

    Metrics take the first `count` training pictures; the search for copies takes all of them. Features of training
    pictures are computed once per store and kept in its folder.

    Raises:
        UserError: there are too few samples or training pictures.
    """

    def __init__(self, features: Features, store: Store, samples: int, device: torch.device | str = "cpu"):
        self.features, self.store, self.samples, self.device = features, store, samples, device
        self.count = min(samples, len(store.train))
        # so many samples and held-out pictures are searched for their nearest training picture
        self.looked_up = min(samples, MOST_HELD_OUT)
        self.floor_count = min(self.count, len(store.train) // 2)
        if self.floor_count <= quality.NEIGHBOURS:
            fewest = quality.NEIGHBOURS + 1
            raise UserError(
                f"Measuring takes at least {fewest} samples and {2 * fewest} training pictures; there are "
                f"{samples} and {len(store.train)}."
            )

    @cached_property
    def pictures(self) -> Seen:
        """The first `count` training pictures."""
        return self.real(0, self.count)

    def of_generator(self, generator: torch.nn.Module) -> tuple[Seen, np.ndarray]:
        """The faces of seeds 0, 1, …, and features `(looked_up, D)` of the first of them mirrored.

        One batch of faces is in memory at a time.
        """
        features, mirrored, starts = [], [], range(0, self.samples, _BATCH)

        def batches():
            for start in tqdm(starts, desc="Sampling to measure", leave=False):
                faces = sampling.faces(generator, range(start, min(start + _BATCH, self.samples)))
                features.append(self.extract(faces))
                if start < self.looked_up:
                    mirrored.append(self.extract(faces[: self.looked_up - start, :, ::-1]))
                yield faces

        spectrum, colours = _averages(batches())
        return Seen(np.concatenate(features), spectrum, colours), np.concatenate(mirrored)

    @cached_property
    def train_features(self) -> np.ndarray:
        """Of all training pictures: memory-mapped `(N, D)` float32.

        Raises:
            UserError: they cannot be kept, as on a full disk.
        """
        cache = self.store.folder / f"features-{self.features.file.split()[-1]}-train.npy"
        shape = len(self.store.train), self.features.num_features
        try:
            with FileLock(cache.with_suffix(".lock")):  # a run and the command may measure at the same time
                if not cache.exists() or _shape(cache) != shape:
                    self._write_features(cache, shape)
        except OSError as error:
            raise UserError(
                f"The features of the pictures cannot be kept in {cache.parent} ({error.strerror or error}): free some "
                "space there, or choose another --store_dir."
            ) from error
        return np.load(cache, mmap_mode="r")

    def _write_features(self, cache: Path, shape: tuple[int, int]) -> None:
        """Write the features of all training pictures as .npy; the name appears once the file is complete."""
        temporary = cache.with_suffix(".tmp.npy")
        try:
            # not through a memory map, in which a full disk kills the process instead of raising an error
            with open(temporary, "wb") as file:
                header = {"descr": "<f4", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, header)
                for features in self._batches(self.store.train):
                    file.write(features.tobytes())
            temporary.replace(cache)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    @cached_property
    def held_out(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Features `(M, D)` of up to `looked_up` held-out pictures, evenly picked, and their distances `(M,)` to the
        nearest training picture. None: fewer than `FEWEST_HELD_OUT` are held out."""
        pictures = sheets.evenly(self.store.held_out, self.looked_up)
        if len(pictures) < FEWEST_HELD_OUT:
            return None
        features, mirrored = (np.concatenate([*self._batches(each)]) for each in (pictures, pictures[:, :, ::-1]))
        return features, quality.nearest(features, mirrored, self.train_features)[0]

    def real(self, first: int, last: int) -> Seen:
        """Training pictures from `first` to before `last`."""
        batches = (self.store.train[start : min(start + _BATCH, last)] for start in range(first, last, _BATCH))
        return Seen(self.train_features[first:last], *_averages(batches))

    def _batches(self, pictures: np.ndarray) -> Iterator[np.ndarray]:
        """Features of some pictures after the others, `(n, D)` float32."""
        for start in tqdm(range(0, len(pictures), _BATCH), desc="Features of real pictures", leave=False):
            yield self.extract(pictures[start : start + _BATCH])

    def extract(self, pictures: np.ndarray) -> np.ndarray:
        """`(N, S, S, 3)` uint8 → features `(N, D)` float32."""
        tensor = torch.from_numpy(pictures.copy()).permute(0, 3, 1, 2).contiguous().to(self.device)
        return self.features(tensor).float().cpu().numpy()


def _shape(cache: Path) -> tuple | None:
    """The shape of an array in a file; None if the file is damaged or cut short."""
    try:
        return np.load(cache, mmap_mode="r").shape
    except (ValueError, EOFError):
        return None


def _averages(batches: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean power spectrum and colour histograms over batches of pictures."""
    parts = [(len(batch), quality.power_spectrum(batch), quality.colour_histograms(batch)) for batch in batches]
    counts, spectra, colours = zip(*parts)
    return np.average(spectra, 0, counts), np.average(colours, 0, counts)
