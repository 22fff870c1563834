"""How the page is served, with a stand-in for the page."""

import gc
import os
import socket
from types import SimpleNamespace

import pytest
from gradio import http_server

from gan import UserError
from gan.serve.page import launch
from gan.serve.variables import heed_gradio_variables


@pytest.fixture
def served(monkeypatch, tmp_path):
    """Serve a page that only notes how; returns the options of Gradio's launch()."""
    options = {}
    blocks = SimpleNamespace(
        _queue=SimpleNamespace(push=None, send_message=None),
        queue=lambda **given: None,
        launch=lambda **given: options.update(given),
    )
    monkeypatch.setattr(launch, "Models", lambda *arguments: None)
    monkeypatch.setattr(launch, "Judge", lambda *arguments: None)
    monkeypatch.setattr(launch, "Page", lambda *arguments: SimpleNamespace(blocks=blocks))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))

    def serve() -> dict:
        launch.launch(tmp_path, "faces")
        return options

    return serve


def test_no_server_of_gradio_stands_before_the_page(served):
    """It would answer the addresses of faces with the page, without our headers; Spaces may set GRADIO_SSR_MODE."""
    assert served()["ssr_mode"] is False


def test_garbage_is_looked_for_again_and_not_among_what_was_loaded(served):
    gc.disable()  # as app.py does
    try:
        served()
        assert gc.isenabled() and gc.get_freeze_count() > 100_000
    finally:
        gc.enable()
        gc.unfreeze()


@pytest.mark.parametrize("value, share", [(None, False), ("", False), ("False", False), ("True", True), ("1", True)])
def test_the_page_is_shared_only_if_asked_for(served, monkeypatch, value, share):
    monkeypatch.delenv("GRADIO_SHARE", raising=False)
    if value is not None:
        monkeypatch.setenv("GRADIO_SHARE", value)
    assert served()["share"] is share


def test_gradios_other_variables_are_left_to_it(served):
    """An argument would take the place of GRADIO_SERVER_NAME and the like."""
    assert not {"server_name", "server_port", "root_path", "allowed_paths", "debug"} & served().keys()


def test_an_upload_folder_of_another_user_is_one_sentence(served, monkeypatch, tmp_path):
    folder = tmp_path / "gradio"
    folder.mkdir()
    monkeypatch.setattr(launch, "Models", lambda *arguments: pytest.fail("checked too late"))
    if os.geteuid():
        folder.chmod(0o555)
    else:
        os.seteuid(65534)  # nobody
    try:
        with pytest.raises(
            UserError, match=f"^{folder}, where .* cannot be written .Permission denied.: set GRADIO_TE"
        ):
            served()
    finally:
        if not os.getuid():
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("GRADIO_SERVER_PORT", "http", "GRADIO_SERVER_PORT=http: must be a whole number from 1 to 65535."),
        ("GRADIO_SERVER_PORT", "99999", "GRADIO_SERVER_PORT=99999: must be"),
        ("GRADIO_SERVER_PORT", "-1", "GRADIO_SERVER_PORT=-1: must be"),
        ("GRADIO_NUM_PORTS", "0", "GRADIO_NUM_PORTS=0: must be a whole number from 1"),
        ("GRADIO_DEBUG", "true", "GRADIO_DEBUG=true: must be a whole number from 0 to 1."),
        ("GRADIO_SERVER_NAME", "192.0.2.1", "GRADIO_SERVER_NAME=192.0.2.1 is no IPv4 address of this machine: use"),
        ("GRADIO_SERVER_NAME", "http://127.0.0.1", "GRADIO_SERVER_NAME=http://127.0.0.1 is no IPv4 address"),
    ],
)
def test_variables_that_gradio_cannot_use_are_one_sentence(monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=f"^{words}"):
        heed_gradio_variables()


def test_variables_that_gradio_can_use_stay(monkeypatch):
    right = {
        "GRADIO_SERVER_PORT": "7861",
        "GRADIO_NUM_PORTS": "5",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_DEBUG": "0",
    }
    for name, value in right.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GRADIO_ROOT_PATH", "")
    monkeypatch.setenv("GRADIO_TEMP_DIR", "~/uploads")
    heed_gradio_variables()
    assert {name: os.environ[name] for name in right} == right and "GRADIO_ROOT_PATH" not in os.environ
    assert os.environ["GRADIO_TEMP_DIR"] == os.path.expanduser("~/uploads")


def test_only_a_space_trusts_proxies_of_its_network_and_gradio_counts_no_events(monkeypatch):
    for space, trusted in (({}, None), ({"SPACE_ID": "alice/faces"}, "127.0.0.0/8,10.0.0.0/8,")):
        monkeypatch.setattr(os, "environ", environment := dict(space))
        heed_gradio_variables()
        assert str(environment.get("FORWARDED_ALLOW_IPS")).startswith(str(trusted))
        assert environment["GRADIO_ANALYTICS_MAX_EVENTS"] == "1"


def test_ports_that_are_taken_are_one_sentence(served, monkeypatch, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(http_server, "INITIAL_PORT_VALUE", port)
        monkeypatch.setattr(http_server, "TRY_NUM_PORTS", 1)
        monkeypatch.setenv("GRADIO_SERVER_PORT", str(port))
        monkeypatch.setenv("GRADIO_NUM_PORTS", "1")
        page = SimpleNamespace(
            _queue=SimpleNamespace(push=None, send_message=None),
            queue=lambda **given: None,
            launch=lambda **given: http_server.start_server(None),
        )
        monkeypatch.setattr(launch, "Page", lambda *arguments: SimpleNamespace(blocks=page))
        with pytest.raises(UserError, match=f"^No port from {port} to {port} is free: set GRADIO_SERVER_PORT to"):
            served()
