"""What strangers get: which addresses are open, and what every answer tells a browser to refuse.

Gradio opens some sixty addresses, most of which this page has no use for. `/gradio_api/file=https://…` fetches any
public URL for anyone, `/monitoring/summary` tells how often the page is used, and `/monitoring` writes a key into the
log (tests/test_strangers.py shows each of them).
"""

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from gan.serve.page.components import outer_address
from gan.serve.page.preview import changed

# what the page, its API and gradio_client ask for; of files only those on this machine, which Gradio checks
OPEN = re.compile(
    r"/|/config/?|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json|/(assets|static|svelte)/.*"
    r"|/face/.*|/random\.[^/]*|/preview\.jpg"
    r"|/gradio_api/(info/?|openapi\.json|app_id/?|startup-events|theme\.css|upload|upload_progress|file=/.*"
    r"|queue/(join|data|status)|call/.*|(run|api)/.*|cancel|reset/?|heartbeat/[^/]*)",
    re.DOTALL,
)
MALFORMED = "This is not a request that the page or its API sends.\n"
HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}
# Gradio compiles templates and `js=` (unsafe-eval) and writes style elements (unsafe-inline)
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' {hub}data: blob:; worker-src 'self' blob:; manifest-src 'self'; base-uri 'self'; "
    "form-action 'none'; frame-ancestors 'self' https://huggingface.co"
)
_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>")


def policy(page: bytes) -> str:
    """The Content-Security-Policy of an HTML page: it names the digest of each of its inline scripts."""
    # a pattern for the whole script would try each of its 200,000 letters, for every visitor
    inline = (page[start.end() : page.find(b"</script>", start.end())] for start in _SCRIPT.finditer(page))
    digests = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in inline]
    scripts = " ".join(f"'sha256-{digest}'" for digest in dict.fromkeys(digests))
    # on a Space, Gradio asks the Hub how the Space is
    return _POLICY.format(scripts=scripts, hub="https://huggingface.co " if outer_address() else "")


class Doors:
    """ASGI middleware: addresses that the page has no use for are 404, and what Gradio cannot parse is 400, where it
    would fail with a traceback. Every answer gets `HEADERS`, and a page its `policy` as well."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        started = []

        async def send_guarded(message):
            if message["type"] == "http.response.start":
                started.append(message)
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        async def guard(page: bytes, headers: MutableHeaders) -> bytes:
            headers["content-security-policy"] = policy(page)
            return page

        path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/")) or "/"
        if not OPEN.fullmatch(path):
            return await PlainTextResponse("There is nothing here.\n", 404)(scope, receive, send_guarded)
        asks = scope["method"] in ("GET", "HEAD")
        try:
            await self.app(scope, receive, changed(send_guarded, "text/html", guard) if asks else send_guarded)
        except Exception as error:
            # Gradio notices within a stream that there is nothing to stream
            if started and isinstance(error.__cause__, HTTPException):
                return await send({"type": "http.response.body", "body": b""})
            if asks or started:
                raise
            # our own functions run in Gradio's queue, where their errors stay
            print(f"{path!r}: a malformed request was refused ({type(error).__name__}).")
            await PlainTextResponse(MALFORMED, 400)(scope, receive, send_guarded)
