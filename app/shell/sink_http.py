"""Sockets for the sinks: one session, a limit on every answer's time and size."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from app.sinks.talking import Answer, Request, Transport, TryLater

_MOST_BYTES: Final = 8 * 1024 * 1024


@asynccontextmanager
async def transport(timeout_s: float) -> AsyncIterator[Transport]:
    """Give a transport while inside. Redirects are not followed: a key must not travel elsewhere."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout_s)) as session:

        async def send(request: Request) -> Answer:
            try:
                async with session.request(
                    request.method, request.url, headers=request.headers, data=request.body, allow_redirects=False
                ) as answer:
                    body = await answer.content.read(_MOST_BYTES)
                    while not answer.content.at_eof() and len(body) < _MOST_BYTES:
                        body += await answer.content.read(_MOST_BYTES - len(body))
                    return Answer(answer.status, answer.headers, body)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                # the error's text may name the address, which may hold a person
                raise TryLater(f"no answer ({type(error).__name__})") from None

        yield send
