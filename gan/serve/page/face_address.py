"""Addresses of single faces, for <img> and for scripts.

    /face/1003.png?variation=0.8&size=512&w=e933c29c64d6        .webp, too; all but the seed may be left out
    /face/1003.png?age=1.5&d=0b1c2d3e4f50&w=e933c29c64d6        older
    /face/4~13@0.4.png                                          a place between two faces
    /random.png                                                 leads to one of them, with the same parameters

The look, `d` and `w` are those of a link, `size` is the side in pixels. With `w`, and `d` where an attribute is moved,
an address shows the same face for good and may be cached for ever.
"""

import hashlib
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gan import UserError
from gan.link import LOOK, SEED_LIMIT, WEIGHTS, Range, look_fields
from gan.link_text import parameters
from gan.model.look import Look
from gan.model.point import Point
from gan.model.point import parse as parse_point
from gan.serve import files
from gan.serve.models import Models
from gan.serve.page.line import FOR_ALL, Line, refusal

TYPES = {"png": "image/png", "webp": "image/webp"}
FOR_EVER = "public, max-age=31536000, immutable"
FOR_NOW = "public, max-age=300"  # without `w` the face follows the page's current weights
RANDOM_BELOW = 1_000_000  # short enough to read out, as the page's own surprises
FETCHING_SECONDS = 60  # a guess at how long it takes to fetch weights
_NAME = re.compile(rf"(.+)\.({'|'.join(TYPES)})")
_NUMBER = re.compile(r"-?[0-9]{1,4}(\.[0-9]{1,9})?")


@dataclass(frozen=True)
class FaceAddress:
    """What an address says. `weights` is empty and `size` 0 where it leaves them to the page."""

    point: Point
    extension: str
    look: Look
    weights: str = ""
    size: int = 0

    @property
    def pinned(self) -> bool:
        """Whether it shows the same face for good."""
        return bool(self.weights) and (not self.look.moved or bool(self.look.directions))

    def __str__(self) -> str:
        """The address, relative to that of the page."""
        query = look_fields(self.look)
        if self.size:
            query["size"] = str(self.size)
        if self.weights:
            query["w"] = self.weights
        return f"face/{quote(str(self.point), safe='~@')}.{self.extension}?{urlencode(query)}"


def parse(name: str, query: Mapping[str, str]) -> FaceAddress:
    """`1003.png` and its query → what they say.

    Raises:
        UserError: there can be no such face; with one sentence.
    """
    query = parameters(query)
    match = _NAME.fullmatch(name)
    try:
        face, exact = parse_point(match[1]) if match else (0, False)
    except ValueError:
        exact = False
    if not exact:
        raise UserError(
            f"A face is at /face/SEED.png or /face/SEED.webp, with a whole number from 0 to {SEED_LIMIT - 1} as SEED, "
            "or a place between two, as /face/4~13@0.4.png."
        )
    weights = query.get("w", "").lower()
    if weights and not WEIGHTS.fullmatch(weights):
        raise UserError("w must be the 12 hexadecimal digits after w= in a link.")
    directions = query.get("d", "").lower()
    if directions and not WEIGHTS.fullmatch(directions):
        raise UserError("d must be the 12 hexadecimal digits after d= in a link.")
    look = {name: _number(query, name, getattr(Look(), name), limits) for name, limits in LOOK.items()}
    size = int(_number(query, "size", 0, files.SIZES))
    return FaceAddress(face, match[2], Look(**look, directions=directions), weights, size)


def _number(query: Mapping[str, str], name: str, default: float, limits: Range) -> float:
    text = query.get(name, "")
    if not text:
        return default
    value = float(text) if _NUMBER.fullmatch(text) else float("inf")
    rounded = round(value, limits.decimals)
    if not limits.least <= rounded <= limits.most or (limits.decimals == 0 and rounded != value):
        kind = "number" if limits.decimals else "whole number"
        raise UserError(f"{name} must be a {kind} from {limits.least:g} to {limits.most:g}.")
    return rounded


def face_routes(models: Models, line: Line) -> list[Route]:
    """`/face/…` and `/random.…`. What cannot be shown is 404 with one sentence; in a full line it is 503."""

    async def face(request: Request) -> Response:
        try:
            address = parse(request.path_params["name"], request.query_params)
        except UserError as error:
            return refusal(404, str(error))
        headers = _headers(address, models.current.id)
        known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
        if "etag" in headers and headers["etag"].removeprefix("W/") in known:
            return Response(status_code=304, headers=headers)
        return await line.answer(request, _made, models, address, headers)

    async def random_face(request: Request) -> Response:
        try:
            name = f"{random.randrange(RANDOM_BELOW)}.{request.path_params['extension']}"
            # with the weights in its address, the face stays what it is
            address = parse(name, {"w": models.current.id, **request.query_params})
            if address.weights == models.current.id and not models.current.cannot(address.look):
                address = replace(address, look=models.current.fitting(address.look))
        except UserError as error:
            return refusal(404, str(error))
        return RedirectResponse(str(address), 302, {"cache-control": "no-store", **FOR_ALL})

    return [Route("/face/{name:path}", face), Route("/random.{extension}", random_face)]


def _headers(address: FaceAddress, current: str) -> dict[str, str]:
    if address.look.moved and not address.look.directions:  # they may be others after a restart, with the same weights
        return {"cache-control": FOR_NOW, **FOR_ALL}
    # weak: another server may compress the same pixels otherwise
    tag = hashlib.sha256(f"{address} {address.weights or current}".encode()).hexdigest()[:16]
    return {"etag": f'W/"{tag}"', "cache-control": FOR_EVER if address.pinned else FOR_NOW, **FOR_ALL}


def _made(models: Models, address: FaceAddress, headers: dict[str, str]) -> Response:
    """The picture; in a thread, since it takes the network and may open older weights."""
    if not models.has(address.weights):
        if models.asked_for(address.weights):
            return refusal(503, f"The weights {address.weights} are being fetched.", FETCHING_SECONDS)
        return refusal(404, f"This page does not have the weights {address.weights}.")
    if cannot := models.of(address.weights).cannot(address.look):
        return refusal(404, cannot)
    name, data = _file(models, address)
    headers = headers | {"content-disposition": f'inline; filename="{name}"'}
    return Response(data, media_type=TYPES[address.extension], headers=headers)


def _file(models: Models, address: FaceAddress) -> tuple[str, bytes]:
    """Name and content of the file at an address."""
    model = models.of(address.weights)
    size, look = address.size or model.resolution, model.fitting(address.look)
    if (size, address.extension) == (model.resolution, "png"):
        (data,) = model.pngs([address.point], look)
    else:
        (face,) = model.faces([address.point], look)
        data = files.face_file(face, address.point, look, model.id, size, address.extension)
    return files.file_name([address.point], size, look, address.extension), data


def face_at(models: Models, url: str) -> bytes | None:
    """The file at a face's address on this page or another: with `w`, they show the same. Nothing is fetched.

    Returns None where the URL is no such address, is not pinned, or names weights or directions that are not here.
    """
    try:
        parts = urlsplit(url)
        _, slash, name = parts.path.rpartition("/face/")
        address = parse(unquote(name), dict(parse_qsl(parts.query, max_num_fields=20)))
    except (UserError, ValueError):
        return None
    found = slash and address.pinned and models.has(address.weights)
    found = found and not models.of(address.weights).cannot(address.look)
    return _file(models, address)[1] if found else None
