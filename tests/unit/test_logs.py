import io
import json
import logging
from typing import Any

import pytest
import structlog

from app import logs
from tests.support.error_log import errors_logged, undeclared


@pytest.fixture
def lines() -> Any:
    stream = io.StringIO()
    logs.configure("json", "INFO", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logs.configure()


def test_our_lines_and_the_libraries_lines_have_the_same_shape(lines: Any) -> None:
    structlog.get_logger("makegood.test").info("slice_done", partition=3, records=1_000)
    logging.getLogger("somelib").warning("lost %s", "node-1")
    ours, theirs = lines()
    assert (ours["event"], ours["level"], ours["logger"], ours["partition"]) == (
        "slice_done",
        "info",
        "makegood.test",
        3,
    )
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("lost node-1", "warning", "somelib")
    assert ours["timestamp"].endswith("Z")
    assert theirs["timestamp"].endswith("Z")


def test_a_payload_given_to_the_log_is_replaced_by_its_type_and_size(lines: Any) -> None:
    structlog.get_logger().info("odd", value=b"ada@example.com", record={"email": "ada@example.com"}, text="x" * 5_000)
    (line,) = lines()
    assert line["value"] == "<bytes 15>"
    assert line["record"] == "<dict 1>"
    assert len(line["text"]) < 600


def test_a_traceback_in_the_log_shows_no_local_variables(lines: Any) -> None:
    def fail(email: str) -> None:
        raise LookupError("no such customer")

    try:
        fail("ada@" + "example.com")
    except LookupError:
        structlog.get_logger().warning("failed", exc_info=True)
    (line,) = lines()
    assert "LookupError: no such customer" in line["exception"]
    assert "ada@example.com" not in json.dumps(line)


def test_configuring_twice_writes_each_line_once_and_leaves_other_handlers(lines: Any) -> None:
    stream = io.StringIO()
    other = logging.NullHandler()
    logging.getLogger().addHandler(other)
    try:
        logs.configure("json", "INFO", stream)
        structlog.get_logger().info("once")
        assert stream.getvalue().count("once") == 1
        assert lines() == []
        assert other in logging.getLogger().handlers
    finally:
        logging.getLogger().removeHandler(other)


@pytest.mark.expects_error_log("from the library", "from_us")
def test_an_error_log_is_seen_from_stdlib_and_structlog_even_where_no_handler_listens() -> None:
    quiet = logging.getLogger("quiet")
    quiet.propagate = False
    with errors_logged() as seen:
        quiet.error("from the library")
        structlog.get_logger("ours").error("from_us", order="o-1")
        structlog.get_logger("ours").warning("not an error")
    assert len(undeclared(seen, [])) == 2
    assert undeclared(seen, ["from_us"]) == ["quiet: from the library"]


@pytest.mark.expects_error_log("boom")
def test_a_declared_error_log_does_not_fail_the_test() -> None:
    logging.getLogger("x").error("boom at %s", 1)


def test_a_librarys_debug_lines_which_print_what_it_sends_are_never_written() -> None:
    stream = io.StringIO()
    logs.configure("json", "DEBUG", stream)
    try:
        logging.getLogger("aiokafka.conn").debug("Request %s", b"maya@example.org")
        logging.getLogger("app.shell.worker").debug("ours")
        structlog.get_logger("makegood.web").debug("ours too")
    finally:
        logs.configure()
    assert "maya" not in stream.getvalue()
    assert stream.getvalue().count("ours") == 2
