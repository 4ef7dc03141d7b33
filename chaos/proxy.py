"""A TCP proxy between workers and broker: slow, cutting connections, refusing them, or silent, as it is told."""

import asyncio
from contextlib import suppress
from typing import Final, Literal

_CHUNK: Final = 64 * 1024

Mood = Literal["passing", "refusing", "silent"]
"""`refusing` closes what comes in at once; `silent` takes it and never answers."""


class Proxy:
    """Passes bytes from `port` to `target` on loopback. Mood and `delay` (seconds a chunk) may change at any time."""

    def __init__(self, port: int, target: int, host: str = "127.0.0.1") -> None:
        self.delay = 0.0
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
            await asyncio.gather(self._pump(reader, onward), self._pump(upstream, writer))
        finally:
            for end in (writer, onward):
                self._open.discard(end)
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while chunk := await reader.read(_CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._passing.wait()
                writer.write(chunk)
                await writer.drain()
        writer.transport.abort()
