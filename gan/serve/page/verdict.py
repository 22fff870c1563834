"""The real-or-fake tab: a picture in, what the critic says of it out."""

import gradio as gr
import numpy as np
from PIL import Image

from gan import UserError
from gan.serve import files
from gan.serve.faces import Verdict
from gan.serve.models import Models
from gan.serve.page.components import VerdictCard, data_url
from gan.serve.page.safety import UploadedPicture
from gan.serve.share_link import View

SURE = 0.8  # probability from which on the headline takes a side
CANNOT_TELL = 0.6  # AUROC below which the critic is no better than a guess


class VerdictTab:
    """Components of the tab, and what a view makes of them."""

    tab = "verdict"

    def __init__(self, models: Models):
        self.models = models
        gr.Markdown("Is this picture a real face, or one that a network made up? Ask the critic that these faces were "
                    "trained against. It looks at the **middle square**, so crop to the face first.")
        self.picture = UploadedPicture(label="A picture of a face", sources=["upload", "clipboard"], height=220,
                                       elem_id="upload")
        self.card = VerdictCard()
        self.trust = gr.Markdown(self.trust_now(), elem_id="trust")
        gr.Markdown("Your picture is deleted from the server seconds after it was read. Nothing of it is stored, logged, "
                    "learned from, or put into a link.")
        self.outputs = [self.card, self.trust]
        self.main = self.card

    def render(self, view: View) -> list:
        """Values for `outputs`: the verdict on a generated face, or nothing yet."""
        model = self.models.of(view.weights)
        card = None
        if view.seeds:
            face = model.faces(view.seeds, view.variation)[0]
            about = f"In fact it is generated: the face of seed {view.seeds[0]}."
            card = as_json(model.judge(Image.fromarray(face)), model.calibration, about)
        return [card, trust(model.calibration)]

    def trust_now(self) -> str:
        """How far to trust the critic that judges uploads."""
        return trust(self.models.current.calibration)

    def classify(self, picture: bytes | None) -> dict | None:
        """Judge whether a picture of a face is real or generated.

        Args:
            picture: an image file up to 20 MB and 65 megapixels; its middle square is judged.

        Returns:
            A dict with `probability_real` (0 to 1), `verdict`, `logit`, `sentences`, `square` (PNG data URL),
            and `unlike_anything` (true: the probability means nothing).
        """
        if picture is None:
            return None
        try:
            model = self.models.current
            return as_json(model.judge(files.read_picture(picture)), model.calibration)
        except UserError as error:
            raise gr.Error(str(error)) from None


def as_json(verdict: Verdict, calibration: dict | None, truth: str = "") -> dict:
    """A verdict as the card shows it and as the API returns it."""
    probability = verdict.probability_real
    # a thousand pictures cannot vouch for more than 99 %
    percent = None if probability is None else min(max(round(100 * probability), 1), 99)
    size = verdict.square.shape[0]
    sentences = [truth] if truth else []
    sentences.append(f"Judged at {size} × {size} pixels, the square shown here.")
    if probability is None:
        headline = "This critic was never calibrated"
        sentences.insert(0, f"Its raw opinion is {verdict.logit:+.2f}, which has no fixed meaning.")
    elif calibration["auroc"] < CANNOT_TELL:
        headline = f"This critic cannot tell; its guess is {percent} % real"
    elif verdict.unlike_anything:
        headline, percent = "Unlike any picture that this critic knows", None
        sentences.insert(0, "It would have an opinion on noise and cats too, and that would mean nothing. "
                            "Is the middle square a face?")
    else:
        headline = (f"Probably real: {percent} %" if probability >= SURE else
                    f"Probably generated: {100 - percent} %" if probability <= 1 - SURE else
                    f"Hard to tell: {percent} % real, {100 - percent} % generated")
    return {
        "probability_real": None if probability is None else round(probability, 4), "verdict": headline,
        "logit": round(verdict.logit, 4), "sentences": sentences,
        "unlike_anything": verdict.unlike_anything, "percent": percent,
        "square": data_url(files.png(verdict.square)),
    }


def trust(calibration: dict | None) -> str:
    """How far the critic can be trusted, in words and figures measured on pictures it had never seen."""
    if not calibration:
        return ("**How far to trust it:** not measured for these weights. `python -m gan.train.calibration` does that, "
                "with the pictures that they were trained on.")
    auroc, half = calibration["auroc"], calibration["n"] // 2
    verdict = "**This critic cannot tell**, and its opinion is here for fun only. " if auroc < CANNOT_TELL else ""
    off = np.mean([abs(mean - share) for mean, share in calibration["reliability"]])
    return (
        f"**How far to trust it:** {verdict}on {half:,} held-out real faces and {half:,} generated "
        f"ones it finds the real one of a pair {100 * auroc:.0f} % of the time (AUROC {auroc:.3f}; a guess is 50 %). "
        f"Its probabilities are off by {100 * off:.0f} points on average (Brier score {calibration['brier']:.3f}; always "
        "saying 50 % gives 0.25). That holds for faces of this generator and for photographs like its training "
        "pictures. Pictures of other makers, other crops, a filter or heavy compression mislead it: it is a critic, "
        "not a forensic tool.")
