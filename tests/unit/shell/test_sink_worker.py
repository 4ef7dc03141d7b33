"""A sink that fails is told and begins again, without its error's text."""

import asyncio
import logging
from typing import Any, cast

import pytest

from app.shell.sink_metrics import SinkMetrics
from app.shell.sink_worker import Sink, _for_ever


class Failing:
    name = "braze"

    def __init__(self) -> None:
        self.runs = 0
        self.again = asyncio.Event()

    async def run(self) -> None:
        self.runs += 1
        if self.runs < 3:
            raise KeyError("ann@example.com")
        self.again.set()
        await asyncio.Event().wait()


@pytest.mark.expects_error_log("sink_failed")
def test_a_sink_that_fails_begins_again_and_its_error_names_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> int:
        sink, metrics = Failing(), SinkMetrics()
        running = asyncio.create_task(_for_ever(cast("Sink", cast("Any", sink)), metrics, 0.0))
        await asyncio.wait_for(sink.again.wait(), 5)
        running.cancel()
        assert metrics.registry.get_sample_value("makegood_sink_failures_total", {"sink": "braze"}) == 2
        return sink.runs

    with caplog.at_level(logging.ERROR):
        assert asyncio.run(run()) == 3
    assert caplog.text.count("sink_failed") == 2
    assert "test_sink_worker.py:" in caplog.text
    assert "example.com" not in caplog.text
