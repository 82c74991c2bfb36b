"""The robot's client: what its loop must not lose."""

import asyncio

import pytest

from phied_robot.robots.reachy_mini import within


def test_a_cancellation_that_comes_together_with_the_result_is_not_lost() -> None:
    async def cancelled() -> bool:
        result = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(within(60.0, result))
        await asyncio.sleep(0)
        result.set_result(None)
        # The wait has its result, and is cancelled before it can go on.
        for _ in range(3):
            waiting.cancel()
            await asyncio.sleep(0)
        return waiting.cancelled()

    assert asyncio.run(cancelled())


def test_what_does_not_come_in_time_is_given_up() -> None:
    async def give_up() -> None:
        await within(0.01, asyncio.Event().wait())

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(give_up())
