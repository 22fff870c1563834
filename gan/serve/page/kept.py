"""The faces that a visitor keeps, each with its own weights and look: its picture, and a view of many of them."""

from dataclasses import replace

from gan.link import SEEDS, View
from gan.model.point import Point
from gan.serve.models import Models
from gan.serve.page.components import Kept
from gan.serve.page.gallery import face_list
from gan.serve.page.inputs import Sent, clean

AT_ONCE = 16  # faces drawn for one question: each may have another look, which takes a batch of its own
FEWEST, MOST = SEEDS["morph"]


class KeptFaces:
    """The component below the gallery, its pictures, and the views that its buttons ask for."""

    def __init__(self, models: Models):
        self.models = models
        self.tray = Kept()

    def draw(self, event: Sent) -> dict[str, list[dict]]:
        """The value of the tray: the first `AT_ONCE` of the faces whose queries the event holds, as they were kept.

        Returns:
            Under `faces`, for each face its query as `asked` and what `face_list` says of it, or `coming` where its
            weights are being fetched. A face whose weights this page lacks, or which they cannot shape so, is left out.
        """
        groups: dict[tuple, dict[str, Point]] = {}
        for query, face in list(clean(event.faces).items())[:AT_ONCE]:
            groups.setdefault((face.weights, face.look), {})[query] = face.seeds[0]
        drawn = []
        for (weights, look), points in groups.items():
            model = self.models.of(weights)
            if weights in ("", model.id) and not model.cannot(look):
                faces = face_list(model, points.values(), look)
            else:
                coming = not self.models.has(weights) and self.models.asked_for(weights)
                faces = [{"coming": True}] * len(points) if coming else []
            drawn += [{"asked": query, **face} for query, face in zip(points, faces)]
        return {"faces": drawn}

    def in_gallery(self, view: View, kept) -> tuple[View, list[str]]:
        """A gallery of the kept faces, in their order."""
        found, notes = self._alike(kept)
        return found or view, notes

    def in_morph(self, view: View, kept) -> tuple[View, list[str]]:
        """A morph through the kept faces in their order, as many as it takes; where they are too few, the view."""
        found, notes = self._alike(kept)
        if not found or len(found.seeds) < FEWEST:
            return view, [f"Keep at least {FEWEST} faces with the same weights and settings to morph them.", *notes]
        if len(found.seeds) > MOST:
            notes.append(f"A morph takes at most {MOST} faces. These are the first {MOST}.")
        return View("morph", found.seeds[:MOST], found.look, found.weights), notes

    def _alike(self, kept) -> tuple[View | None, list[str]]:
        """The kept faces that share weights and look with the first of them, and sentences about the others.

        A link holds one set of weights and one look. The first face decides, so the visitor does: faces can be moved.
        """
        faces = list(clean(kept).values())
        there = []
        for face in faces:
            model = self.models.of(face.weights)
            if self.models.has(face.weights) and not model.cannot(face.look):
                there.append(replace(face, weights=model.id, look=model.fitting(face.look)))
        alike = [face for face in there if (face.weights, face.look) == (there[0].weights, there[0].look)]
        notes = [] if faces else ["You have not kept any faces yet."]
        if others := len(there) - len(alike):
            notes.append(
                "1 kept face is left out: it has other weights or settings than the first. Move it to the front to "
                "see it."
                if others == 1
                else f"{others} kept faces are left out: they have other weights or settings than the first. Move one "
                "of them to the front to see it."
            )
        if lost := len(faces) - len(there):
            notes.append(
                "1 kept face is left out: this page does not have its weights."
                if lost == 1
                else f"{lost} kept faces are left out: this page does not have their weights."
            )
        return (replace(alike[0], seeds=tuple(face.seeds[0] for face in alike)) if alike else None), notes
