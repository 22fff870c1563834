"""A picture that a visitor uploads, and the card that answers it."""

import json
from collections.abc import Callable
from pathlib import Path

from gan import UserError
from gan.serve.page.components import UploadCard
from gan.serve.page.safety import UploadedPicture


def answer(picture: Path | None, read: Callable[[Path], dict]) -> dict | None:
    """An upload → the card's value: what `read` says of it, or why it says nothing, and the folder of the upload, a
    digest."""
    if picture is None:
        return None
    try:
        return {**read(picture), "folder": picture.parent.name}
    except UserError as error:
        return {"refused": str(error), "folder": picture.parent.name}


def wire(picture: UploadedPicture, card: UploadCard, handler: Callable, afterwards: dict, queue: dict) -> None:
    """Let `handler` answer what is uploaded to `picture`.

    Args:
        handler: the path of an upload → the card's value.
        afterwards: values that other components get once it was answered or refused.
    """
    quiet = {"api_visibility": "private"}
    mine = f"window.seedfacesUploads[{json.dumps(picture.elem_id)}]"
    # not `input`: Paste sends it before the picture is there, and clearing afterwards would delete the picture
    answered = picture.upload(
        handler,
        picture,
        card,
        js=f"(picture) => {mine}.sent(picture)",
        show_progress_on=[card],
        trigger_mode="multiple",
        **quiet,
        **queue,
    )
    # refused under load; upload.js sees what failed before it was sent, and a lost connection
    answered.failure(None, None, None, js=f"() => {mine}.refuse()", **quiet)
    # cleared afterwards: its file is deleted, and the next picture can be dropped at once. `then` instead of `success`
    # and `failure` left a broken picture in place
    values = ", ".join(map(json.dumps, afterwards.values()))
    for listen in (answered.success, card.refused):
        listen(None, None, [picture, *afterwards], js=f"() => {mine}.settled(null, {values})", **quiet)
