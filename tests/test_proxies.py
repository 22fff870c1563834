"""Whatever the environment says about proxies, HTTP clients can be made and ask this machine directly."""

import http.server
import threading
import urllib.request

import httpx
import pytest
from conftest import serving

from gan.serve.proxies import heed_proxies

DEAD = "127.0.0.1:9"


@pytest.fixture
def environment(monkeypatch):
    """Set proxy variables, and no others."""

    def put(**variables) -> None:
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            for spelling in (name, name.upper()):
                monkeypatch.setenv(spelling, "x")  # so that what the program sets is undone
                monkeypatch.delenv(spelling)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


@pytest.fixture(scope="module")
def here():
    """The address of a server on this machine."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"http_proxy": f"http://{DEAD}", "https_proxy": f"http://{DEAD}"},
        {"HTTP_PROXY": DEAD},
        {"ALL_PROXY": f"socks5://{DEAD}"},
        {"all_proxy": f"socks5h://user:secret@{DEAD}", "no_proxy": "example.com,[::1]"},
        {"all_proxy": f"socks://{DEAD}/"},
        {"ALL_PROXY": f"socks4://user:secret@{DEAD}"},
        {"http_proxy": "http://proxy:port", "NO_PROXY": "example.com"},
        {"http_proxy": ""},
    ],
    ids=repr,
)
def test_this_machine_is_asked_directly(environment, here, variables, capsys):
    environment(**variables)
    heed_proxies()
    assert httpx.head(here, timeout=5).status_code == 200
    printed = capsys.readouterr().out
    unknown = any("socks4" in value or value == "http://proxy:port" for value in variables.values())
    assert ("names no proxy of a known kind" in printed) == unknown and "secret" not in printed


def test_other_machines_are_asked_through_the_proxy(environment, here):
    environment(http_proxy=here)
    heed_proxies()
    assert httpx.get("http://faces.invalid/", timeout=5).status_code == 404  # what our server says of any such path
    environment(http_proxy=here, no_proxy="faces.invalid")
    heed_proxies()
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://faces.invalid/", timeout=5)


def test_the_proxy_of_the_system_stays(environment, here, monkeypatch):
    environment()
    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"http": here})
    heed_proxies()  # from now on urllib asks the environment alone
    assert httpx.get("http://faces.invalid/", timeout=5).status_code == 404


def test_the_page_starts_behind_proxies_that_cannot_reach_it(tmp_path):
    with serving(tmp_path, http_proxy=f"http://{DEAD}", https_proxy=f"http://{DEAD}", ALL_PROXY=f"socks://{DEAD}"):
        pass
