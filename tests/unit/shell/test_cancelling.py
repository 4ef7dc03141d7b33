"""What a client cancels under us never ends a task of the worker without a word; what we cancel ourselves does."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mode.threads import QueueServiceThread

from app.settings import WorkerSettings
from app.shell.batch_path import SliceThread
from app.shell.cancelling import GivenUpError, only_from_outside
from app.shell.recovery import BulkRecovery
from app.shell.telemetry_protocol import NoTelemetry
from app.shell.worker import _LOST
from app.shell.worker_app import WorkerApp
from tests.support.counting_stage import CountingStage

Work = Callable[[], Awaitable[None]]


async def given_up() -> None:
    """Wait for what a client then cancels, as aiokafka does with its own when it is closed or loses a connection."""
    theirs = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(theirs.cancel)
    await theirs


async def never() -> None:
    await asyncio.Event().wait()


def test_a_cancelling_from_below_is_an_error_and_one_from_outside_is_none() -> None:
    async def guarded(work: Work) -> None:
        with only_from_outside():
            await work()

    async def run() -> None:
        with pytest.raises(GivenUpError):
            await guarded(given_up)
        ours = asyncio.ensure_future(guarded(never))
        await asyncio.sleep(0)
        ours.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ours

    asyncio.run(run())


def test_a_limit_of_time_is_still_one() -> None:
    async def hurried() -> None:
        async with asyncio.timeout(0):
            with only_from_outside():
                await never()

    with pytest.raises(TimeoutError):
        asyncio.run(hurried())


def test_a_worker_joins_anew_after_it() -> None:
    assert issubclass(GivenUpError, _LOST)


def new_worker() -> WorkerApp:
    nowhere = {"bootstrap_servers": "127.0.0.1:1"}
    intake = cast("Any", None)
    return WorkerApp(
        WorkerSettings(), nowhere, None, inputs=(), intake=intake, stages=[CountingStage()], telemetry=NoTelemetry()
    )


@pytest.mark.expects_error_log("Crashed reason=GivenUpError")
def test_a_task_of_a_worker_whose_client_gives_up_stops_the_worker() -> None:
    async def run() -> None:
        worker = new_worker()
        await worker.guard(given_up())
        assert isinstance(worker.failure, GivenUpError)
        assert worker.should_stop

    asyncio.run(run())


def test_a_task_that_is_cancelled_with_the_worker_is_no_failure() -> None:
    async def run() -> None:
        worker = new_worker()
        task = worker.guard(never())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert worker.failure is None

    asyncio.run(run())


@pytest.mark.parametrize(("stopping", "raised"), [(False, GivenUpError), (True, asyncio.CancelledError)])
def test_what_the_consumers_thread_gives_up_is_an_error_unless_the_worker_stops(
    stopping: bool, raised: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def called(_self: Any, fun: Work) -> None:
        await fun()

    # the thread answers a call by a future; here the future is made where it is awaited
    monkeypatch.setattr(QueueServiceThread, "call_thread", called)
    thread = SliceThread.__new__(SliceThread)
    thread.app = SimpleNamespace(should_stop=stopping)

    async def run() -> None:
        with pytest.raises(raised):
            await thread.call_thread(given_up)

    asyncio.run(run())


def test_states_whose_reader_gives_up_are_not_taken_for_restored() -> None:
    async def waited(_self: Any, task: "asyncio.Task[None]") -> None:
        await asyncio.wait([task])
        task.result()

    async def run() -> None:
        # the part of Faust's service that waits, without the app around it
        here = {"_wait": waited, "loop": asyncio.get_running_loop()}
        recovery = cast("Any", BulkRecovery.__new__(type("Recovery", (BulkRecovery,), here)))
        with pytest.raises(GivenUpError):
            await recovery._wait_to_end(given_up())

    asyncio.run(run())
