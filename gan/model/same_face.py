"""Are two pictures the same picture of a face, whatever was done to the file and however it was cut?"""

import cv2
import numpy as np

_STEPS, _ENOUGH = 40, 1e-4  # of the alignment, at most; change at which it ends
_FINE, _COARSE = 0.8, 5.0  # pixels: finer differences come from files, coarser ones from light
_INNER = 0.12  # of the side: what lies at the edges may not be in both


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """How alike two pictures of a face `(S, S, 3)` uint8 are in their details once the second lies on the first: a
    correlation, -1 to 1.

    The second is shifted, turned, resized and sheared (ECC, Evangelidis and Psarakis 2008,
    https://doi.org/10.1109/TPAMI.2008.113).
    """
    grey = [
        cv2.GaussianBlur(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), _FINE)
        for each in (one, other)
    ]
    warp = np.eye(2, 3, dtype=np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _STEPS, _ENOUGH)
    try:
        _, warp = cv2.findTransformECC(grey[0], grey[1], warp, cv2.MOTION_AFFINE, criteria, None, 3)
    except cv2.error:  # they have nothing in common
        return -1.0
    size, flags = one.shape[1::-1], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    placed = cv2.warpAffine(grey[1], warp, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.ones_like(grey[1]), warp, size, flags=flags) > 0.99
    edge = round(_INNER * len(one))
    inner = np.zeros_like(inside)
    inner[edge:-edge, edge:-edge] = True
    fine = [each - cv2.GaussianBlur(each, (0, 0), _COARSE) for each in (grey[0], placed)]
    seen = [each[inside & inner] for each in fine]
    if len(seen[0]) < inner.sum() / 2:
        return -1.0
    return float(np.corrcoef(*seen)[0, 1])
