"""A TCP proxy between workers and broker: slow, cutting connections, refusing them, or silent, as it is told."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal

_CHUNK: Final = 64 * 1024

Mood = Literal["passing", "refusing", "silent"]
"""`refusing` closes what comes in at once; `silent` takes it and never answers."""


_WRITES: Final = frozenset({0, 22, 24, 25, 26, 28})
"""Kafka's numbers of the requests that a producer makes: records, and the steps of a transaction."""
_SIZE: Final = 4
_KIND: Final = 2


class Line:
    """One connection: whether what it carries writes to the broker; learnt from the requests that pass."""

    def __init__(self) -> None:
        self.writes = False
        self._head = b""
        self._left = 0

    def carries(self, chunk: bytes) -> None:
        """Look at the next bytes from the client: requests, each behind its size, of a kind that its number says."""
        while chunk and not self.writes:
            skipped, chunk = chunk[: self._left], chunk[self._left :]
            self._left -= len(skipped)
            missing = _SIZE + _KIND - len(self._head)
            self._head, chunk = self._head + chunk[:missing], chunk[missing:]
            if len(self._head) == _SIZE + _KIND:
                self.writes = int.from_bytes(self._head[_SIZE:], "big") in _WRITES
                self._left = int.from_bytes(self._head[:_SIZE], "big") - _KIND
                self._head = b""


class Proxy:
    """Passes bytes from `port` to `target` on loopback. Mood and `delay` (seconds a chunk) may change at any time.

    `only_writes`: delay and silence are for what producers send and are answered; what is read passes.
    """

    def __init__(self, port: int, target: int, host: str = "127.0.0.1") -> None:
        self.delay = 0.0
        self.only_writes = False
        self._host = host
        self._port = port
        self._target = target
        self._mood: Mood = "passing"
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._passing = asyncio.Event()
        self._passing.set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self._host, self._port)

    async def stop(self) -> None:
        """Stop listening and cut everything."""
        if self._server is not None:
            self._server.close()
        self._passing.set()
        self.cut()
        await asyncio.sleep(0)

    def cut(self) -> int:
        """Cut all connections as a broken line would; return how many ends there were."""
        ends = list(self._open)
        for writer in ends:
            writer.transport.abort()
        return len(ends)

    def be(self, mood: Mood) -> None:
        """Change the mood; refusing also cuts what is open, silence holds it."""
        self._mood = mood
        if mood == "silent":
            self._passing.clear()
        else:
            self._passing.set()
        if mood == "refusing":
            self.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mood == "refusing":
            writer.transport.abort()
            return
        try:
            upstream, onward = await asyncio.open_connection(self._host, self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, onward}
        try:
            line = Line()
            await asyncio.gather(self._pump(line, reader, onward, line.carries), self._pump(line, upstream, writer))
        finally:
            for end in (writer, onward):
                self._open.discard(end)
                end.transport.abort()

    async def _pump(
        self,
        line: Line,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        look: Callable[[bytes], None] | None = None,
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while chunk := await reader.read(_CHUNK):
                if look is not None:
                    look(chunk)
                if line.writes or not self.only_writes:
                    if self.delay:
                        await asyncio.sleep(self.delay)
                    await self._passing.wait()
                writer.write(chunk)
                await writer.drain()
        writer.transport.abort()
