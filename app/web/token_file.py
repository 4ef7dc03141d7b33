"""Tokens that are made or taken out while the process runs count at once: the file is looked at every second."""

import asyncio
from pathlib import Path
from typing import Final

import structlog

from app.errors import SetupError
from app.web.access import Access, lines_of

_log = structlog.get_logger("makegood.web")

LOOK_SECONDS: Final = 1.0

_NEVER: Final = (0, 0, 0)
"""What no file looks like: the first look always reads it, whatever changed since the start."""


async def keep_tokens(access: Access, file: Path, every: float = LOOK_SECONDS) -> None:
    """Keep `access` as the file says, until cancelled. What cannot be read is told, and what was known stays."""
    known: tuple[int, int, int] | None = _NEVER
    while True:
        seen = await asyncio.to_thread(_seen, file)
        if seen != known:
            known = seen
            await _renew(access, file)
        await asyncio.sleep(every)


async def _renew(access: Access, file: Path) -> None:
    try:
        access.renew(await asyncio.to_thread(lines_of, file), str(file))
    except (SetupError, OSError, UnicodeDecodeError) as error:
        _log.error("tokens_not_read", file=str(file), reason=str(error), do="mend the file; the old tokens count")


def _seen(file: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever the file does; None when there is none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
