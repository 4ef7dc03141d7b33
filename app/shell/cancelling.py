"""A cancelling that nobody asked for: a client ended what we waited for, and whoever waits must not end in silence."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class GivenUpError(ConnectionError):
    """A client cancelled its own work under us, as it does while the broker is away; what was lost is read anew."""


@contextmanager
def only_from_outside() -> Iterator[None]:
    """Let a cancelling of the running task pass; raise GivenUpError for one that came out of what it waits for.

    A task that ends cancelled counts as ended in order: Faust, mode and asyncio tell nobody, and the worker would look
    alive without it.
    """
    task = asyncio.current_task()
    asked = 0 if task is None else task.cancelling()
    try:
        yield
    except asyncio.CancelledError as error:
        if task is not None and task.cancelling() > asked:
            raise
        raise GivenUpError("a client gave up its own work while we waited for it") from error
