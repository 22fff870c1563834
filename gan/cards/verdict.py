"""What is said of a verdict on a photo, on the Gradio page and on the static one; `{name}` is filled in."""

from gan.model import detector
from gan.model.detector import GENERATED, REAL, UNCLEAR

# verdicts where no face was judged
TOO_SMALL, NO_FACE = "too small to tell", "no face found"

WORDS = {
    "headlines": {
        GENERATED: "Likely generated: {generated} %",
        REAL: "Likely real: {real} %",
        UNCLEAR: "Can't tell",
        TOO_SMALL: "Too small to tell",
        NO_FACE: "No face found",
    },
    # by what decided
    "reasons": {
        detector.OURS: "It looks like a face of the generators that this page knows, its own.",
        detector.TRACES: "It has traces that generators leave, but is not from one that this page knows.",
        detector.FEW_TRACES: "It shows no sign of this page's generators, and few traces of any other.",
        detector.SOME_TRACES: "It shows no sign of this page's generators. Another one may have made it: to this page, "
        "a photograph and a good generator's picture can look alike.",
        detector.SOME_OF_OURS: "It shows some signs of this page's generators, too few for a verdict.",
        detector.UNLIKE: "It is unlike the faces that the page learned from, as drawings and masked faces are, so the "
        "page does not judge it.",
        detector.UNTRAINED: "It shows no sign of the generators that this page knows. It knows no others, so it calls "
        "no face real.",
    },
    # of a picture whose seed was found
    "made headline": "Generated: the face of seed {seed}",
    "made": "It is the face that seed {seed} makes with the weights {weights}.",
    "strongest": "The strongest sign is {place}.",
    "truth": "In fact it is generated: the face of seed {seed}.",
    "no face": "No face was found, so nothing was judged.",
    "several": "{count} faces were found.",
    "largest": "{count} faces were found; this is the verdict on the largest.",
    "most": "Only the {most} largest can be chosen.",
    "too small": "The face is less than {pixels} pixels wide, too small to judge.",
    "turned": "The face is {tilt} in the picture. It was turned upright before it was judged.",
    "upside down": "upside down",
    "tilted": "tilted by {degrees}°",
    "face": "Face {number} of {count}, {place}",
    # ninths of a picture, row by row
    "places": [
        ["at the top left", "at the top", "at the top right"],
        ["on the left", "in the middle", "on the right"],
        ["at the bottom left", "at the bottom", "at the bottom right"],
    ],
}


def bounds(measured: dict) -> tuple[float, float]:
    """The least and the largest probability that is shown where traces decide: no surer than verdicts on left-out
    sources were right, where as many pictures are real as generated.

    Args:
        measured: `unseen.report` of a detector's config.

    Raises:
        LookupError, TypeError, ValueError: the shares are missing or are none.
    """
    shares = {
        verdict: [float(measured[kind][verdict]) for kind in ("generated", "real")]
        for verdict in ("likely_real", "likely_generated")
    }
    if not all(0 <= share <= 1 for pair in shares.values() for share in pair):
        raise ValueError("a share is not between 0 and 1")
    least, most = (made / max(made + real, 1e-9) for made, real in shares.values())
    return min(least, 0.5), max(most, 0.5)
