"""The find tab: a photo in, the seeds whose faces look most like it out."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

from gan import UserError
from gan.cards.find import WORDS
from gan.link import View, encode
from gan.model import face_finder, seed_index
from gan.model.look import AS_TRAINED
from gan.model.point import Place
from gan.serve import files
from gan.serve.finder import SHOWN, Finder, Found, Named, named
from gan.serve.models import Models
from gan.serve.page import uploads
from gan.serve.page.api_examples import PAGE
from gan.serve.page.components import Faces, FoundCard, Said, data_url
from gan.serve.page.face_address import FaceAddress, face_at
from gan.serve.page.gallery import face_list
from gan.serve.page.inputs import numbers
from gan.serve.page.marks import face_names, marks, roll
from gan.serve.page.safety import Refusal, UploadedPicture, read_upload
from gan.serve.reader import READER


class FindTab:
    """The tab's components, their values for a view, and the views that its button asks for."""

    tab = "find"

    def __init__(self, models: Models):
        self.models = models
        gr.Markdown(self.about(), elem_id="find-about")
        self.picture = UploadedPicture(
            label="A photo with a face",
            sources=["upload", "webcam", "clipboard"],
            height=220,
            elem_id="find-upload",
            face_at=partial(face_at, models),
            example=f"{PAGE}/{FaceAddress(1003, 'png', AS_TRAINED, models.current.id)}",
        )
        self.card = FoundCard()
        self.grid = Faces("find-faces", "Found")
        self.said = Said("find-said")
        self.gallery = gr.Button("Show as a gallery", min_width=0, size="sm", visible=False)
        gr.Markdown(
            "Faces are compared by a small network: it finds lookalikes and identifies nobody. Your photo is deleted "
            "from the server seconds after it was read. It is not stored, logged, used for training or put into the "
            "link, which holds only the seeds."
        )
        self.actions = {"nearer": self.nearer, "gallery": self.as_gallery}
        self.outputs = [self.grid, self.gallery]

    @property
    def finder(self) -> Finder | None:
        """The index of the weights that are shown first, or else of others that have one."""
        return next(iter(Finder.of(self.models)), None)

    def about(self) -> str:
        """What the tab does, in one sentence."""
        if not self.finder:
            return WORDS["none"]
        count = len(self.finder.index.rows)
        return WORDS["about"].format(count=f"{count:,}", shown=SHOWN)

    def render(self, view: View) -> list:
        """Values for `outputs`: the faces that a link names, or none yet."""
        faces = face_list(self.models.of(view.weights), view.seeds, view.look)
        return [faces, gr.update(visible=bool(faces))]

    # --- what a visitor does: a view and a value as a browser sent it → a view and notes --------------------------

    def of(self, view: View) -> View:
        return View("find", view.seeds[:SHOWN], view.look, view.weights) if view.seeds else View("find", ())

    def as_gallery(self, view: View, _=None) -> tuple[View, list[str]]:
        """The faces that were found, where they can be shaped and saved."""
        return (replace(view, tab="gallery") if view.seeds else view), []

    def nearer(self, view: View, sent) -> tuple[View, list[str]]:
        """Places between the seeds that were found, where they are more alike; `sent` describes the face."""
        finder, description = self.finder, numbers(sent, seed_index.NUMBERS)
        length = float(np.linalg.norm(description)) if description else 0
        if not (finder and view.seeds and length and view.weights == finder.model.id):
            return view, ["Choose the photo again: the page no longer has the description of its face."]
        points, _ = finder.nearer(np.array(description, np.float32) / length, view.seeds)
        places = sum(isinstance(point, Place) for point in points)
        if not places:
            return view, ["No face between these is more alike."]
        if set(points) == set(view.seeds):
            return view, ["No face between these is more alike than they are."]
        return replace(view, seeds=points), [f"{places} of these faces lie between two seeds and are more alike."]

    # --- a photo --------------------------------------------------------------------------------------------------

    def find_upload(self, picture: Path | None) -> dict | None:
        """An upload → the card's value."""
        return uploads.answer(picture, self._found)

    def find(self, picture: Path | None) -> dict | None:
        """Find the seeds whose faces look most like those in a picture.

        Args:
            picture: an image file up to 20 MB and 65 megapixels.

        Returns:
            A dict with `faces`, one for each face that was found, largest first, at most 12: `seeds` (12, as text,
            most alike first), `alike` (for each, how much, -1 to 1), `link` (the query string of the link that shows
            them), `made_by` (of the largest: where it is the face of a seed, its `seed` and `weights`; else null),
            `box` (left, top and side in pixels of the square around the face) and `roll` (degrees clockwise by which
            that square is turned). The rest is what the page shows of it.
        """
        if picture is None:
            return None
        try:
            return self._found(picture)
        except UserError as error:
            raise Refusal(str(error)) from None

    def _found(self, picture: Path) -> dict:
        image = READER.read(read_upload(picture))
        if not self.finder:
            raise UserError("These weights have no seed index, so nothing can be found.")
        with ThreadPoolExecutor(1) as other_core:
            preview = other_core.submit(files.preview, image)
            faces = face_finder.find(image)
            if not faces:
                raise UserError(WORDS["no face"])
            naming = other_core.submit(named, Finder.of(self.models), image, faces)
            found = self.finder.find(image, faces)
        return as_json(found, self.finder.model.id, image, naming.result(), preview.result())


def as_json(
    found: Sequence[Found], weights: str, picture: Image.Image, made: Named | None = None, preview: bytes = b""
) -> dict:
    """What was found for the faces of a picture, as the card shows it and as the API returns it.

    Args:
        weights: whose seeds they are.
        made: the seed that made the largest face.
        preview: the picture's, if it has been made.
    """
    squares = [each.square for each in found]
    names = face_names(squares, picture)
    faces = [_as_face(each, weights, None if place else made) for place, each in enumerate(found)]
    if len(faces) > 1:
        faces = [{**face, "sentences": [f"{name}.", *face["sentences"]]} for face, name in zip(faces, names)]
    return {
        "faces": faces,
        "chosen": faces[0],
        "others": len(faces) > 1,
        "photo": data_url(preview or files.preview(picture), "image/webp"),
        "aspect": round(picture.width / picture.height, 4),
        "marks": marks(squares, names, picture),
    }


def _as_face(found: Found, weights: str, made: Named | None) -> dict:
    first, *others = map(str, found.points)
    headline, sentences = WORDS["first"].format(seed=first), [WORDS["others"].format(seeds=", ".join(others[:3]))]
    if made:
        headline = WORDS["made headline"].format(seed=made.seed)
        sentences = [WORDS["made"].format(seed=made.seed, weights=made.weights)]
    return {
        "headline": headline,
        "sentences": sentences if others else [],
        "seeds": [first, *others],
        "alike": [round(each, 4) for each in found.alike],
        "link": encode(View("find", found.points, weights=weights)),
        "made_by": made and {"seed": made.seed, "weights": made.weights},
        "box": [round(float(value)) for value in found.square[:3]],
        "roll": roll(found.square),
        "description": seed_index.rounded(found.description).tolist(),
    }
