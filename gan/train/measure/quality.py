"""How samples differ from real faces: pure functions from arrays to numbers, each with its formula and paper.

"Features" are `(N, D)` float32 of a feature network, "pictures" `(N, S, S, 3)` uint8.
"""

import numpy as np
import torch

from gan.cards.facts import NEAREST_SHARE, SPECTRUM_UP_TO

NEIGHBOURS = 3  # k of precision and recall
CHANNELS = ("red", "green", "blue")
_ROWS = 500  # rows of the matrix of distances that are in memory at a time
_LUMINANCE = (0.299, 0.587, 0.114)  # of red, green, blue: ITU-R BT.601, as in JPEG


def frechet_distance(samples: np.ndarray, real: np.ndarray) -> float:
    """|m₁ − m₂|² + Tr(C₁ + C₂ − 2 (C₁ C₂)^½), over the means and covariances of two sets of features.

    Heusel et al. 2017, https://arxiv.org/abs/1706.08500, equation 6.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance  # takes seconds, and most runs do not measure

    features_as_they_are = torch.nn.Identity()
    features_as_they_are.num_features = real.shape[1]
    # only one process measures, so nothing may be exchanged
    metric = FrechetInceptionDistance(feature=features_as_they_are, sync_on_compute=False)
    metric.update(torch.from_numpy(np.array(samples, np.float64)), real=False)
    metric.update(torch.from_numpy(np.array(real, np.float64)), real=True)
    return float(metric.compute())


def precision_recall(samples: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    """Precision: share of samples that look like real faces. Recall: share of real faces that samples look like.

    f(φ, Φ) = 1 if ‖φ − φ'‖ ≤ ‖φ' − NN_k(φ', Φ)‖ for any φ' of Φ, else 0; precision is its mean over samples with real
    faces as Φ, recall the other way round (Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991, eq. 1 to 3).

    Args:
        samples, real: features, more than `NEIGHBOURS` of each. Compare figures only with as many of both.
    """
    from sklearn.metrics import euclidean_distances  # takes seconds to import

    real_radii, sample_radii = _radii(real), _radii(samples)
    precise, recalled = 0, np.zeros(len(real), bool)
    for start in range(0, len(samples), _ROWS):
        rows = slice(start, start + _ROWS)
        distances = euclidean_distances(samples[rows], real)
        precise += int((distances <= real_radii).any(1).sum())
        recalled |= (distances <= sample_radii[rows, None]).any(0)
    return precise / len(samples), float(recalled.mean())


def _radii(features: np.ndarray) -> np.ndarray:
    """Distance of each to its k-th nearest neighbour among the others: `(N,)`."""
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(features).kneighbors()[0][:, -1]


def nearest(features: np.ndarray, mirrored: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest training picture of each: Euclidean distances `(N,)` and row numbers in `train` `(N,)`.

    Args:
        features, mirrored: of the same pictures as they are and mirrored; the nearer one counts. A generator trained
            with flips may have learned a picture either way round, and its features differ from the mirrored ones.
    """
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(train)
    distances, rows = zip(*(index.kneighbors(these) for these in (features, mirrored)))
    distances, rows = np.hstack(distances), np.hstack(rows)
    each, way = np.arange(len(features)), distances.argmin(1)
    return distances[each, way], rows[each, way]


def copies(distances: np.ndarray) -> np.ndarray:
    """Which of the held-out pictures are copies of training pictures, from their distances to the nearest: `(N,)` bool.

    Data sets hold the same photograph twice. Tukey's rule for outliers: below Q₁ − 1.5 (Q₃ − Q₁), Q the quartiles
    (Tukey 1977, Exploratory Data Analysis). It finds none where more than a quarter are copies.
    """
    first, third = np.quantile(distances, [0.25, 0.75])
    return distances < first - 1.5 * (third - first)


def memorisation(samples: np.ndarray, held_out: np.ndarray) -> dict:
    """Whether samples lie nearer to training pictures than held-out faces do.

    Args:
        samples, held_out: distances `(N,)` to the nearest training picture, equally many.

    Returns:
        both medians; `nearer_than`, the distance within which `NEAREST_SHARE` of the held-out faces lie;
        `share_nearer`, the share of samples within it: `NEAREST_SHARE` is chance, 1 is a generator that copies.
        `held_out_copies` are left out, since with them `nearer_than` would be about 0.
    """
    found = copies(held_out)
    nearer_than = float(np.quantile(held_out[~found], NEAREST_SHARE))
    return {
        "pictures": len(samples),
        "held_out_copies": int(found.sum()),
        "median_samples": float(np.median(samples)),
        "median_held_out": float(np.median(held_out[~found])),
        "nearer_than": nearer_than,
        "share_nearer": float((samples < nearer_than).mean()),
    }


def power_spectrum(pictures: np.ndarray) -> np.ndarray:
    """Mean power of the luminance per ring of spatial frequency, in grey levels²: `(S // 2,)`.

    P(r) = mean over ring and pictures of |F(w · (Y − mean Y))|² / Σw², w a Hann window (without it the edges of a
    picture would pass for detail); ring r holds frequencies of r ± ½ cycles per picture, the last is Nyquist's. White
    noise has its variance in every ring. After Durall et al. 2020, https://arxiv.org/abs/2003.01826.
    """
    size = pictures.shape[1]
    luminance = torch.from_numpy(np.array(pictures)).float() @ torch.tensor(_LUMINANCE)
    window = torch.outer(torch.hann_window(size), torch.hann_window(size))
    spectra = torch.fft.rfft2((luminance - luminance.mean((1, 2), keepdim=True)) * window).abs().square()
    power = (spectra.mean(0) / window.square().sum()).double().numpy()
    rows, columns = np.fft.fftfreq(size, 1 / size)[:, None], np.arange(size // 2 + 1)[None]
    rings = np.hypot(rows, columns).round().astype(int).ravel()
    # the half that rfft2 leaves out mirrors these columns
    counts = np.where((columns > 0) & (2 * columns < size), 2, 1) * np.ones_like(rows)
    mean = np.bincount(rings, (power * counts).ravel()) / np.bincount(rings, counts.ravel())
    return mean[1 : size // 2 + 1]


def decibels(power: np.ndarray) -> np.ndarray:
    """Power in dB: 10 more is ten times the power. No power, as of flat pictures, is −60."""
    return 10 * np.log10(np.maximum(power, 1e-6))


def frequencies(rings: int) -> np.ndarray:
    """The frequency of each ring of a power spectrum as a share of Nyquist's: `(rings,)`, the last is 1."""
    return np.arange(1, rings + 1) / rings


def spectrum_difference(samples: np.ndarray, real: np.ndarray) -> dict:
    """Where two power spectra differ most, up to `SPECTRUM_UP_TO` of the Nyquist frequency.

    Returns:
        `decibels`, positive where samples have more power; `at`, the share of the Nyquist frequency.
    """
    difference, at = decibels(samples) - decibels(real), frequencies(len(real))
    largest = int(np.abs(difference[at <= SPECTRUM_UP_TO]).argmax())
    return {"decibels": float(difference[largest]), "at": float(at[largest])}


def colour_histograms(pictures: np.ndarray) -> np.ndarray:
    """Share of the pixels at each grey level, per channel: `(3, 256)`, each row sums to 1."""
    counts = [np.bincount(pictures[..., channel].ravel(), minlength=256) for channel in range(3)]
    return np.array(counts) / pictures[..., 0].size


def colour_difference(samples: np.ndarray, real: np.ndarray) -> dict:
    """The channel whose histograms lie farthest apart, and how far in grey levels: the 1-Wasserstein distance.

    In one dimension that is the area between the cumulative histograms, Σ|F₁ − F₂| (Vallender 1974): how far pixels
    have to move on average to turn one histogram into the other.
    """
    distances = np.abs((samples - real).cumsum(1)).sum(1)
    return {"levels": float(distances.max()), "channel": CHANNELS[int(distances.argmax())]}


def overfitting(train: float, held_out: float, fake: float) -> float | None:
    """r_v = (E[D(train)] − E[D(held-out)]) / (E[D(train)] − E[D(fake)]), from the three mean logits.

    0: the discriminator takes held-out faces for as real as those it learned from; 1: for fakes
    (Karras et al. 2020, https://arxiv.org/abs/2006.06676, equation 1). None where it cannot tell training faces from
    fakes: there is nothing to compare with.
    """
    return (train - held_out) / (train - fake) if train > fake else None


def rounded(figures, digits: int = 3):
    """Figures rounded for a config, in nested dicts and lists too."""
    if isinstance(figures, dict):
        return {name: rounded(value, digits) for name, value in figures.items()}
    if isinstance(figures, list):
        return [rounded(value, digits) for value in figures]
    return round(figures, digits) if isinstance(figures, float) else figures
