"""The verdict on a photo: find the faces, judge them, and show where the evidence for "generated" is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gan.cards import detector as cards
from gan.cards.verdict import NO_FACE, TOO_SMALL, bounds
from gan.model import detector, face_finder, traces, weights
from gan.model.config import CONFIG, config_errors
from gan.model.face_finder import FEWEST_PIXELS, Square

LARGEST = 1e6  # slope or intercept of a calibration; logits stay far below the limits of float32
MOST_FACES = 12  # of a picture that are judged, the largest


@dataclass(frozen=True)
class Opinion:
    """The detector's opinion on a square of a picture."""

    verdict: str  # REAL, GENERATED or UNCLEAR
    decided_by: str  # one of the constants of gan.model.detector
    ours: float  # probability that it is a face of the generators that the detector knows, and not a photograph
    probability_generated: float  # by any generator: `ours`, or from the traces, whichever decided
    # what decided: pixels (H, W, 3) uint8, and the evidence for "generated" of their places (h, w), in logits after
    # calibration. The square as the detector saw it, upright, or as it is in the picture
    crop: np.ndarray
    places: np.ndarray


@dataclass(frozen=True)
class Judged:
    """The verdict on one face."""

    verdict: str  # that of the opinion, or TOO_SMALL
    face: Square  # the square around it
    opinion: Opinion | None  # on that square; None: too small


@dataclass(frozen=True)
class Verdict:
    """The verdict on a whole picture: that on its largest face."""

    verdict: str  # that on the largest face, or NO_FACE
    faces: int  # number of faces found
    face: Square | None  # the square around the largest
    opinion: Opinion | None  # on that square; None: too small
    middle: Opinion | None  # on the middle square, where no face was found
    others: tuple[Judged, ...] = ()  # the next largest faces, at most MOST_FACES with the largest


class Judge:
    """The detector of a folder, ready to use.

    Raises:
        UserError: a file of the folder is missing, damaged or malformed; with one sentence.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        self.detector, self.settings, self.config = weights.load_detector(self.folder)
        with config_errors(self.folder / CONFIG):
            _check_calibration(self.config["calibration"])
            self.traces = weights.load_traces(self.folder, self.settings, self.config)
            if self.traces:
                _check_calibration(self.config["unseen"]["calibration"], ("ours_from", "unlike_from"))
                self.bounds = bounds(self.config["unseen"]["report"])
        # the page's texts about the detector; a malformed config is refused here
        self.facts, self.table = cards.of_detector(self.config), cards.table(self.config)
        self.trust = cards.trust(self.config)

    def verdict(self, picture: Image.Image, faces: Sequence[Square] | None = None) -> Verdict:
        """A PIL RGB picture → the verdict on its largest face, and those on the others.

        Args:
            faces: those in it, if they have been found.
        """
        faces = face_finder.find(picture) if faces is None else faces
        if not faces:
            middle = self.opinion(picture, face_finder.middle(picture))
            return Verdict(NO_FACE, 0, None, None, middle)
        largest, *others = [self.judged(picture, face) for face in faces[:MOST_FACES]]
        return Verdict(largest.verdict, len(faces), largest.face, largest.opinion, None, tuple(others))

    def judged(self, picture: Image.Image, face: Square) -> Judged:
        """The verdict on a face that was found in a PIL RGB picture."""
        square = face_finder.framed(face, picture)
        if face.side < FEWEST_PIXELS:
            return Judged(TOO_SMALL, square, None)
        opinion = self.opinion(picture, square)
        return Judged(opinion.verdict, square, opinion)

    def opinion(self, picture: Image.Image, square: Square) -> Opinion:
        """The opinion on a square of a PIL RGB picture; how it comes about: `detector.decide`."""
        looks, calibration = face_finder.looks(picture, square, self.settings.resolution), self.config["calibration"]
        places, ours = _calibrated(detector.evidence(self.detector, looks).mean(0), calibration)
        if not self.traces:
            return Opinion(*detector.decide(ours, calibration), ours, ours, looks[0], places)
        limits, pixels = self.config["unseen"]["calibration"], traces.native(picture, square)
        blocks, unseen = _calibrated(self.traces(traces.spectra(pixels)).numpy(), limits)
        unlikeness = float(self.traces.unlikeness(traces.face_features(self.detector, looks[:1])))
        verdict, decided_by = detector.decide(ours, calibration, unseen, unlikeness, limits)
        if decided_by == detector.OURS:
            return Opinion(verdict, decided_by, ours, ours, looks[0], places)
        return Opinion(verdict, decided_by, ours, float(np.clip(unseen, *self.bounds)), pixels, blocks)


def _calibrated(evidence: np.ndarray, calibration: dict) -> tuple[np.ndarray, float]:
    """Evidence of places `(h, w)` → the same after calibration, in logits, and the probability of their sum."""
    places = calibration["slope"] * evidence + calibration["intercept"] / evidence.size
    return places, float(1 / (1 + np.exp(-np.clip(places.sum(), -500, 500))))


def _check_calibration(calibration: dict, others: tuple[str, ...] = ()) -> None:
    """
    Raises:
        LookupError, ValueError: a number is missing, not a number, or out of the range of calibrations.
    """
    names = ("slope", "intercept", "generated_from", "real_up_to")
    numbers = [calibration[name] for name in (*names, *others)]
    if any(type(number) not in (int, float) or not abs(number) <= LARGEST for number in numbers):
        raise ValueError("a number of the calibration is none, or out of range")
    if not 0 <= calibration["real_up_to"] < calibration["generated_from"] <= 1:
        raise ValueError("the thresholds of the calibration are out of range")
