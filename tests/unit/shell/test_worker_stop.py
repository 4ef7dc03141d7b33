"""A worker that lost its partitions and cannot stop its clients begins again as a new process, not with an error."""

import asyncio
import os
from typing import Any, NoReturn, cast

import pytest
from aiokafka.errors import ProducerFenced

from app.shell.worker import _stop
from app.shell.worker_app import WorkerApp


class Fenced:
    """An app whose writers are refused what they still had under way."""

    async def stop(self) -> None:
        raise ProducerFenced

    async def stop_beside(self) -> None:
        raise AssertionError


class BegunAgain(Exception):  # noqa: N818 - it stands for the process that follows
    pass


@pytest.mark.expects_error_log("could not stop within")
@pytest.mark.parametrize("failure", [ProducerFenced(), TimeoutError()])
def test_a_worker_that_lost_the_cluster_and_whose_stop_is_refused_begins_again(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execv(*_: Any) -> NoReturn:
        raise BegunAgain

    monkeypatch.setattr(os, "execv", execv)

    async def run() -> None:
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        started.set_result(None)
        await _stop(cast("WorkerApp", cast("Any", Fenced())), started, failure)

    with pytest.raises(BegunAgain):
        asyncio.run(run())
