"""The real-or-fake tab: a picture in, the verdict on its face out."""

import gradio as gr
import numpy as np
from PIL import Image

from gan import UserError
from gan.link import View
from gan.serve import files
from gan.serve.judge import FEWEST_PIXELS, GENERATED, NO_FACE, REAL, TOO_SMALL, Judge, Opinion, Verdict
from gan.serve.models import Models
from gan.serve.page.components import VerdictCard, data_url
from gan.serve.page.safety import Refusal, UploadedPicture

FAINT = 0.3  # logits of a place, below which it says next to nothing


class VerdictTab:
    """Components of the tab, and what a view makes of them."""

    tab = "verdict"

    def __init__(self, models: Models, judge: Judge):
        self.models, self.judge = models, judge
        gr.Markdown(
            "Is this picture a real face, or one that a network like ours made up? A photo will do: the face is looked "
            "for, and the largest one is judged."
        )
        self.picture = UploadedPicture(
            label="A picture with a face", sources=["upload", "clipboard"], height=220, elem_id="upload"
        )
        self.card = VerdictCard()
        gr.Markdown(trust(judge.config), elem_id="trust")
        gr.Markdown(
            "Your picture is deleted from the server seconds after it was read. Nothing of it is stored, logged, "
            "learned from, or put into a link."
        )
        self.outputs = [self.card]
        self.main = self.card

    def render(self, view: View) -> list:
        """Values for `outputs`: the verdict on a generated face, or nothing yet."""
        if not view.seeds:
            return [None]
        face = Image.fromarray(self.models.of(view.weights).faces(view.seeds, view.look)[0])
        return [as_json(self.judge.verdict(face), face, f"In fact it is generated: the face of seed {view.seeds[0]}.")]

    def classify(self, picture: bytes | None) -> dict | None:
        """Judge whether the largest face in a picture is real or generated.

        Args:
            picture: an image file up to 20 MB and 65 megapixels.

        Returns:
            A dict with `verdict` ("likely real", "likely generated", "can't tell", "too small to tell" or "no face found"),
            `probability_generated` (0 to 1, or null), `faces` (how many were found), `box` (left, top and side in pixels of
            the square around the largest, or null), `sentences`, and `opinion` (null where there is none) with `crop` and
            `heat_map`, the square as it was judged and what in it speaks for generated, as PNG data URLs; where no face was
            found, `middle` is such an opinion on the middle square.
        """
        if picture is None:
            return None
        try:
            image = files.read_picture(picture)
        except UserError as error:
            raise Refusal(str(error)) from None
        return as_json(self.judge.verdict(image), image)


def as_json(verdict: Verdict, picture: Image.Image, truth: str = "") -> dict:
    """A verdict as the card shows it and as the API returns it."""
    sentences = [truth] if truth else []
    if verdict.verdict == NO_FACE:
        sentences.append("No face was found that looks at the camera, upright: nothing was judged.")
    elif verdict.faces > 1:
        sentences.append(f"{verdict.faces} faces were found; the largest one was judged.")
    if verdict.verdict == TOO_SMALL:
        sentences.append(f"The face has fewer than {FEWEST_PIXELS} pixels on a side: there is too little to see.")
    opinion, square = verdict.opinion and as_opinion(verdict.opinion), verdict.face
    shown = square and square.side < max(picture.size)
    return {
        "verdict": verdict.verdict,
        "headline": opinion["headline"] if opinion else verdict.verdict.capitalize(),
        "probability_generated": opinion["probability_generated"] if opinion else None,
        "faces": verdict.faces,
        "box": [round(float(value)) for value in square] if square else None,
        "sentences": sentences,
        "photo": data_url(files.outlined(picture, square), "image/webp") if shown else None,
        "opinion": opinion,
        "middle": verdict.middle and as_opinion(verdict.middle),
    }


def as_opinion(opinion: Opinion) -> dict:
    """What is said of a square."""
    # some hundred pictures cannot vouch for more than 99 %
    percent = min(max(round(100 * opinion.probability_generated), 1), 99)
    headline = {GENERATED: f"Likely generated: {percent} %", REAL: f"Likely real: {100 - percent} %"}.get(
        opinion.verdict, f"Can't tell: {percent} % generated, {100 - percent} % real"
    )
    where = place(opinion.places)
    return {
        "headline": headline,
        "probability_generated": round(opinion.probability_generated, 4),
        "percent": percent,
        "sentences": [
            f"What speaks most for “generated” is {where}." if where else "No single place speaks for “generated”."
        ],
        "crop": data_url(files.png(opinion.crop)),
        "heat_map": data_url(files.heat_map(opinion.crop, opinion.places)),
    }


def place(places: np.ndarray) -> str:
    """Where the evidence `(h, w)` for "generated" is strongest, in words; empty where there is none."""
    if places.max() <= FAINT:
        return ""
    strongest = np.unravel_index(places.argmax(), places.shape)
    row, column = (int(3 * (index + 0.5) / size) for index, size in zip(strongest, places.shape))
    return (
        "in the middle"
        if row == column == 1
        else f"{('at the top', 'in the middle', 'at the bottom')[row]} {('left', '', 'right')[column]}".strip()
    )


def trust(config: dict) -> str:
    """How far the detector can be trusted, in words and figures measured on pictures it had never seen."""
    report = config["report"]
    auroc, wrong, cut_out = report["as_it_is"]["auroc"], report["wrong"], report["page"]["cut_out"]
    low, high = auroc["interval"]
    in_photos = (
        f", {cut_out['auroc']:.3f} where the face has to be cut out of a larger picture" if "auroc" in cut_out else ""
    )
    return (
        f"**How far to trust it:** on {report['real']:,} held-out photographs and {report['generated']:,} faces of our "
        f"generators it finds the generated one of a pair {100 * auroc['value']:.1f} % of the time (AUROC {auroc['value']:.3f}, "
        f"95 % interval {low:.3f} to {high:.3f}{in_photos}; a guess is 0.5). As they are, blurred, compressed and the like, or cut "
        f"out, it calls {100 * wrong['real_called_generated']:.1f} % of the real ones likely generated, "
        f"{100 * wrong['generated_called_real']:.1f} % of the generated ones likely real, and does not decide on "
        f"{100 * wrong['cannot_tell']:.0f} %: see About. **It is no forensic tool, and no judge of pictures from diffusion "
        "models** or from other large generators: it knows small face GANs like ours, and photographs of faces "
        "that look at the camera."
    )
