"""Proxies of the environment: used for the Hub, never for the page's own address."""

import os
import urllib.request

import httpx

_OWN = ("localhost", "127.0.0.1", "::1")
_SCHEMES = ("http", "https", "all")


def heed_proxies() -> None:
    """Change the proxy variables so that Gradio starts whatever they say; call it before Gradio is imported.

    Gradio asks its own address whether it answers, and no proxy reaches that. It makes HTTP clients when it is
    imported, and a proxy that httpx does not know stops it there; such a one is left out, which is printed.
    """
    # those of the system, too: urllib forgets them as soon as the environment says something
    for scheme, address in urllib.request.getproxies().items():
        if scheme in _SCHEMES:
            os.environ.setdefault(f"{scheme}_proxy", address)
    hosts = [host for name in ("no_proxy", "NO_PROXY") for host in os.environ.get(name, "").split(",")]
    bare = [host.strip().strip("[]") for host in hosts]  # httpx cannot read [::1]
    own = [*_OWN, os.environ.get("GRADIO_SERVER_NAME", "")]
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(dict.fromkeys(filter(None, [*bare, *own])))
    for name in [name for name in os.environ if name.lower() in {f"{scheme}_proxy" for scheme in _SCHEMES}]:
        address = os.environ[name].replace("socks://", "socks5://")  # GNOME's spelling
        if not address:
            continue
        try:
            httpx.Client(proxy=address if "://" in address else f"http://{address}").close()
            os.environ[name] = address
        except (ImportError, ValueError, httpx.InvalidURL):
            del os.environ[name]
            print(f"{name} names no proxy of a known kind (http, https, socks5, socks5h), so it is not used.")
