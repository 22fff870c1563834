"""Gradio's environment variables, put right or refused before Gradio reads them: it does when it is imported."""

import os
import socket

from gan import UserError

# least and greatest of those that Gradio takes for numbers
_NUMBERS = {
    "GRADIO_SERVER_PORT": (1, 65535),
    "GRADIO_NUM_PORTS": (1, 65535),
    "GRADIO_NODE_SERVER_PORT": (1, 65535),
    "GRADIO_NODE_NUM_PORTS": (1, 65535),
    "GRADIO_NUM_WORKERS": (1, 1000),
    "GRADIO_DEBUG": (0, 1),
}


# what Gradio would count of the last 10,000 events, for a dashboard that the page does not have, after each of them
_DEFAULTS = {"GRADIO_ANALYTICS_MAX_EVENTS": "1", "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**9)}
# the Hub's proxy, without which all visitors of a Space would be one (gan.serve.page.line); nobody else reaches a Space
_PRIVATE = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"


def heed_gradio_variables() -> None:
    """Empty variables are removed, `~` is expanded, and what the page needs and nobody has set is set.

    Raises:
        UserError: Gradio would end with an error; with one sentence.
    """
    for name in [name for name in os.environ if name.startswith("GRADIO_") and not os.environ[name].strip()]:
        del os.environ[name]
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    if "SPACE_ID" in os.environ:
        os.environ.setdefault("FORWARDED_ALLOW_IPS", _PRIVATE)
    for name, (least, most) in _NUMBERS.items():
        value = os.environ.get(name, str(least)).strip()
        if not (value.isdecimal() and value.isascii() and least <= int(value) <= most):
            raise UserError(f"{name}={value}: must be a whole number from {least} to {most}.")
    if folder := os.environ.get("GRADIO_TEMP_DIR"):
        os.environ["GRADIO_TEMP_DIR"] = os.path.expanduser(folder)
    if host := os.environ.get("GRADIO_SERVER_NAME"):
        try:
            with socket.socket() as probe:
                probe.bind((host, 0))
        except (OSError, UnicodeError):
            raise UserError(
                f"GRADIO_SERVER_NAME={host} is no IPv4 address of this machine: use 127.0.0.1, or 0.0.0.0 for all its "
                "addresses."
            ) from None


def no_port() -> str:
    """The sentence where no port is free."""
    first = int(os.environ.get("GRADIO_SERVER_PORT", 7860))
    last = first + int(os.environ.get("GRADIO_NUM_PORTS", 100)) - 1
    return f"No port from {first} to {last} is free: set GRADIO_SERVER_PORT to another one."
