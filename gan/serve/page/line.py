"""Whoever waits: few at a time, nobody takes every place, and who would wait long is refused at once.

A visitor is an IP address. Behind a proxy it is the one in X-Forwarded-For, which uvicorn heeds from the proxies named
in FORWARDED_ALLOW_IPS only (by default those of this machine); visitors behind any other proxy share its places.
"""

import time
from collections import Counter
from collections.abc import Callable

import anyio.to_thread
from gradio.queueing import EventQueue, Queue
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

RETRY_SECONDS = 10
# other sites may show what is made here, and read its pixels
FOR_ALL = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}
AT_ONCE = 4  # are answered together: their faces share batches
PATIENCE = 2.0  # seconds: who would wait longer is refused
BUSY = "This page is busy. Try again in some seconds."


class Line:
    """One line for all routes that make pictures outside Gradio's queue: load slows them instead of crashing the page.

    Args:
        places: pictures that are made or wait, of which a single visitor gets half.
    """

    def __init__(self, places: int):
        self.places = places
        self._taken: Counter[str] = Counter()  # by visitor
        self._at_once = anyio.CapacityLimiter(AT_ONCE)

    async def answer(self, request: Request, work: Callable[..., Response], *arguments) -> Response:
        """The response that `work` makes in a thread, or 503 where too many are waiting."""
        visitor = visitor_of(request)
        if self._taken.total() >= self.places or self._taken[visitor] >= self.places // 2:
            return refusal(503, "Too many pictures are being asked for. Ask again in some seconds.", RETRY_SECONDS)
        self._taken[visitor] += 1
        try:
            return await anyio.to_thread.run_sync(work, *arguments, limiter=self._at_once)
        finally:
            self._taken[visitor] -= 1
            self._taken += Counter()  # forgets visitors who have none


def keep_fair(queue: Queue) -> None:
    """Let Gradio's queue refuse a visitor who has half of its places, and whoever would wait longer than `PATIENCE`.
    Without, one visitor could take them all, and each would wait for all; and one whose connection breaks off while
    they wait could end the queue for everybody."""
    push, send = queue.push, queue.send_message

    async def push_fairly(body, request, username):
        lines = queue.event_queue_per_concurrency_id
        own = sum(visitor_of(event.request) == visitor_of(request) for line in lines.values() for event in line.queue)
        line = lines.get(getattr(queue.blocks.fns.get(body.fn_index), "concurrency_id", None))
        if own >= queue.max_size // 2 or (line and _wait(queue, line) > PATIENCE):
            return False, BUSY, "queue_full"
        return await push(body=body, request=request, username=username)

    def send_to_those_there(event, message):
        # of a stream that breaks off, Gradio forgets the messages some time before the events that wait, and its queue
        # ends with a KeyError where it tells them their places
        if event.session_hash in queue.pending_messages_per_session:
            send(event, message)

    queue.push, queue.send_message = push_fairly, send_to_those_there


def _wait(queue: Queue, line: EventQueue) -> float:
    """How long whoever comes now has to wait, in seconds: as those before need on average, and as long as they have
    waited already, at least."""
    waited = max((time.monotonic() - event.enqueue_time for event in line.queue), default=0.0)
    needed = sum(queue.process_time_per_fn[event.fn].avg_time for event in line.queue)
    return max(waited, needed / (line.concurrency_limit or 1))


def visitor_of(request: Request) -> str:
    return request.client.host if request.client else ""


def refusal(status: int, sentence: str, retry_seconds: int = 0) -> Response:
    """One sentence instead of a picture. It is not cached: the picture may be there next time."""
    headers = {"cache-control": "no-store", **FOR_ALL}
    if retry_seconds:
        headers["retry-after"] = str(retry_seconds)
    return PlainTextResponse(sentence + "\n", status, headers)
