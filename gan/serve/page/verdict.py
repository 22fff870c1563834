"""The real-or-fake tab: a picture in, the verdict on its face out."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

from gan import UserError
from gan.cards.verdict import WORDS
from gan.link import View
from gan.model import detector, face_finder
from gan.model.detector import GENERATED
from gan.model.look import AS_TRAINED
from gan.serve import files
from gan.serve.finder import Finder, named
from gan.serve.judge import FEWEST_PIXELS, MOST_FACES, NO_FACE, TOO_SMALL, Judge, Judged, Opinion, Verdict
from gan.serve.models import Models
from gan.serve.page import uploads
from gan.serve.page.api_examples import PAGE
from gan.serve.page.components import VerdictCard, data_url
from gan.serve.page.face_address import FaceAddress, face_at
from gan.serve.page.marks import face_names, in_words, marks, roll
from gan.serve.page.safety import Refusal, UploadedPicture, read_upload
from gan.serve.reader import READER

UPSIDE_DOWN = 135  # degrees of roll, above which a face is called that
SHOWN = 128  # pixels of a square on the page, at most: a group photo has many
FAINT = 0.3  # logits of a place, below which it means next to nothing


class VerdictTab:
    """The tab's components, and their values for a view."""

    tab = "verdict"

    def __init__(self, models: Models, judge: Judge):
        self.models, self.judge = models, judge
        gr.Markdown(judge.trust, elem_id="trust")
        self.picture = UploadedPicture(
            label="A picture with a face",
            sources=["upload", "clipboard"],
            height=220,
            elem_id="upload",
            face_at=partial(face_at, models),
            example=f"{PAGE}/{FaceAddress(1003, 'png', AS_TRAINED, models.current.id)}",
        )
        self.card = VerdictCard()
        gr.Markdown(
            "The page finds the faces in any photo and judges the largest, or the one that you choose. Your picture is "
            "deleted from the server seconds after it was read. It is not stored, logged, used for training or put "
            "into a link."
        )
        self.outputs = [self.card]
        self.main = self.card

    def render(self, view: View) -> list:
        """Values for `outputs`: the verdict on a generated face, or nothing yet."""
        if not view.seeds:
            return [None]
        face = Image.fromarray(self.models.of(view.weights).faces(view.seeds, view.look)[0])
        return [as_json(self.judge.verdict(face), face, WORDS["truth"].format(seed=view.seeds[0]))]

    def judge_upload(self, picture: Path | None) -> dict | None:
        """An upload → the card's value."""
        return uploads.answer(picture, self._verdict)

    def classify(self, picture: Path | None) -> dict | None:
        """Judge whether the faces in a picture are real or generated.

        Args:
            picture: an image file up to 20 MB and 65 megapixels.

        Returns:
            A dict with the verdict on the largest face: `verdict` ("likely real", "likely generated", "can't tell",
            "too small to tell" or "no face found"), `probability_generated` (0 to 1, or null), `faces` (how many were
            found), `made_by` (where the picture is the face of a seed: `seed` and `weights`; else null), `box` (left,
            top and side in pixels of the square around the face, or null), `roll` (degrees clockwise by which that
            square is turned about its middle, or null), `sentences`, and `opinion` (null where there is none) with
            `crop` and `heat_map`, the square as it was judged and what in it speaks for generated, as PNG data URLs.
            `others` are the next largest faces, at most 11, largest first, each with its `verdict`,
            `probability_generated`, `box`, `roll`, `sentences` and `opinion`. Where no face was found, `middle` is an
            opinion on the middle square. The rest is what the page shows of it.
        """
        if picture is None:
            return None
        try:
            return self._verdict(picture)
        except UserError as error:
            raise Refusal(str(error)) from None

    def _verdict(self, picture: Path) -> dict:
        image = READER.read(read_upload(picture))
        with ThreadPoolExecutor(1) as other_core:
            preview = other_core.submit(files.preview, image)
            faces = face_finder.find(image)
            naming = other_core.submit(named, Finder.of(self.models), image, faces)
            found = as_json(self.judge.verdict(image, faces), image, preview=preview.result())
        made = naming.result()
        return found | _as_made(found, made.seed, made.weights) if made else found


def _as_made(found: dict, seed: int, weights: str) -> dict:
    """What replaces a verdict on a picture that is the face of a seed: nothing is left to be judged."""
    opinion = found["opinion"] and {**found["opinion"], "percent": None, "sentences": []}
    return {
        "verdict": GENERATED,
        "headline": WORDS["made headline"].format(seed=seed),
        "sentences": [WORDS["made"].format(seed=seed, weights=weights), *found["sentences"]],
        "probability_generated": 1.0,
        "opinion": opinion,
        "made_by": {"seed": seed, "weights": weights},
    }


def as_json(verdict: Verdict, picture: Image.Image, truth: str = "", preview: bytes = b"") -> dict:
    """A verdict as the card shows it and as the API returns it. `preview`: the picture's, if it has been made."""
    sentences = [truth] if truth else []
    if verdict.verdict == NO_FACE:
        sentences.append(WORDS["no face"])
    elif verdict.faces > 1:
        sentences.append(WORDS["largest" if verdict.opinion else "several"].format(count=verdict.faces))
    squares = [face.face for face in (verdict, *verdict.others) if face.face]
    if verdict.faces > MOST_FACES:
        sentences.append(WORDS["most"].format(most=MOST_FACES))
    names = face_names(squares, picture)
    shown = verdict.others or squares and squares[0].side < max(picture.size)
    return {
        **as_judged(verdict, sentences),
        "faces": verdict.faces,
        "made_by": None,
        "others": [as_judged(face, [f"{name}."]) for face, name in zip(verdict.others, names[1:])],
        "middle": verdict.middle and as_opinion(verdict.middle),
        "photo": data_url(preview or files.preview(picture), "image/webp") if shown else None,
        "aspect": round(picture.width / picture.height, 4),
        "marks": marks(squares, names, picture),
    }


def as_judged(judged: Judged | Verdict, sentences: list[str]) -> dict:
    """The verdict on one face, as the card shows it and as the API returns it."""
    if judged.verdict == TOO_SMALL:
        sentences = [*sentences, WORDS["too small"].format(pixels=FEWEST_PIXELS)]
    opinion, turn = judged.opinion and as_opinion(judged.opinion), judged.face and roll(judged.face)
    if opinion and turn:
        tilt = WORDS["upside down" if abs(turn) > UPSIDE_DOWN else "tilted"].format(degrees=abs(turn))
        sentences = [*sentences, WORDS["turned"].format(tilt=tilt)]
    return {
        "verdict": judged.verdict,
        "headline": opinion["headline"] if opinion else WORDS["headlines"][judged.verdict],
        "probability_generated": opinion["probability_generated"] if opinion else None,
        "box": judged.face and [round(float(value)) for value in judged.face[:3]],
        "roll": turn,
        "sentences": sentences,
        "opinion": opinion,
    }


def as_opinion(opinion: Opinion) -> dict:
    """An opinion on a square, as the card shows it and as the API returns it."""
    # some hundred pictures cannot support more than 99 %
    percent = min(max(round(100 * opinion.probability_generated), 1), 99)
    headline = WORDS["headlines"][opinion.verdict].format(generated=percent, real=100 - percent)
    reason = WORDS["reasons"][opinion.decided_by]
    where = place(opinion.places) if opinion.verdict == GENERATED else ""
    side = max(opinion.crop.shape)
    shown = opinion.crop if side <= SHOWN else files.resized(opinion.crop, SHOWN)
    return {
        "headline": headline,
        "probability_generated": round(opinion.probability_generated, 4),
        "percent": None if opinion.decided_by == detector.UNLIKE else percent,
        "ours": round(opinion.ours, 4),
        "sentences": [reason, WORDS["strongest"].format(place=where)] if where else [reason],
        "crop": data_url(files.png(shown)),
        "heat_map": data_url(files.heat_map(opinion.crop, opinion.places)),
    }


def place(places: np.ndarray) -> str:
    """Where the evidence `(h, w)` for "generated" is strongest, in words; empty where there is none."""
    if places.max() <= FAINT:
        return ""
    strongest = np.unravel_index(places.argmax(), places.shape)
    return in_words(*(int(3 * (index + 0.5) / size) for index, size in zip(strongest, places.shape)))
