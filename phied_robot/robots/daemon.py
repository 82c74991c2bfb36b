"""The daemon's HTTP interface: plain JSON, straight to the robot."""

import json
import re
import urllib.error
import urllib.request
from typing import Any

DAEMON_PORT = 8000
"""Where the maker's daemon listens unless told otherwise."""

# A school's proxy must not get in between: the robot is on this machine or in this room.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class AddressError(ValueError):
    """This is no address of a robot; the text says so in one sentence."""


def full_address(text: str) -> str:
    """HOST:PORT of HOST, HOST:PORT, or the same with an IPv6 address in brackets.

    Raises:
        AddressError: it is none of these.
    """
    match = re.fullmatch(r"([A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?", text)
    if match is None or (match[2] and not 0 < int(match[2]) < 65536):
        raise AddressError(f"robot {text!r} is none of mujoco, mockup, none, HOST or HOST:PORT")
    return f"{match[1]}:{match[2] or DAEMON_PORT}"


def get(address: str, path: str) -> Any:
    """The answer to a GET of `path` at HOST:PORT, such as /api/daemon/status.

    Raises:
        OSError: no answer, or an error instead of one.
    """
    return _call(urllib.request.Request(f"http://{address}{path}"))


def post(address: str, path: str) -> Any:
    """The answer to a POST without a body.

    Raises:
        OSError: no answer, or an error instead of one.
    """
    return _call(urllib.request.Request(f"http://{address}{path}", method="POST"))


def _call(request: urllib.request.Request) -> Any:
    try:
        with _direct.open(request, timeout=2.0) as answer:
            return json.load(answer)
    except urllib.error.URLError as error:
        raise OSError(getattr(error.reason, "strerror", None) or str(error.reason)) from error
    except ValueError as error:
        raise OSError(f"{request.full_url} answered with something that is not JSON") from error
