"""The examples in the API's documentation, so that they run as printed.

Gradio prints three that do not: a file of nobody's, the address of a page that it does not know yet, and `read` at the
end of a pipe, which zsh runs in the same shell and every other shell in a new one, where the next command cannot see
what was read.
"""

import json
import re

from gradio.route_utils import get_root_url
from starlette.requests import Request

from gan.serve.page.preview import changed

PAGE = "https://page.invalid"  # stands for the page's own address, which only a request tells
_PATH = "/gradio_api/info"
_READ = re.compile(r"\| read EVENT_ID; (curl -N \S+)")


class ApiExamples:
    """ASGI middleware: corrects the examples of the API's documentation."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].endswith(_PATH):
            return await self.app(scope, receive, send)

        async def corrected(body: bytes, _) -> bytes:
            address = get_root_url(Request(scope), _PATH, scope.get("root_path"))
            info = json.loads(body.replace(PAGE.encode(), json.dumps(address)[1:-1].encode()))
            for endpoint in info["named_endpoints"].values():
                endpoint["code_snippets"]["bash"] = _run_everywhere(endpoint)
            return json.dumps(info).encode()

        await self.app(scope, receive, changed(send, "application/json", corrected))


def _run_everywhere(endpoint: dict) -> str:
    """An endpoint's example for a shell: for every shell, and with a file that is there."""
    code = _READ.sub(r"| (read EVENT_ID; \1)", endpoint["code_snippets"]["bash"])
    pictures = [
        each["example_input"]["url"] for each in endpoint["parameters"] if isinstance(each["example_input"], dict)
    ]
    if not pictures:
        return code
    return f"curl -s -o face.png '{pictures[0]}'\n" + code.replace("@/path/to/your/file", "@face.png")
