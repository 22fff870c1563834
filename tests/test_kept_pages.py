"""The page is built once for everybody who opens it at the same address, and never for anybody else."""

from concurrent.futures import ThreadPoolExecutor

import anyio
import gradio as gr
import httpx
import pytest
from gradio.blocks import BlocksConfig
from gradio.state_holder import StateHolder
from starlette.responses import Response

from gan.serve.page.api import Blocks
from gan.serve.page.kept_pages import _MOST, KeptPages


@pytest.fixture
def asked():
    """A function that asks a page that says how often it was built: its answer; and the page."""
    built = []

    async def page(scope, receive, send):
        built.append(scope["path"])
        host = dict(scope["headers"])[b"host"].decode()
        status = 500 if b"broken" in scope["query_string"] else 200
        await Response(f"{scope['path']} of {host}, {len(built)}", status, {"x-own": "1"})(scope, receive, send)

    kept = KeptPages(page)

    async def changed(scope, receive, send):
        async def send_changed(message):
            if "headers" in message:
                message["headers"].append((b"x-around", b"1"))
            await send(message)

        await kept(scope, receive, send_changed)

    def ask(path: str, method: str = "GET", **headers: str) -> httpx.Response:
        async def answer() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(changed), base_url="http://a") as client:
                return await client.request(method, path, headers=headers)

        # in a new thread: this one may hold the event loop of a browser
        return ThreadPoolExecutor().submit(anyio.run, answer).result()

    ask.built = built
    return ask


def test_what_was_built_is_given_again(asked):
    first, second, linked = asked("/"), asked("/"), asked("/?seeds=4")
    assert first.text == second.text == linked.text == "/ of a, 1" and asked.built == ["/"]
    assert [each.headers["x-around"] for each in (first, second, linked)] == ["1"] * 3  # not once more each time
    assert asked("/config").text == asked("/config").text == "/config of a, 2"


def test_another_address_has_its_own(asked):
    texts = {asked("/", host=host).text for host in ("a", "b")} | {asked("/", **{"x-forwarded-host": "c"}).text}
    assert texts == {"/ of a, 1", "/ of b, 2", "/ of a, 3"}
    assert asked("/", cookie="access-token=1").text.endswith("4")


def test_everything_else_is_asked_each_time(asked):
    for words in (("/?deep_link=x",), ("/face/1.png",), ("/", "POST"), ("/?broken",)):
        assert asked(*words).text != asked(*words).text
    assert asked("/").status_code == 200  # an error was not kept


def test_strangers_cannot_fill_the_memory(asked):
    for number in range(3 * _MOST):
        asked("/", **{"x-made-up": str(number)})
    asked("/", **{"x-made-up": str(3 * _MOST - 1)})
    assert len(asked.built) == 3 * _MOST
    asked("/", **{"x-made-up": "0"})
    assert len(asked.built) == 3 * _MOST + 1


def test_no_component_is_described_anew_for_a_visitor(monkeypatch):
    """Gradio would describe all of them, in its only loop."""
    with Blocks() as blocks:
        gr.Textbox()
    sessions = StateHolder()
    sessions.set_blocks(blocks)
    monkeypatch.setattr(BlocksConfig, "config_for_block", lambda *_: pytest.fail("a component was described"))
    session = sessions["a visitor"]
    assert session.blocks_config.blocks == blocks.blocks and session.blocks_config.blocks is not blocks.blocks
    assert sessions["another"] is not session
