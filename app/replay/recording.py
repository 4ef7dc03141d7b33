"""What a replay came to, as files: one per output topic, the state at the end, and a summary (decision 0007).

Nothing in them can differ between two runs of the same data: not the partition or offset a record had, not the order
in which partitions were worked, not when the run took place.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from app.clock import Instant, Millis, from_iso
from app.errors import MakegoodError, SetupError
from app.ids import PolicyVersion
from app.replay import form
from app.replay.sorted_file import SortedFile
from app.replay.source import Malformed
from app.replay.tally import Tally
from app.replay.wire import InputRecord
from app.stage import OutRecord
from app.topics import OUTPUTS, Topic
from app.wire.codec import Codec

JOURNEYS: Final = "journeys.jsonl"
CASES: Final = "cases.jsonl"
MALFORMED: Final = "malformed.jsonl"
SUMMARY: Final = "summary.json"

Row = dict[str, Any]


def file_of(topic: Topic) -> str:
    """Return the name of an output topic's file."""
    return f"{topic}.jsonl"


class Recording:
    """Takes in what goes in and comes out of a replay and writes the folder's files at `finish`.

    `tombstone_after` is the policy's: a suppression's removal has no content, so its time is that of the release
    before it plus this.
    """

    def __init__(self, folder: Path, codec: Codec, tombstone_after: Millis) -> None:
        self._folder = folder
        self._codec = codec
        self._tombstone_after = tombstone_after
        self._tally = Tally()
        self._released: dict[bytes, str] = {}
        self._letters: set[str] = set()
        self._malformed: list[Malformed] = []
        self._open = ExitStack()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._files = {topic: self._file(file_of(topic)) for topic in OUTPUTS}
            self._journeys, self._cases = self._file(JOURNEYS), self._file(CASES)
        except OSError as error:
            raise SetupError(f"{folder}: {error.strerror}; choose another folder with --out") from error

    def played(self, record: InputRecord) -> None:
        """Count an input event."""
        self._tally.event(record)

    def malformed(self, row: Malformed) -> None:
        """Keep a row that could not be played."""
        self._malformed.append(row)

    def said(self, output: OutRecord, now: Instant | None = None) -> None:
        """Keep an output. A dead letter that came twice (intake is at-least-once) is kept once.

        A removal of what was never there (whoever is erased or merged need not have been held) is left out.
        `now`: when it was said, for a removal whose release was said before anything that is recorded here.
        """
        row = self._row(output, now)
        if row is None:
            return
        if output.topic is Topic.DEAD_LETTERS:
            if row["id"] in self._letters:
                return
            self._letters.add(row["id"])
        self._tally.output(output.topic, row)
        self._files[output.topic].add((row["at"], row.get("customer", ""), row["id"]), form.line(row))

    def ended(self, journeys: Iterable[Row], cases: Iterable[Row]) -> None:
        """Keep the state at the end: rows of journeys and of cases, instants already as text."""
        for row in journeys:
            self._tally.journey(row)
            self._journeys.add((row["journey_id"], row["customer_id"]), form.line(row))
        for row in cases:
            self._tally.case(row)
            self._cases.add((row["case_id"], row["customer_id"]), form.line(row))

    def finish(self, source: str, policy: PolicyVersion, until: Instant | None) -> Row:
        """Write every file; return the summary. `until` is where the clock stopped, None when nothing was played."""
        for file in (*self._files.values(), self._journeys, self._cases):
            file.finish()
        rows = sorted({(row.file, row.line, row.reason) for row in self._malformed})
        lines = (form.line({"file": file, "line": line, "reason": reason}) for file, line, reason in rows)
        (self._folder / MALFORMED).write_bytes(b"".join(lines))
        summary = {
            "source": source,
            "policy": policy,
            "clock_stopped_at": form.instant(until),
            "malformed": dict(Counter(file for file, _, _ in rows)),
            **self._tally.summary(),
        }
        (self._folder / SUMMARY).write_bytes(form.pretty(summary))
        return summary

    def _file(self, name: str) -> SortedFile:
        return self._open.enter_context(SortedFile(self._folder / name))

    def _row(self, output: OutRecord, now: Instant | None) -> Row | None:
        if output.value is not None:
            row = form.shown(self._codec, output.value)
            if output.topic is Topic.SUPPRESSIONS and output.key is not None:
                self._released[output.key] = row["at"]
            return row
        if output.topic is not Topic.SUPPRESSIONS or output.key is None:
            raise MakegoodError(f"{output.topic}: a record without a value, which only suppressions have")
        released = self._released.pop(output.key, None)
        if now is None and released is None:
            return None
        at = now if now is not None else Instant(from_iso(released or "") + self._tombstone_after)
        return {"at": form.instant(at), "customer": output.key.decode(), "id": "", "tombstone": True}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
