"""The verdict on a photo: find the faces, judge them, and show where the evidence for "generated" is."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gan.cards import detector as cards
from gan.model import detector, face_finder, weights
from gan.model.config import CONFIG, config_errors
from gan.model.face_finder import FEWEST_PIXELS, Square

REAL, GENERATED, UNCLEAR = "likely real", "likely generated", "can't tell"
LARGEST = 1e6  # slope or intercept of a calibration; logits stay far below the limits of float32
# the other verdicts: no face was judged
TOO_SMALL, NO_FACE = "too small to tell", "no face found"
MOST_FACES = 12  # of a picture that are judged, the largest


@dataclass(frozen=True)
class Opinion:
    """The detector's opinion on a square of a picture."""

    crop: np.ndarray  # (S, S, 3) uint8, as the network saw it
    places: np.ndarray  # (h, w) float32: the evidence for "generated" of each place, in logits after calibration
    probability_generated: float
    verdict: str  # REAL, GENERATED or UNCLEAR


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
        # the page's texts about the detector; a malformed config is refused here
        self.facts, self.table = cards.of_detector(self.config), cards.table(self.config)
        self.trust = cards.trust(self.config)

    def verdict(self, picture: Image.Image) -> Verdict:
        """A PIL RGB picture → the verdict on its largest face, and those on the others."""
        faces = face_finder.find(picture)
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
        """The detector's opinion on a square of a PIL RGB picture."""
        looks, calibration = face_finder.looks(picture, square, self.settings.resolution), self.config["calibration"]
        evidence = detector.evidence(self.detector, looks).mean(0)
        places = calibration["slope"] * evidence + calibration["intercept"] / evidence.size
        probability = float(1 / (1 + np.exp(-np.clip(places.sum(), -500, 500))))
        verdict = (
            GENERATED
            if probability >= calibration["generated_from"]
            else REAL
            if probability <= calibration["real_up_to"]
            else UNCLEAR
        )
        return Opinion(looks[0], places, probability, verdict)


def _check_calibration(calibration: dict) -> None:
    """
    Raises:
        LookupError, ValueError: a number is missing, not a number, or out of the range of calibrations.
    """
    names = ("slope", "intercept", "generated_from", "real_up_to")
    numbers = slope, intercept, generated_from, real_up_to = [calibration[name] for name in names]
    if any(type(number) not in (int, float) for number in numbers):
        raise ValueError("a calibration is four numbers")
    if not (abs(slope) <= LARGEST and abs(intercept) <= LARGEST and 0 <= real_up_to < generated_from <= 1):
        raise ValueError("a number of the calibration is out of range")
