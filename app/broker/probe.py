"""Ask a broker whether it really serves: a Metadata request over a plain socket.

A listening port is not enough, Kafka opens it seconds before it serves. The request is written by hand because the
launcher is synchronous and must also work inside a running event loop, where an asyncio client could not be used.
"""

import socket
import struct
from typing import Final

from app.broker.properties import HOST

_METADATA: Final = 3
_VERSION: Final = 4
"""Metadata v4: the last one before flexible fields that every Kafka from 0.11 to 4.x speaks."""
_CORRELATION: Final = 7
_CLIENT: Final = b"makegood-probe"


def is_serving(port: int, timeout: float = 1.0) -> bool:
    """Return whether a Kafka broker on loopback answers and lists itself among the live brokers."""
    try:
        with socket.create_connection((HOST, port), timeout=timeout) as connection:
            connection.sendall(_request())
            return port in _live_ports(_answer(connection))
    except (OSError, struct.error):
        return False


def _request() -> bytes:
    header = struct.pack(f">hhih{len(_CLIENT)}s", _METADATA, _VERSION, _CORRELATION, len(_CLIENT), _CLIENT)
    no_topics_and_create_none = struct.pack(">i?", 0, False)
    body = header + no_topics_and_create_none
    return struct.pack(">i", len(body)) + body


def _answer(connection: socket.socket) -> bytes:
    (length,) = struct.unpack(">i", _exactly(connection, 4))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise ConnectionError("closed in the middle of an answer")
        parts += part
    return bytes(parts)


def _live_ports(answer: bytes) -> list[int]:
    """Read the brokers' ports: correlation, throttle time, then per broker id, host, port, rack (nullable)."""
    _correlation, _throttle, count = struct.unpack_from(">iii", answer)
    ports, at = [], 12
    for _ in range(count):
        (host_length,) = struct.unpack_from(">h", answer, at + 4)
        at += 6 + host_length
        port, rack_length = struct.unpack_from(">ih", answer, at)
        ports.append(port)
        at += 6 + max(rack_length, 0)
    return ports
