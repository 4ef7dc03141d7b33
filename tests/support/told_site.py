"""A site whose read model holds what the stories and their variations came to, without Kafka."""

import asyncio
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from app.clock import Instant
from app.decide import load_folder, policy_in
from app.emit.records import Emit
from app.ids import CustomerId
from app.outputs import Output
from app.replay.shifting import ending_by
from app.replay.stories import bundled
from app.replay.timeline import Story
from app.settings import ROOT, WebSettings
from app.shell.output_follower import Followed
from app.shell.safe_clock import wall_clock
from app.stage import OutRecord
from app.web.access import Access, Role, line_of
from app.web.limits import Buckets
from app.web.meters import WebMeters
from app.web.read_model import ReadModel
from app.web.server import serving
from app.web.site import Site
from app.wire.codec import bundled_codec
from tests.support.pipeline import run, steps_of
from tests.support.verdict import Emitted, Tombstone

POLICIES: Final = ROOT / "policies"
TOKENS: Final = {Role.GATE: "mg_gate", Role.OPERATOR: "mg_operator", Role.AUDITOR: "mg_auditor"}
EMIT: Final = Emit(bundled_codec())


def empty_site(now: Instant | None = None, **settings: object) -> Site:
    """A site that knows nothing yet; its clock stands at `now`, or is the real one. `as_of` follows the clock."""

    def clock() -> Instant:
        return wall_clock() if now is None else now

    chosen = WebSettings(_env_file=None, host="127.0.0.1", port=0, worker_metrics="", **settings)  # type: ignore[arg-type]
    model = ReadModel(clock, stale_after_ms=chosen.stale_after_ms, most_customers=chosen.most_customers, timeline_mb=64)
    model.follows(clock)
    access = Access(line_of(token, [role], role.value) for role, token in TOKENS.items())
    calls = Buckets(chosen.calls_per_second, chosen.calls_per_second)
    policy = policy_in(POLICIES / "default")
    return Site(model, chosen, access, clock, EMIT.decode, policy, calls, Buckets(1, 5), WebMeters())


def tell(site: Site, outputs: Iterable[Emitted]) -> None:
    """Let the site read outputs, as the follower would hand them on."""
    for output in outputs:
        record, known = _record(output)
        key = record.key
        site.model.take(0, Followed(record.topic, key, record.value, site.now(), known))


def _record(output: Emitted) -> tuple[OutRecord, Output | None]:
    if isinstance(output, Tombstone):
        return EMIT.tombstone(CustomerId(output.customer)), None
    return EMIT.record(output), output


def of_story(story: Story) -> list[Emitted]:
    """Everything that comes out of a story."""
    found: list[Emitted] = []
    run(steps_of(story), load_folder(POLICIES / story.policy), lambda heard: found.extend(heard.outputs()))
    return found


def told_site(now: Instant | None = None, **settings: object) -> Site:
    """A site that has read the bundled stories, moved so that they end now."""
    site = empty_site(now, **settings)
    for story in bundled():
        tell(site, of_story(ending_by(story, site.now())))
    return site


@contextmanager
def served(site: Site) -> Iterator[str]:
    """Serve a site from a thread of its own, as `makegood web` does from its process; gives its address.

    What is still being answered when it ends is ended too: a task left behind would be complained of in a later test.
    """
    place: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, str]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        async with serving(site) as port:
            place.set_result((asyncio.get_running_loop(), stop, f"http://127.0.0.1:{port}"))
            await stop.wait()

    def failed(ended: Future[None]) -> None:
        if not place.done() and (error := ended.exception()) is not None:
            place.set_exception(error)

    with ThreadPoolExecutor(1) as thread:
        ended = thread.submit(asyncio.run, serve())
        ended.add_done_callback(failed)
        loop, stop, address = place.result(20)
        try:
            yield address
        finally:
            loop.call_soon_threadsafe(stop.set)
            ended.result(20)
