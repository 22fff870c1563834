"""The page is built once: Gradio copies its whole configuration twice whenever somebody opens it, which in a crowd
takes longer than all faces do."""

from collections import OrderedDict

_PATHS = ("/", "/config")
_MOST = 16  # answers; visitors choose their headers
# what an answer depends on beside the path: Gradio reads its own address from these
_HEADERS = (b"host", b"accept-encoding", b"cookie", b"authorization")


class KeptPages:
    """ASGI middleware: gives the answer to a question that it has answered before. Directly around Gradio."""

    def __init__(self, app):
        self.app = app
        self._kept: OrderedDict[tuple, list[dict]] = OrderedDict()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] not in _PATHS or _is_stateful(scope):
            return await self.app(scope, receive, send)
        headers = tuple((name, value) for name, value in scope["headers"] if name in _HEADERS or name[:2] == b"x-")
        key = scope["path"], scope["scheme"], scope.get("root_path", ""), headers
        messages = self._kept.get(key)
        if messages is None:
            messages = await self._asked(scope, receive)
            if messages[0]["status"] == 200:
                self._kept[key] = messages
                while len(self._kept) > _MOST:
                    self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        for message in messages:  # whoever is around may change the headers
            await send({**message, "headers": list(message["headers"])} if "headers" in message else dict(message))

    async def _asked(self, scope, receive) -> list[dict]:
        messages = []

        async def keep(message):
            messages.append(message)

        await self.app(scope, receive, keep)
        return messages


def _is_stateful(scope) -> bool:
    """Whether Gradio is asked for a state that it has saved, which is another one each time."""
    return b"deep_link" in scope.get("query_string", b"")
