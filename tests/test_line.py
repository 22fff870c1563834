"""The line in which pictures are made: one at a time, so many waiting, and the next ones are refused."""

import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
from starlette.responses import Response

from gan.serve.page.line import Line


def test_as_many_wait_as_may_and_the_next_are_refused():
    gate, made, answers = threading.Event(), [], {}

    def work(number: int) -> Response:
        assert gate.wait(20)
        made.append(number)
        return Response(str(number))

    async def visitors() -> None:
        line = Line(3)

        async def ask(number: int) -> None:
            answers[number] = await line.answer(work, number)

        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(ask, number)
                await anyio.wait_all_tasks_blocked()
            # one is made and three wait: the others have their answer already
            assert set(answers) == {4, 5, 6, 7}
            gate.set()
        await ask(8)  # and later there is room again

    # in a new thread: this one may hold the event loop of a browser
    ThreadPoolExecutor().submit(anyio.run, visitors).result()
    assert made == [0, 1, 2, 3, 8]
    for number in (4, 5, 6, 7):
        refused = answers[number]
        assert refused.status_code == 503 and refused.headers["retry-after"] == "10"
        assert b"Ask again in some seconds." in refused.body and refused.headers["cache-control"] == "no-store"
    assert all(answers[number].status_code == 200 for number in made)
