"""How late the event loop turns: what an answer waits before its handler begins, which no handler can measure."""

import asyncio
from collections.abc import Callable
from typing import Final

_EVERY_SECONDS: Final = 0.05
"""Often enough to meet whatever holds one call in a hundred up, too seldom to cost anything."""


async def watch_turns(observe: Callable[[float], None]) -> None:
    """Tell, until cancelled, by how many seconds each turn that was due was late.

    The processor taken by another process, a long turn of our own, a full pass of the cycle collector: all of it.
    """
    now = asyncio.get_running_loop().time
    while True:
        due = now() + _EVERY_SECONDS
        await asyncio.sleep(_EVERY_SECONDS)
        observe(max(0.0, now() - due))
