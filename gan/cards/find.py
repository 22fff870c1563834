"""What is said of seeds that were found for a face, on the Gradio page and on the static one; `{name}` is filled in."""

from gan.cards import verdict

WORDS = {
    "about": "**Which seed looks like you?** The page compares the face in a photo with those of {count} seeds and "
    "shows the {shown} that are most alike.",
    "none": "**Which seed looks like you?** These weights have no seed index, so nothing can be found here.",
    "no face": "No face was found in this picture. Choose one in which a face is larger, or upright.",
    "first": "Seed {seed} looks most like this face",
    "others": "After it come {seeds}.",
    "made headline": "This is seed {seed}",
    # as for a verdict: whose face it is, and where it is in a photo
    **{name: verdict.WORDS[name] for name in ("made", "face", "places")},
}
