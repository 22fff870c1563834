"""Protection against visitors: uploads that cannot name files of the server, request bodies of limited size, and
refusals without a traceback in the log.

Gradio does neither of the first two: an image payload without `meta` may name any file of the server, a `data:` URL in
a payload passes every size limit, and a URL is fetched (tests/test_page_safety.py shows each of them).
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import anyio.to_thread
import gradio as gr
from gradio.processing_utils import get_upload_folder, save_bytes_to_cache
from starlette.exceptions import HTTPException

from gan import UserError
from gan.serve.files import MOST_BYTES

MOST_BODY_BYTES = 2**20  # of a request other than an upload; legitimate ones have a few kilobytes
KEPT_SECONDS = 10  # how long an upload is kept after it was read
ONLY_UPLOADS = "Only a picture that was uploaded to this page can be used: upload it first."


class Refusal(gr.Error):
    """One sentence for the visitor. Nothing is wrong with the page, so the log gets no traceback."""

    def __init__(self, sentence: str):
        super().__init__(sentence, print_exception=False)


class UploadedPicture(gr.Image):
    """An uploaded picture. Handlers get its path, for `read_upload`."""

    is_template = True  # looks and works like gr.Image in the browser

    def __init__(self, *, face_at: Callable[[str], bytes | None] = lambda url: None, example: str = "", **options):
        """`face_at` makes the picture at the address of a generated face, or None; `example` is such an address."""
        self._face_at, self._example = face_at, example
        super().__init__(**options)

    def get_config(self, cls=None):
        return super().get_config(gr.Image)  # the browser gets what gr.Image takes

    async def async_move_resource_to_block_cache(self, url_or_file_path):
        """gr.Image would fetch a URL in the payload. Of URLs, only the address of a face is allowed, which is made."""
        if "://" not in str(url_or_file_path or ""):
            return await super().async_move_resource_to_block_cache(url_or_file_path)
        face = await anyio.to_thread.run_sync(self._face_at, str(url_or_file_path))
        if face is None:
            raise Refusal(ONLY_UPLOADS)
        return save_bytes_to_cache(face, "face.png", self.GRADIO_CACHE)

    def example_payload(self):
        """What the API's documentation shows."""
        return {"path": self._example, "url": self._example, "meta": {"_type": "gradio.FileData"}}

    def preprocess(self, payload) -> Path | None:
        """A payload → the path of the upload it names, or None.

        Raises:
            Refusal: it names no upload, but a file of the server or a URL.
        """
        if payload is None:
            return None
        path = Path(payload.path or "").resolve()
        if (
            payload.url
            and payload.url.startswith("data:")
            or not path.is_relative_to(Path(get_upload_folder()).resolve())
        ):
            raise Refusal(ONLY_UPLOADS)
        return path


def read_upload(path: Path) -> bytes:
    """The bytes of an upload, up to one more than are allowed. The file is deleted seconds later.

    Raises:
        UserError: it is gone.
    """
    try:
        with open(path, "rb") as file:
            timer = threading.Timer(KEPT_SECONDS, _delete, (path, os.fstat(file.fileno()).st_mtime_ns))
            data = file.read(MOST_BYTES + 1)
    except OSError:
        raise UserError("The upload did not arrive. Choose the picture again.") from None
    # not immediately: the browser may still be fetching the preview
    timer.daemon = True
    timer.start()
    return data


def _delete(path: Path, written: int) -> None:
    """Delete an upload, unless the same picture was uploaded again meanwhile: Gradio gives it the same path."""
    with suppress(FileNotFoundError):
        if path.stat().st_mtime_ns == written:
            path.unlink()
            with suppress(OSError):  # another file of the same bytes is there
                path.parent.rmdir()


class BodyLimit:
    """ASGI middleware: requests with a body above the limit get 413, before it is read into memory."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        # an upload streams to disk, where Gradio enforces max_file_size
        most = 2 * MOST_BYTES if scope["path"].endswith("/upload") else MOST_BODY_BYTES
        received = 0

        async def counted():
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413, "This request is too large.")
            return message

        await self.app(scope, counted, send)
