"""Long work in small pieces: the gate answers on the same event loop, and must never wait for it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

_PIECE: Final = 25
"""So much is done before others get their turn: about a millisecond's work."""

Item = TypeVar("Item")


async def in_pieces(items: Iterable[Item], at_once: int = _PIECE) -> AsyncIterator[Item]:
    """Yield the items, and let others on the event loop have their turn every `at_once` of them."""
    for number, item in enumerate(items, 1):
        yield item
        if number % at_once == 0:
            await asyncio.sleep(0)
