"""The connection to the daemon of a Reachy Mini: targets go to it, reported joints come back."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from phied_robot.robots import daemon
from phied_robot.robots.pose import Joints, head_matrix, joints_from_state
from phied_robot.robots.safe_boxes import clamp, step_towards

FIRST_RETRY, LAST_RETRY = 0.2, 2.0
SILENCE = 3.0
"""Seconds without any report after which the robot is taken for lost; the daemon reports at 50 Hz."""
EASE_IN = 1.5
"""Seconds in which the permitted speed grows to its full value, after a connection and after a pause of the targets."""
PAUSE = 0.5
STEP = 0.025
"""Seconds between steps towards a target that is not yet reached; targets at 50 Hz come sooner."""
FAULTS = (OSError, WebSocketException, asyncio.TimeoutError, ValueError, LookupError, TypeError)
"""No answer, or (the last three) one that is not a daemon's."""
ASLEEP_Z = -0.03
"""A head this low (m) hangs: asleep it reports -0.044, and targets never go below -0.015."""

Result = TypeVar("Result")


class RobotConnection(NamedTuple):
    """Where the connection stands; `detail` is one sentence for a person."""

    state: Literal["connecting", "connected", "lost"]
    version: str
    detail: str


class ReachyMiniClient:
    """One robot. Everything runs on a thread of its own, the two callbacks too."""

    def __init__(
        self,
        address: str,
        *,
        on_state: Callable[[Joints], None],
        on_connection: Callable[[RobotConnection], None],
    ) -> None:
        """`address` is HOST:PORT of the daemon; `on_state` gets the joints at the daemon's rate (m, rad)."""
        self.clamped = 0
        self._address = address
        self._on_state = on_state
        self._on_connection = on_connection
        self._connection: RobotConnection | None = None
        self._target: Joints | None = None
        self._reported: Joints | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._new_target = asyncio.Event()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="reachy_mini", daemon=True)

    def start(self) -> None:
        """Begin to look for the robot, and look again whenever it is lost."""
        self._thread.start()
        self._ready.wait()

    def send(self, joints: Joints) -> None:
        """Make these joints (m, rad) the target; the latest wins, and none waits for a robot that is not there.

        Raises:
            ValueError: a joint is not a finite number.
        """
        self._target, was_clamped = clamp(joints)
        self.clamped += was_clamped
        self._tell(self._new_target)

    def close(self) -> None:
        """Send the robot to sleep if it is there, and end."""
        self._tell(self._closing)
        if self._thread.is_alive():
            self._thread.join(timeout=3.0)

    def _tell(self, event: asyncio.Event) -> None:
        # A loop that has ended has no use for events.
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(event.set)

    # What follows runs on the client's thread.

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        looking = asyncio.create_task(self._keep_connected())
        # An error of a callback ends the client, and is not lost in silence.
        looking.add_done_callback(lambda _: self._closing.set())
        await self._closing.wait()
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
        if self._connection is not None and self._connection.state == "connected":
            with contextlib.suppress(OSError):
                await asyncio.to_thread(daemon.post, self._address, "/api/move/play/goto_sleep")

    async def _keep_connected(self) -> None:
        retry = FIRST_RETRY
        self._tell_connection("connecting", detail=f"looking for the robot at {self._address}")
        while True:
            try:
                await self._hold_connection()
            except FAULTS as error:
                if self._connection is not None and self._connection.state == "connected":
                    retry = FIRST_RETRY
                    self._tell_connection("lost", detail=f"the robot at {self._address} is lost ({_reason(error)})")
                elif self._connection is not None and self._connection.state == "connecting":
                    detail = f"no robot answers at {self._address} ({_reason(error)}); is its daemon running?"
                    self._tell_connection("connecting", detail=detail)
            await asyncio.sleep(retry)
            retry = min(2 * retry, LAST_RETRY)

    async def _hold_connection(self) -> None:
        """Return never: a connection that ends raises."""
        self._reported = None
        status = await asyncio.to_thread(daemon.get, self._address, "/api/daemon/status")
        if status["state"] != "running":
            raise ConnectionError(f"its daemon is {status['state']}")
        # No proxy: the robot is on this machine or in this room.
        async with connect(f"ws://{self._address}/ws/sdk", proxy=None, open_timeout=3.0, close_timeout=0.5) as socket:
            listening = asyncio.create_task(self._listen(socket))
            streaming = asyncio.create_task(self._wake_and_stream(socket, status.get("version") or ""))
            try:
                await asyncio.wait((listening, streaming), return_when=asyncio.FIRST_EXCEPTION)
            finally:
                listening.cancel()
                streaming.cancel()
                ends = await asyncio.gather(listening, streaming, return_exceptions=True)
            for end in ends:
                if isinstance(end, Exception):
                    raise end

    async def _listen(self, socket: ClientConnection) -> None:
        body_yaw: float | None = None
        antennas: list[float] = []
        while True:
            message: dict[str, Any] = json.loads(await within(SILENCE, socket.recv()))
            if message["type"] == "joint_positions":
                body_yaw, antennas = message["head_joint_positions"][0], message["antennas_joint_positions"]
            elif message["type"] == "head_pose" and body_yaw is not None:
                self._reported = joints_from_state(message["head_pose"], body_yaw, antennas)
                self._on_state(self._reported)
            elif message["type"] == "daemon_status" and message["state"] != "running":
                raise ConnectionError(f"its daemon is {message['state']}")

    async def _wake_and_stream(self, socket: ClientConnection, version: str) -> None:
        await self._wake_up()
        self._tell_connection("connected", version, f"connected to the robot at {self._address}")
        assert self._reported is not None
        sent = self._reported
        easing_since = told = stepped = time.monotonic()
        while True:
            waiting = STEP if self._target not in (None, sent) else None
            with contextlib.suppress(asyncio.TimeoutError):
                await within(waiting, self._new_target.wait())
            now = time.monotonic()
            if self._new_target.is_set():
                self._new_target.clear()
                easing_since = now if now - told > PAUSE else easing_since
                told = now
            if self._target is None or self._target == sent:
                continue
            speed = min(1.0, (now - easing_since) / EASE_IN)
            sent = step_towards(sent, self._target, speed * min(now - stepped, 2 * STEP))
            stepped = now
            target = {
                "type": "set_full_target",
                "head": head_matrix(sent),
                "antennas": [sent.antenna_right, sent.antenna_left],
                "body_yaw": sent.body_yaw,
            }
            await socket.send(json.dumps(target))

    async def _wake_up(self) -> None:
        """Return when the robot is awake, no move of its own runs, and it has reported where it is.

        Targets that come while a move of the daemon's runs are ignored, and two moves at once fight.
        """
        await self._moves_ended()
        mode = (await asyncio.to_thread(daemon.get, self._address, "/api/motors/status"))["mode"]
        assert self._reported is not None
        if mode != "enabled" or self._reported.head_z < ASLEEP_Z:
            await asyncio.to_thread(daemon.post, self._address, "/api/motors/set_mode/enabled")
            await asyncio.to_thread(daemon.post, self._address, "/api/move/play/wake_up")
            await self._moves_ended()

    async def _moves_ended(self) -> None:
        while self._reported is None or await asyncio.to_thread(daemon.get, self._address, "/api/move/running"):
            await asyncio.sleep(0.05)

    def _tell_connection(
        self, state: Literal["connecting", "connected", "lost"], version: str = "", detail: str = ""
    ) -> None:
        connection = RobotConnection(state, version, detail)
        if connection != self._connection:
            self._connection = connection
            self._on_connection(connection)


async def within(seconds: float | None, awaited: Awaitable[Result]) -> Result:
    """The result, or asyncio.TimeoutError after `seconds` (None: never).

    Before Python 3.12 asyncio.wait_for loses a cancellation that comes together with the result: at 50 results a second
    the client would not end.
    """
    task = asyncio.ensure_future(awaited)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise asyncio.TimeoutError
        return task.result()
    finally:
        task.cancel()


def _reason(error: BaseException) -> str:
    if isinstance(error, ConnectionClosed):
        return "the connection ended"
    return str(error) or "no answer in time"
