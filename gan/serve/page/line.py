"""Pictures that are asked for outside Gradio's queue: one is made at a time, and few may wait."""

from collections.abc import Callable

import anyio.to_thread
from starlette.responses import PlainTextResponse, Response

RETRY_SECONDS = 10
# other sites may show what is made here, and read its pixels
FOR_ALL = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}


class Line:
    """One line for all routes that make pictures: load slows them instead of crashing the page."""

    def __init__(self, most_waiting: int):
        self.most_waiting = most_waiting
        self._one_at_a_time = anyio.CapacityLimiter(1)

    async def answer(self, work: Callable[..., Response], *arguments) -> Response:
        """The response that `work` makes in a thread, or 503 where too many are waiting."""
        if self._one_at_a_time.statistics().tasks_waiting >= self.most_waiting:
            return refusal(503, "Too many pictures are being asked for. Ask again in some seconds.", RETRY_SECONDS)
        return await anyio.to_thread.run_sync(work, *arguments, limiter=self._one_at_a_time)


def refusal(status: int, sentence: str, retry_seconds: int = 0) -> Response:
    """One sentence instead of a picture. It is not cached: the picture may be there next time."""
    headers = {"cache-control": "no-store", **FOR_ALL}
    if retry_seconds:
        headers["retry-after"] = str(retry_seconds)
    return PlainTextResponse(sentence + "\n", status, headers)
