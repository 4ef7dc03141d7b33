"""Ports on loopback."""

import errno
import secrets
import socket
from typing import Final

from app.broker.properties import HOST
from app.errors import SetupError

_LOWEST: Final = 20_000
_COUNT: Final = 12_000
_TRIES: Final = 200


def free_port(but: int = 0) -> int:
    """Return a port other than `but` that nobody listens on now; somebody may take it before we do.

    It lies below the range that systems give to outgoing connections (32768 and up): a client that tries to reach a
    stopped broker could otherwise be given the broker's own port, and keep it.
    """
    for _ in range(_TRIES):
        port = _LOWEST + secrets.randbelow(_COUNT)
        if port != but and _bind_error(port) is None:
            return port
    raise SetupError(f"no free port between {_LOWEST} and {_LOWEST + _COUNT} on {HOST}: stop what holds them")


def require_free(port: int) -> None:
    """Raise SetupError when the port cannot be listened on: taken already, or reserved to root."""
    error = _bind_error(port)
    if error is None:
        return
    if error.errno == errno.EACCES:
        raise SetupError(f"we may not listen on port {port}: choose one above 1023")
    raise port_taken(port) from error


def port_taken(port: int) -> SetupError:
    """Return the error for a port that another process has."""
    return SetupError(
        f"port {port} on {HOST} is taken by another process: stop that one, choose another port "
        f"(`makegood broker start --port N`), or set KAFKA_BOOTSTRAP={HOST}:{port} if it is the Kafka you mean"
    )


def _bind_error(port: int) -> OSError | None:
    with socket.socket() as probe:
        # as Kafka binds: a connection of the last run that still lingers is no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error
    return None
