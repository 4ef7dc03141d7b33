"""What holds the event loop up is seen, whoever did it."""

import asyncio
import time

import pytest

from app.web.turns import watch_turns


def test_a_turn_that_was_held_up_is_told_as_late() -> None:
    late: list[float] = []

    async def run() -> None:
        told = asyncio.Event()

        def tell(seconds: float) -> None:
            late.append(seconds)
            told.set()

        watching = asyncio.create_task(watch_turns(tell))
        await asyncio.sleep(0)
        held_up = 0.3
        time.sleep(held_up)  # noqa: ASYNC251 - the point
        await told.wait()
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching

    asyncio.run(run())
    # 0.05 of it was its own pause
    assert late[0] >= 0.2
