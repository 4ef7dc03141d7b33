"""What is decided follows from the log alone, wherever it is cut into rounds."""

import itertools
from typing import Any

import pytest

from app.clock import Instant
from app.decide.folder import load_folder, version_of
from app.emit.records import decode_output
from app.facts import encode_fact
from app.journey.activation import activation
from app.outputs import Decision
from app.settings import ROOT
from app.stage import LogRecord, Round, tick_of, tick_value
from app.topics import Topic
from tests.support.journeys import DELIVERED, ORDER, at, fact, order, promised
from tests.unit.journey.test_parking import KEY, Live, Log

DUE = 4.0


def _log() -> Log:
    """A promise, a tick that names its end, and only then a scan that was known before: input that was on its way."""
    log = Log()
    log.append(encode_fact(fact(order(), 0)))
    log.append(encode_fact(fact(promised(DUE), 1)))
    log.append(tick_value(at(DUE)), None)
    log.append(encode_fact(fact(DELIVERED, 3.5, journey=ORDER, consignment=None)))
    for record in log.records:
        record.timestamp = at(DUE)
    return log


@pytest.mark.parametrize("cuts", [(), *itertools.combinations(range(1, 5), 1), *itertools.combinations(range(1, 5), 3)])
def test_a_deadline_that_a_tick_named_fires_before_what_stands_behind_the_tick(cuts: tuple[int, ...]) -> None:
    log = _log()
    table: dict[bytes, bytes] = {}
    said: list[Any] = []
    until = Instant(0)
    bounds = [0, *cuts, len(log.records)]
    for begins, ends in itertools.pairwise(bounds):
        records, ticks = [], [(0, until)]
        for one in log.records[begins:ends]:
            known = LogRecord(one.key, one.value, Instant(one.timestamp), Topic.JOURNEY_LOG, 0, one.offset)
            tick = tick_of(known)
            if tick is None:
                records.append(known)
            else:
                until = max(until, tick)
                ticks.append((len(records), until))
        due = [KEY] if KEY in table and (log.stage.next_due(table[KEY]) or until + 1) <= until else []
        effects = log.stage.work(Round(0, records, due, until, ticks=ticks), table)
        said.extend(effects.outputs)
        table.update({key: value for key, value in effects.changes.items() if value is not None})
    replayed = log.replayed()
    assert said == replayed.said
    assert table == replayed.table


@pytest.mark.parametrize("cut", [None, 2, 3, 4])
def test_a_policy_that_changes_under_load_decides_from_its_place_in_the_log_on_and_every_decision_names_its_version(
    cut: int | None,
) -> None:
    log = Log()
    log.append(encode_fact(fact(order(), 0)))
    files = load_folder(ROOT / "policies" / "default")
    files["policy.yaml"] += b"\n# another version\n"
    second = version_of(files)
    log.append(activation(second, files, Instant(0), 0).value, None)
    log.append(encode_fact(fact(promised(DUE), 1)))
    live = Live(log)
    if cut is None:
        live.works()
    else:
        rest, log.records = log.records[cut:], log.records[:cut]
        live.works()
        log.records.extend(rest)
        live.works()
    decisions = [decode_output(said.topic, said.value) for said in live.said if said.topic is Topic.DECISIONS]
    versions = [decision.policy for decision in decisions if isinstance(decision, Decision)]
    assert len(versions) == 2
    assert versions[0] != second
    assert versions[1] == second
    assert log.replayed().said == live.said
