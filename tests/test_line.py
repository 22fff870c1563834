"""The lines in which visitors wait: so many at once, so many waiting, nobody in every place, the next ones refused."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import anyio
import gradio as gr
import httpx
import pytest
from conftest import free_port
from starlette.responses import Response

from gan.serve.page import line
from gan.serve.page.line import AT_ONCE, Line, keep_fair

PLACES = 8


def of(visitor: str) -> SimpleNamespace:
    return SimpleNamespace(client=SimpleNamespace(host=visitor))


def test_half_of_the_places_for_one_visitor_and_no_more_than_there_are():
    gate, made, answers = threading.Event(), [], {}

    def work(number: int) -> Response:
        assert gate.wait(20)
        made.append(number)
        return Response(str(number))

    async def visitors() -> None:
        pictures = Line(PLACES)

        async def ask(number: int, visitor: str) -> None:
            answers[number] = await pictures.answer(of(visitor), work, number)

        async with anyio.create_task_group() as group:
            for number, visitor in enumerate("a" * 6 + "b" * 3 + "cc"):
                group.start_soon(ask, number, visitor)
                await anyio.wait_all_tasks_blocked()
            # the first has half of the places, and the last finds none
            assert set(answers) == {4, 5, 10}
            gate.set()
        await ask(11, "a")  # and later there is room again
        assert not pictures._taken

    # in a new thread: this one may hold the event loop of a browser
    ThreadPoolExecutor().submit(anyio.run, visitors).result()
    assert set(made) == {0, 1, 2, 3, 6, 7, 8, 9, 11} and made[-1] == 11
    for number in (4, 5, 10):
        refused = answers[number]
        assert refused.status_code == 503 and refused.headers["retry-after"] == "10"
        assert b"Ask again in some seconds." in refused.body and refused.headers["cache-control"] == "no-store"
    assert all(answers[number].status_code == 200 for number in made)


@pytest.fixture
def page():
    """A Gradio page whose event waits until `gate` is set: its address, `gate`, and how many events there were."""
    gate, done, port = threading.Event(), [], free_port()
    with gr.Blocks() as blocks:
        gr.Button().click(lambda: done.append(gate.wait(20)), api_name="wait", concurrency_limit=AT_ONCE)
    blocks.queue(max_size=PLACES, api_open=False)
    keep_fair(blocks._queue)
    blocks.launch(server_port=port, prevent_thread_lock=True, quiet=True, ssr_mode=False)
    url = f"http://127.0.0.1:{port}/gradio_api/queue"
    yield SimpleNamespace(url=url, gate=gate, done=done, queue=blocks._queue)
    gate.set()
    blocks.close()


def join(page, session: str, visitor: str) -> httpx.Response:
    """As a proxy on this machine passes it on."""
    body = {"fn_index": 0, "session_hash": session, "data": []}
    return httpx.post(f"{page.url}/join", json=body, headers={"x-forwarded-for": f"6.6.6.6, {visitor}"}, timeout=20)


def settled(condition) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_gradios_queue_has_places_for_everybody(page, monkeypatch):
    monkeypatch.setattr(line, "PATIENCE", 1000.0)
    running = [join(page, f"r{number}", "1.1.1.1") for number in range(AT_ONCE)]
    assert settled(lambda: join(page, "x", "2.2.2.2").status_code == 200)
    codes = [join(page, "a", "1.1.1.1").status_code for _ in range(PLACES)]
    assert {each.status_code for each in running} == {200}
    assert codes.count(200) == PLACES // 2 and codes.count(503) == PLACES // 2  # whatever it says of 6.6.6.6
    assert join(page, "b", "3.3.3.3").status_code == 200
    assert join(page, "a", "1.1.1.1").json()["detail"] == line.BUSY
    # a visitor who leaves frees their places
    with httpx.stream("GET", f"{page.url}/data", params={"session_hash": "a"}) as stream:
        next(stream.iter_raw())
    assert settled(lambda: join(page, "c", "1.1.1.1").status_code == 200)


def test_who_would_wait_long_is_refused_at_once(page, monkeypatch):
    monkeypatch.setattr(line, "PATIENCE", 0.3)
    for number in range(AT_ONCE + 1):
        assert join(page, "s", f"1.1.1.{number}").status_code == 200
    time.sleep(0.6)  # one has waited so long
    assert join(page, "s", "2.2.2.2").status_code == 503
    page.gate.set()
    assert settled(lambda: len(page.done) == AT_ONCE + 1) and join(page, "s", "2.2.2.2").status_code == 200
    assert settled(lambda: len(page.done) == AT_ONCE + 2)
    page.gate.clear()
    # nobody has waited yet, but those before need half a second each, by what the first ones took
    codes = [join(page, "s", f"3.3.3.{number}").status_code for number in range(2 * AT_ONCE)]
    assert codes[:AT_ONCE] == [200] * AT_ONCE and codes[-1] == 503


def test_a_visitor_who_is_gone_does_not_stop_the_line(page):
    for number in range(AT_ONCE + 2):
        assert join(page, "gone", f"1.1.1.{number}").status_code == 200
    # so Gradio does when a stream breaks off, some time before it drops the events that wait
    del page.queue.pending_messages_per_session["gone"]
    page.gate.set()
    assert settled(lambda: len(page.done) == AT_ONCE + 2)
    assert join(page, "s", "2.2.2.2").status_code == 200
    assert settled(lambda: len(page.done) == AT_ONCE + 3)
