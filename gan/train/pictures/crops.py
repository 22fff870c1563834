"""What is kept of each picture: the square in its middle, or those around faces, framed as the embedded data are."""

import numpy as np
from PIL import Image

from gan.model import images


def crops(image: Image.Image, resolution: int, which: str) -> tuple[list[np.ndarray], str]:
    """PIL RGB image → crops `(resolution, resolution, 3)` uint8, and what was left out, in words.

    Args:
        which: "middle"; "largest" or "all" for faces of at least `resolution` pixels, turned upright.
    """
    if which == "middle":
        return [images.training_crop(image, resolution)], ""
    from gan.model import face_finder  # takes seconds to import, and most runs do not need it

    faces = face_finder.find(image)
    wanted = faces[:1] if which == "largest" else faces
    large = [face for face in wanted if face.side >= resolution]
    small = len(wanted) - len(large)
    left_out = f"{small} face{'s' * (small > 1)} under {resolution} px" if small else "" if faces else "no face"
    return [face_finder.cut(image, face_finder.moved_into(image, face), resolution) for face in large], left_out
