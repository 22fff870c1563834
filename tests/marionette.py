"""Selenium for Firefox without geckodriver, which neither Debian nor PyPI has for Linux.

Firefox itself speaks Marionette: the same commands as WebDriver, in JSON over a socket.
"""

import json
import socket

from selenium.webdriver.remote.command import Command

NAMES = {
    Command.NEW_SESSION: "NewSession",
    Command.GET: "Navigate",
    Command.GO_BACK: "Back",
    Command.GO_FORWARD: "Forward",
    Command.REFRESH: "Refresh",
    Command.FIND_ELEMENT: "FindElement",
    Command.SWITCH_TO_FRAME: "SwitchToFrame",
    Command.CLICK_ELEMENT: "ElementClick",
    Command.CLEAR_ELEMENT: "ElementClear",
    Command.SEND_KEYS_TO_ELEMENT: "ElementSendKeys",
    Command.W3C_ACTIONS: "PerformActions",
    Command.W3C_EXECUTE_SCRIPT: "ExecuteScript",
    Command.W3C_EXECUTE_SCRIPT_ASYNC: "ExecuteAsyncScript",
    Command.SET_TIMEOUTS: "SetTimeouts",
    Command.SET_WINDOW_RECT: "SetWindowRect",
    Command.SCREENSHOT: "TakeScreenshot",
    Command.ELEMENT_SCREENSHOT: "TakeScreenshot",
    Command.QUIT: "DeleteSession",
}


class Marionette:
    """What `webdriver.Remote` takes as its `command_executor`."""

    def __init__(self, port: int):
        self.stream = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
        self._received()  # its greeting
        self._sent = 0

    def execute(self, command: str, given: dict) -> dict:
        """One command → what it answers, or its error, as a RemoteConnection returns it."""
        new = command == Command.NEW_SESSION
        given = {} if new else {name: value for name, value in given.items() if name != "sessionId"}
        self._sent += 1
        given |= {"full": False} if "creenshot" in command else {}
        data = json.dumps([0, self._sent, f"WebDriver:{NAMES[command]}", given]).encode()
        self.stream.write(b"%d:%s" % (len(data), data))
        self.stream.flush()
        _, _, error, result = self._received()
        if error:
            return {"status": error["error"], "value": error}
        return {"value": result if new else result.get("value")}

    def _received(self) -> list:
        size = b""
        while (digit := self.stream.read(1)) != b":":
            size += digit
        return json.loads(self.stream.read(int(size)))

    def close(self) -> None:
        self.stream.close()
