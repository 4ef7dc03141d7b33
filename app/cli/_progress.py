"""How far a long reading has got: told on a terminal's standard error, never in what a program reads."""

from collections.abc import AsyncIterator
from typing import TypeVar

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Item = TypeVar("Item")


async def counted(items: AsyncIterator[Item], what: str) -> AsyncIterator[Item]:
    """Yield the items; meanwhile a terminal shows how many have been read and for how long."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"reading {what}", total=None)
        async for item in items:
            bar.advance(task)
            yield item
