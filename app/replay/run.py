"""One replay from source to result files: what `makegood replay` does (decision 0007)."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.clock import Instant
from app.decide import compile_policy, load_folder
from app.errors import SetupError
from app.journey.rows import case_rows, journey_rows
from app.journey.state import is_reserved
from app.journey.stored import decode_state
from app.replay import events, incidents, olist, story_events
from app.replay.recording import Recording
from app.replay.session import STRETCH, Advance, Policy, Session
from app.replay.source import Malformed, Timeline
from app.replay.stories import bundled as bundled_stories
from app.settings import ROOT
from app.stage import OutRecord
from app.wire.codec import bundled_codec

SOURCES: Final = (story_events.NAME, olist.NAME, incidents.NAME, events.NAME)
POLICIES: Final = ROOT / "policies"

_LOADERS: Final[dict[str, Callable[[Path], Timeline]]] = {
    olist.NAME: olist.load,
    incidents.NAME: incidents.load,
    events.NAME: events.load,
}

Play = Callable[[Session], Awaitable[Mapping[bytes, bytes]]]
"""Plays a session somewhere; gives the customers' states at the end."""


class Told(NamedTuple):
    """Who is told while a replay runs: each malformed row, how many more events have been worked, each output."""

    malformed: Callable[[Malformed], None]
    advance: Advance
    said: Callable[[OutRecord], None] = lambda _: None


def load(source: str, data: Path | None) -> Timeline:
    """Read a source; SetupError when its data is not there. The stories are bundled and need none."""
    if source == story_events.NAME:
        return story_events.on_one_timeline(bundled_stories())
    if data is None:
        raise SetupError(f"{source}: where is the data? Give its folder with --data")
    return _LOADERS[source](data)


async def replay(
    timeline: Timeline,
    out: Path,
    play: Play,
    told: Told,
    *,
    policy: Path | None = None,
    until: Instant | None = None,
    size: int = STRETCH,
) -> dict[str, Any]:
    """Play a timeline and write the result files to `out`; return the summary.

    `policy` None: the source's own. `until` None: the clock stops at the source's end. `size` is that of a stretch; it
    changes nothing but the pace. PolicyError, SetupError.
    """
    files = load_folder(policy or POLICIES / timeline.policy)
    compiled = compile_policy(files)
    with Recording(out, bundled_codec(), compiled.limits.tombstone_after) as recording:
        for row in timeline.malformed:
            recording.malformed(row)
            told.malformed(row)
        session = Session(
            timeline.events(),
            Policy(compiled.version, files),
            recording,
            until=_stop(timeline, until),
            report=told.malformed,
            advance=told.advance,
            said=told.said,
            size=size,
        )
        states = await play(session)
        for key, value in states.items():
            if not is_reserved(key):
                state = decode_state(value)
                recording.ended(journey_rows(state), case_rows(state))
        return recording.finish(timeline.source, compiled.version, session.stopped_at)


def _stop(timeline: Timeline, until: Instant | None) -> Instant | None:
    return timeline.ends if until is None else until
