"""After a run: what the workers wrote, held against the undisturbed run of the same logs."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from app.clock import Instant
from app.emit.records import decode_output
from app.main import stages
from app.outputs import Output
from app.replay.live_log import LiveLog
from app.settings import ROOT
from app.stage import OutRecord, tick_of
from app.topics import CHANGELOGS, INPUTS, LOGS, OUTPUTS, Topic
from app.wire.codec import bundled_codec
from chaos.ground import Ground
from chaos.meaning import in_todays_words
from chaos.undisturbed import admitted

_SHOWN: Final = 3
_BYTES: Final = 160

Logs = Mapping[TopicPartition, Sequence[ConsumerRecord]]
Line = tuple[Topic, bytes | None, bytes | None]
"""A record without its place: topic, key, value."""


class Verdict(NamedTuple):
    """Everything that is wrong, in words; and how much was compared."""

    faults: list[str]
    compared: dict[str, int]


async def check(ground: Ground, settled: Instant, *, copied: bool = False) -> Verdict:
    """Compare everything; the workers must have stopped. Until `settled` everything must have been worked.

    `copied`: the topics are a copy, where records of the inputs bear the time of copying. What intake said of them it
    said on the first cluster, so only what keyed stages say is compared.
    """
    found = await read_all(ground)
    two_versions = ground.previous != ROOT
    if two_versions:
        found = _in_todays_words(ground, found)
    committed = await ground.worked()
    faults: list[str] = []
    said, tables, log_ends = _replayed(ground, found, committed)
    there = _said_there(ground, found)
    ours = Counter({line: count for line, count in said.keyed.items() if line[0] in OUTPUTS})
    if copied:
        said = said._replace(intake=Counter())
        there, ours = _without_letters(there), _without_letters(ours)
    else:
        faults += _lost_on_the_way_in(ground, found)
        faults += _logs(ground, found, said)
    differently = _differently(ours, there) if two_versions else {}
    faults += _outputs(there, _with_changed(ours, differently), {line for line in said.intake if line[0] in OUTPUTS})
    faults += _states(ground, found, tables, contents=not two_versions)
    faults += _unworked(ground, found, committed, settled)
    compared = {str(topic): sum(len(found[place]) for place in ground.places(topic)) for topic in Topic}
    return Verdict(faults, {**compared, "log records replayed": log_ends, "said differently": len(differently)})


def _in_todays_words(ground: Ground, found: Logs) -> Logs:
    rewritten = dict(found)
    for topic in (*LOGS, *CHANGELOGS, *OUTPUTS):
        for place in ground.places(topic):
            rewritten[place] = [in_todays_words(topic, record) for record in found[place]]
    return rewritten


class _Said(NamedTuple):
    """What the undisturbed run says: intake's (at least once live) and the keyed stages' (exactly once live)."""

    intake: Counter[Line]
    keyed: Counter[Line]


def _replayed(
    ground: Ground, found: Logs, committed: Mapping[TopicPartition, int]
) -> tuple[_Said, dict[Topic, dict[bytes, bytes]], int]:
    all_stages = stages(bundled_codec(), data_clock=False)
    intake: Counter[Line] = Counter()
    for topic in INPUTS:
        for place in ground.places(topic):
            intake.update(map(_line, admitted(all_stages, topic, place.partition, found[place])))
    keyed: Counter[Line] = Counter()
    tables: dict[Topic, dict[bytes, bytes]] = {}
    number = 0
    for stage in (all_stages.directory, all_stages.journeys, all_stages.register):
        for place in ground.places(stage.log):
            one = LiveLog(stage, place.partition)
            worked = [record for record in found[place] if record.offset < committed.get(place, 0)]
            one.replay(worked)
            number += len(worked)
            keyed.update(map(_line, one.said))
            tables.setdefault(stage.changelog, {}).update(
                {b"%d/" % place.partition + key: value for key, value in one.table.items()}
            )
    return _Said(intake, keyed), tables, number


def _lost_on_the_way_in(ground: Ground, found: Logs) -> list[str]:
    """Compare what the producer had confirmed with what is there; a producer that sends again may have sent twice."""
    there: Counter[Line] = Counter()
    for topic in INPUTS:
        for place in ground.places(topic):
            there.update((topic, record.key, record.value) for record in found[place])
    missing = Counter(map(_line, ground.producer.confirmed)) - there
    return _told("the broker lost a confirmed input record", missing)


def _logs(ground: Ground, found: Logs, said: _Said) -> list[str]:
    there: Counter[Line] = Counter()
    for topic in LOGS:
        for place in ground.places(topic):
            there.update(
                (topic, record.key, record.value)
                for record in found[place]
                if record.key is not None or tick_of(record) is None
            )
    policies = {line for line in there if line[1] is None}
    ours = Counter({line: count for line, count in said.keyed.items() if line[0] in LOGS})
    from_intake = {line for line in said.intake if line[0] in LOGS}
    return [
        *_told("missing on a log, said by a stage", ours - there),
        *_told("missing on a log, said by intake", Counter(from_intake) - there),
        *_told("on a log, and nobody said it", Counter(set(there) - policies - set(ours) - from_intake)),
        *_told(
            "more often on a log than said",
            Counter({line: n - ours[line] for line, n in there.items() if line in ours and line not in from_intake})
            - Counter(),
        ),
    ]


def _said_there(ground: Ground, found: Logs) -> Counter[Line]:
    there: Counter[Line] = Counter()
    for topic in OUTPUTS:
        for place in ground.places(topic):
            there.update((topic, record.key, record.value) for record in found[place])
    return there


def _without_letters(lines: Counter[Line]) -> Counter[Line]:
    return Counter({line: count for line, count in lines.items() if line[0] is not Topic.DEAD_LETTERS})


def _differently(ours: Counter[Line], there: Counter[Line]) -> dict[Line, Line]:
    """Return what the version before said under ids under which today's code says something else: theirs for ours.

    Two versions may grade or word a thing differently. Each id must be there, as often as today's run has it.
    """
    theirs = {_id_of(line): line for line in there.keys() - ours.keys() if line[2] is not None}
    changed = {line: theirs.get(_id_of(line)) for line in ours.keys() - there.keys() if line[2] is not None}
    return {line: instead for line, instead in changed.items() if instead is not None}


def _id_of(line: Line) -> tuple[Topic, bytes | None, str | None]:
    output = decode_output(line[0], line[2])
    return (line[0], line[1], None if output is None else output.id)


def _with_changed(ours: Counter[Line], differently: Mapping[Line, Line]) -> Counter[Line]:
    return Counter({differently.get(line, line): count for line, count in ours.items()})


def _outputs(there: Counter[Line], ours: Counter[Line], from_intake: Collection[Line]) -> list[str]:
    once = Counter({line: count for line, count in there.items() if line not in from_intake})
    return [
        *_told("output missing", ours - there),
        *_told("output extra, or more often than once", once - ours),
        *_told("dead letter of intake missing", Counter(from_intake) - there),
        *_same_id_other_content(there),
    ]


def _same_id_other_content(there: Iterable[Line]) -> list[str]:
    contents: dict[tuple[Topic, str], dict[bytes, Output]] = {}
    for topic, _, value in there:
        output = decode_output(topic, value)
        if output is not None and value is not None:
            contents.setdefault((topic, output.id), {})[value] = output
    return [
        f"{topic}: {len(values)} contents with the id {id_}: {_differing(list(values.values()))}"
        for (topic, id_), values in contents.items()
        if len(values) > 1
    ]


def _differing(outputs: Sequence[Output]) -> dict[str, list[str]]:
    """Return the fields in which outputs of one kind differ, and what each says there."""
    texts = {name: [repr(getattr(output, name)) for output in outputs] for name in outputs[0].__struct_fields__}
    return {name: found for name, found in texts.items() if len(set(found)) > 1}


def _states(ground: Ground, found: Logs, tables: Mapping[Topic, Mapping[bytes, bytes]], *, contents: bool) -> list[str]:
    """Compare the newest states; without `contents` only whose they are, for two versions may come to others."""
    faults = []
    for changelog in CHANGELOGS:
        newest: dict[bytes, bytes | None] = {}
        for place in ground.places(changelog):
            newest.update({b"%d/" % place.partition + (record.key or b""): record.value for record in found[place]})
        live = {key: value for key, value in newest.items() if value is not None}
        replayed = tables[changelog]
        different: AbstractSet[bytes] = live.keys() ^ replayed.keys()
        if contents:
            different = {key for key in live.keys() | replayed.keys() if live.get(key) != replayed.get(key)}
        if different:
            faults.append(
                f"{changelog}: {len(different)} of {len(live)} states differ, such as {sorted(different)[:_SHOWN]}"
            )
    return faults


def _unworked(ground: Ground, found: Logs, committed: Mapping[TopicPartition, int], settled: Instant) -> list[str]:
    """Say what no worker has acknowledged of all that was there when everything seemed done.

    Deadlines go on firing until the last worker has stopped, so younger records may wait for the next one.
    """
    faults = []
    for topic in (*INPUTS, *LOGS):
        for place in ground.places(topic):
            left = [
                record
                for record in found[place]
                if record.offset >= committed.get(place, 0)
                and record.timestamp < settled
                and (record.key is not None or tick_of(record) is None)
            ]
            if left:
                faults.append(f"{topic}/{place.partition}: {len(left)} records were never worked")
    return faults


def _line(record: OutRecord) -> Line:
    return (record.topic, record.key, record.value)


def _told(what: str, lines: Counter[Line]) -> list[str]:
    by_topic: dict[Topic, list[Line]] = {}
    for line in lines.elements():
        by_topic.setdefault(line[0], []).append(line)
    return [f"{what}: {len(found)} of {topic}, such as {_shown(found)}" for topic, found in by_topic.items()]


def _shown(lines: Sequence[Line]) -> list[tuple[bytes | None, bytes | None]]:
    return [(key, None if value is None else value[:_BYTES]) for _, key, value in lines[:_SHOWN]]


async def read_all(ground: Ground) -> Logs:
    """Return every committed record of every topic."""
    places = [place for topic in Topic for place in ground.places(topic)]
    found: dict[TopicPartition, list[ConsumerRecord]] = {place: [] for place in places}
    reader = AIOKafkaConsumer(
        **ground.connection, enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await reader.start()
    try:
        reader.assign(places)
        begins = await reader.beginning_offsets(places)
        for place in places:
            reader.seek(place, begins[place])
        ends = await reader.end_offsets(places)
        behind = places
        while behind := [place for place in behind if await reader.position(place) < ends[place]]:
            for place, records in (await reader.getmany(*behind, timeout_ms=500)).items():
                found[place].extend(records)
    finally:
        await reader.stop()
    return found
