"""How we log: structlog through stdlib logging, so that our lines and the libraries' look alike and go one way.

A log line holds ids, counts and times, never payloads: a value that is not a plain scalar is replaced by its type.
"""

import logging
import sys
from collections.abc import MutableMapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Literal, TextIO
from uuid import UUID

import structlog
from structlog.typing import Processor

LogFormat = Literal["console", "json"]

_SCALARS: Final = (str, int, float, bool, Decimal, Enum, UUID, date, datetime, type(None), BaseException)
_LONGEST: Final = 500
"""Characters of one value: an id is shorter, a payload is longer."""
_OURS: Final = frozenset({"event", "level", "logger", "timestamp", "exception", "_record", "_from_structlog"})
_LOGGERS: Final = ("app", "makegood")
_NOISY: Final = {
    "aiokafka.consumer.group_coordinator": logging.WARNING,
    "aiokafka.consumer.subscription_state": logging.WARNING,
}
"""Libraries that tell each step of a rebalance at INFO."""


def configure(log_format: LogFormat = "console", level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (default stderr); called again, it replaces the first call.

    Handlers that others put on the root logger stay.
    """
    structlog.configure(
        processors=[*_common(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _OurHandler)]:
        root.removeHandler(old)
    root.addHandler(_OurHandler(stream, log_format))
    # a library's DEBUG prints what it sends and gets: the people in it too. Ours tells ids of ours and counts
    root.setLevel(max(logging.getLevelName(level), logging.INFO))
    for ours in _LOGGERS:
        logging.getLogger(ours).setLevel(level)
    for name, least in _NOISY.items():
        logging.getLogger(name).setLevel(least)
    logging.getLogger("aiohttp.server").addFilter(without_what_was_sent)


def scalars_only(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what could be a payload by its type and size; cut what is too long for an id."""
    for name, value in event.items():
        if name not in _OURS:
            event[name] = _harmless(value)
    return event


def without_what_was_sent(record: logging.LogRecord) -> bool:
    """Tell of a request that is no HTTP in a word: the library's own text quotes it, with the token that it held."""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None and type(error).__module__ == "aiohttp.http_exceptions":
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.args = "refused a request that is no HTTP (%s)", (type(error).__name__,)
        record.exc_info = record.exc_text = None
    return True


class _OurHandler(logging.Handler):
    """Writes to its stream, or to whatever stderr is at that moment."""

    def __init__(self, stream: TextIO | None, log_format: LogFormat) -> None:
        super().__init__()
        self._stream = stream
        colours = log_format == "console" and stream is None and sys.stderr.isatty()
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=_common(),
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *_rendered(log_format, colours),
                ],
            )
        )

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=self._stream or sys.stderr, flush=True)
        except Exception:  # noqa: BLE001 - as stdlib handlers do: a failing log must not stop what it tells of
            self.handleError(record)


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        scalars_only,
        # formatted here and plainly: a traceback with local variables would print payloads
        structlog.processors.format_exc_info,
    ]


def _rendered(log_format: LogFormat, colours: bool) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.JSONRenderer(default=str)]
    return [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]


def _harmless(value: object) -> object:
    if isinstance(value, str) and len(value) > _LONGEST:
        return value[:_LONGEST] + "…"
    if isinstance(value, _SCALARS) or (
        isinstance(value, (tuple, list)) and all(isinstance(v, (str, int)) for v in value)
    ):
        return value
    size = f" {len(value)}" if hasattr(value, "__len__") else ""
    return f"<{type(value).__name__}{size}>"
