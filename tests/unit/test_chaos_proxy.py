"""The proxy between workers and broker knows what is written from what is read, however the bytes are cut."""

import pytest

from chaos.proxy import Line

FETCH, METADATA, PRODUCE, END_TRANSACTION = 1, 3, 0, 26


def request(kind: int, length: int = 40) -> bytes:
    """Return a request as a client sends it: its size, its kind, and a body that could be anything."""
    body = kind.to_bytes(2, "big") + bytes(length)
    return len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize("size", [1, 3, 5, 7, 64, 1_000])
@pytest.mark.parametrize(("kind", "writes"), [(FETCH, False), (PRODUCE, True), (END_TRANSACTION, True)])
def test_a_connection_writes_once_a_request_of_it_does(kind: int, *, writes: bool, size: int) -> None:
    sent = request(METADATA) + request(FETCH, 500) + request(METADATA, 0) + request(kind)
    line = Line()
    for start in range(0, len(sent), size):
        line.carries(sent[start : start + size])
    assert line.writes is writes
