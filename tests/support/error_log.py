"""Pytest plugin: an ERROR in the log that the test did not declare fails the test.

`@pytest.mark.expects_error_log("part of the message", ...)` declares; an empty part declares any.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app import logs


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "expects_error_log(*parts): the test may log an ERROR whose message has one of the parts"
    )
    # structlog must go through stdlib logging for its errors to be seen here
    logs.configure()


@contextmanager
def errors_logged() -> Iterator[list[logging.LogRecord]]:
    """Collect the ERROR records made meanwhile, by whichever logger and whatever its handlers."""
    seen: list[logging.LogRecord] = []
    make = logging.getLogRecordFactory()

    def make_and_look(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        # a formatter's copy of a record begins without a level
        if (record.levelno or 0) >= logging.ERROR:
            seen.append(record)
        return record

    logging.setLogRecordFactory(make_and_look)
    try:
        yield seen
    finally:
        logging.setLogRecordFactory(make)


def undeclared(records: list[logging.LogRecord], parts: list[str]) -> list[str]:
    """Return the messages that none of the parts declares."""
    messages = [f"{record.name}: {record.getMessage()}" for record in records]
    return [message for message in messages if not any(part in message for part in parts)]


@pytest.fixture(autouse=True)
def no_undeclared_error_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test for each ERROR that it logged and did not declare."""
    parts = [part for mark in request.node.iter_markers("expects_error_log") for part in mark.args]
    with errors_logged() as seen:
        yield
    surprises = undeclared(seen, parts)
    if surprises:
        pytest.fail("logged as ERROR, not declared with expects_error_log: " + " | ".join(surprises), pytrace=False)
