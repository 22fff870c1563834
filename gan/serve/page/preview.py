"""What a chat shows for a link: its first faces, and their seeds.

Gradio's own tags say “Gradio, Click to try out the app!”, and they come before anything that `head` can add (Open
Graph, https://ogp.me).
"""

import html
import re
import textwrap
from collections.abc import Awaitable, Callable

import anyio.to_thread
from gradio.route_utils import get_root_url
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gan.link import FIRST_SEEDS, View, decode, encode, format_points
from gan.serve import files
from gan.serve.models import Models
from gan.serve.page.line import Line, refusal

PICTURE = "/preview.jpg"
MOST_FACES = 8  # two rows of four, as wide as chats want them
_TAGS = re.compile(r"""<meta\s+(property="og:|name="twitter:)[^>]*>""")


class LinkPreview:
    """ASGI middleware: replaces the page's Open Graph tags by those of the requested view."""

    def __init__(self, app, models: Models):
        self.app, self.models = app, models

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            return await self.app(scope, receive, send)

        async def with_tags(body: bytes, _) -> bytes:
            page = _TAGS.sub("", body.decode())
            tags = await anyio.to_thread.run_sync(self._tags, Request(scope))  # it may load older weights
            return page.replace("<head>", "<head>" + tags, 1).encode()

        await self.app(scope, receive, changed(send, "text/html", with_tags))

    def _tags(self, request: Request) -> str:
        view, _ = decode(dict(request.query_params))
        tags = {
            "og:type": "website",
            "og:title": "SeedFaces",
            "og:description": described(view),
            "twitter:card": "summary",
        }
        # chats cache previews: better no faces than those of other weights
        if self.models.has(view.weights):
            address = get_root_url(request, "/", request.scope.get("root_path"))
            tags |= {"og:image": f"{address}{PICTURE}?{encode(view)}", "twitter:card": "summary_large_image"}
        return "".join(f'<meta property="{name}" content="{html.escape(value)}">' for name, value in tags.items())


def changed(send, media_type: str, change: Callable[[bytes, MutableHeaders], Awaitable[bytes]]):
    """An ASGI `send` that passes the body of a response of this type, and its headers, through `change`."""
    start, parts = {}, []

    async def send_changed(message):
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith(media_type):
                start.update(message)
                return
        elif start:
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            headers = MutableHeaders(scope=start)
            body = await change(b"".join(parts), headers)
            headers["content-length"] = str(len(body))
            await send(start)
            message = {"type": "http.response.body", "body": body}
        await send(message)

    return send_changed


def picture_route(models: Models, line: Line) -> Route:
    """`PICTURE`, with the query of a link: its first faces as a JPEG. 404 where the page lacks the weights that made
    them, 503 where the line is full."""

    def made(view: View) -> Response:
        picture = drawn(models, view)
        if not picture:
            return refusal(404, f"This page does not have the weights {view.weights}.")
        return Response(picture, media_type="image/jpeg")

    async def answer(request: Request) -> Response:
        view, _ = decode(dict(request.query_params))
        return await line.answer(request, made, view)

    return Route(PICTURE, answer)


def drawn(models: Models, view: View) -> bytes | None:
    if not models.has(view.weights):
        return None
    seeds = view.seeds or FIRST_SEEDS["gallery"]
    seeds = seeds[: min(MOST_FACES, max(1, len(seeds) // 2 * 2))]  # no row is left half empty
    return files.poster(models.of(view.weights).faces(seeds, view.look))


def described(view: View) -> str:
    said = {"morph": "A morph.", "find": "Seeds that look like somebody.", "verdict": "Real or fake?"}
    sentences = [said.get(view.tab, "Every face is a number.")]
    if view.seeds:
        listed = textwrap.shorten(format_points(view.seeds, ", ") + ".", 100, placeholder=" …")
        sentences.append(f"Seed{'s' * (len(view.seeds) > 1)} {listed}")
    return " ".join([*sentences, "None of these people exist."])
