"""Running until SIGINT or SIGTERM, and then ending in order."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

import click


def until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine until it ends or a signal cancels it: what is under way is finished or left to be done again."""
    asyncio.run(_until_stopped(work))


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    running = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        click.echo("stopped")
