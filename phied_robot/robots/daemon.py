"""The daemon's HTTP interface: plain JSON, straight to the robot."""

import json
import urllib.error
import urllib.request
from typing import Any

# A school's proxy must not get in between: the robot is on this machine or in this room.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


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
