"""What the worker's metrics say after the shell has told its story."""

from collections.abc import Iterable
from decimal import Decimal

import pytest
from prometheus_client import Metric as Family
from prometheus_client.exposition import generate_latest

from app.clock import Instant
from app.facts import Money
from app.ids import CustomerId, OutputId, ProblemId, RemedyId
from app.outputs import (
    ALL,
    DeadLetter,
    DeadLetterReason,
    Gesture,
    HoldEntry,
    Output,
    Receipt,
    Remedy,
    Scope,
    Suppression,
)
from app.settings import ROOT
from app.shell.edge_metric_list import PROCESSES
from app.shell.metric import Kind, Metric
from app.shell.metric_list import METRICS
from app.shell.metrics_page import page
from app.shell.telemetry import PrometheusTelemetry
from app.shell.telemetry_protocol import Telemetry
from app.stage import LogRecord, OutRecord
from app.topics import Topic

NOW = Instant(1_783_000_000_000)
ANN = CustomerId("ann")


def words(key: bytes, value: bytes) -> Iterable[tuple[str, str]]:
    """Read a state that says what is open in it: `problem late,hold late`."""
    del key
    for thing in value.decode().split(","):
        what, by = thing.split()
        yield what, by


class World:
    """A telemetry with outputs to decode by number, and a clock."""

    def __init__(self, *, data_clock: bool = False) -> None:
        self.outputs: list[Output] = []
        self.seconds = 0.0
        self.telemetry = PrometheusTelemetry(
            self._decode, now=lambda: NOW, monotonic=lambda: self.seconds, data_clock=data_clock, tally=words
        )

    def commit(self, *outputs: tuple[Topic, Output]) -> None:
        records = []
        for topic, output in outputs:
            records.append(OutRecord(topic, b"ann", str(len(self.outputs)).encode()))
            self.outputs.append(output)
        self.telemetry.outputs_committed("journey", records)

    def value(self, name: str, **labels: str) -> float | None:
        return self.telemetry.registry.get_sample_value(name, labels)

    def _decode(self, topic: Topic, value: bytes) -> Output:
        del topic
        return self.outputs[int(value)]


def ledger(at: int, since: int) -> Suppression:
    hold = HoldEntry(Scope(("promotion",), (ALL,)), "late_delivery", "problem-1", Instant(since), "recovery")
    return Suppression(OutputId("s"), Instant(at), ANN, suppressed=True, holds=(hold,))


def remedy(*costs: str) -> Remedy:
    gestures = tuple(
        Gesture("store_credit", Money(Decimal(20), "USD"), Money(Decimal(cost), "USD"), "marketing") for cost in costs
    )
    return Remedy(
        OutputId("r"),
        NOW,
        ANN,
        RemedyId("r1"),
        "recovery",
        ProblemId("p"),
        None,
        "late",
        "sorry",
        gestures,
        Receipt(()),
    )


def refused(reason: DeadLetterReason) -> DeadLetter:
    return DeadLetter(OutputId("d"), NOW, reason, "why", None, "orders", 0, 1, None, b"\x00", NOW)


def record(age_ms: int) -> LogRecord:
    return LogRecord(b"k", b"v", Instant(NOW - age_ms), Topic.JOURNEY_LOG, 0, 1)


def tell_everything(world: World) -> None:
    telemetry: Telemetry = world.telemetry
    telemetry.events_in(Topic.ORDERS, "admitted", 1)
    telemetry.repeats("journey", 2)
    telemetry.batch("journey", 20, 3)
    telemetry.round_seconds("journey", 0.01, 0.02)
    telemetry.event_to_commit("journey", [record(900), record(40)], NOW)
    telemetry.timer_lateness("journey", 0.12, 3)
    telemetry.state_bytes("journey", 300_000, 1)
    telemetry.recovery("journey", 2, 500, 20)
    telemetry.consumer_lag(Topic.ORDERS, 1, 7)
    telemetry.standing(Topic.JOURNEY_LOG, 1, 17)
    telemetry.intake_stopped(Topic.ORDERS)
    telemetry.clock_lag(0.4)
    telemetry.clock_off(90.0)
    telemetry.open_deadlines("journey", 2, 12)
    telemetry.table_size("journey", 2, 30, 9_000)
    telemetry.copies("journey", 40)
    telemetry.ready(True)
    telemetry.alive()
    telemetry.states("journey", 2, {b"ann": b"problem late_delivery"})
    world.commit(
        (Topic.SUPPRESSIONS, ledger(NOW - 700, NOW - 700)),
        (Topic.REMEDIES, remedy("12.10", "7.90")),
        (Topic.DEAD_LETTERS, refused(DeadLetterReason.UNRESOLVED)),
    )
    telemetry.outputs_committed("journey", [OutRecord(Topic.REMEDIES, b"ann", b"999")])


def families(world: World) -> Iterable[Family]:
    return [family for family in world.telemetry.registry.collect() if family.name.startswith("makegood_")]


@pytest.mark.expects_error_log("record_unreadable")
def test_every_listed_metric_moves_and_no_other_is_there() -> None:
    world = World()
    tell_everything(world)
    moved = {family.name for family in families(world) if any(sample.value for sample in family.samples)}
    assert moved == {metric.name.removesuffix("_total") for metric in METRICS}


def _all() -> list[Metric]:
    return [metric for process in PROCESSES for metric in process.metrics]


def test_no_name_is_given_twice() -> None:
    names = [metric.name for metric in _all()]
    assert len(names) == len(set(names))


def test_counters_that_alerts_wait_for_are_there_before_their_first_rise() -> None:
    # a scrape that meets 6,500 dead letters where there was no series sees no increase
    world = World()
    for reason in (DeadLetterReason.UNDECODABLE, DeadLetterReason.UNKNOWN_SCHEMA, DeadLetterReason.UNKNOWN_EVENT):
        labels = {"stage": "intake", "topic": "case-events", "reason": str(reason)}
        assert world.value("makegood_dead_letters_total", **labels) == 0
    for stage in ("directory", "journey"):
        labels = {"stage": stage, "topic": "tracking-scans", "reason": "unresolved"}
        assert world.value("makegood_dead_letters_total", **labels) == 0
    for topic in (Topic.SUPPRESSIONS, Topic.REMEDIES, Topic.DEAD_LETTERS, Topic.DECISIONS, Topic.JOURNEY_CHANGELOG):
        assert world.value("makegood_unreadable_records_total", topic=str(topic)) == 0


def test_what_intake_refuses_is_counted_by_topic_and_reason() -> None:
    world = World()
    world.outputs.append(refused(DeadLetterReason.INVALID_FIELD))
    world.telemetry.refused("intake", [OutRecord(Topic.DEAD_LETTERS, b"d", b"0")])
    labels = {"stage": "intake", "topic": "orders", "reason": "invalid_field"}
    assert world.value("makegood_dead_letters_total", **labels) == 1


def test_counters_are_named_as_prometheus_wants_them_and_nothing_else_is() -> None:
    assert all(metric.name.endswith("_total") == (metric.kind is Kind.COUNTER) for metric in _all())
    assert all(bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM) for metric in _all())


def test_the_document_of_the_metrics_is_the_one_that_the_list_gives() -> None:
    said = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert said == page(), "run `python -m app.shell.metrics_page > docs/metrics.md`"


def test_no_metric_has_a_label_for_ids() -> None:
    labels = {label for metric in _all() for label in metric.labels}
    worker = "topic outcome stage partition reason what by occasion gesture cost_centre currency"
    assert labels == {*worker.split(), *"route status answer why source sink".split()}  # noqa: SIM905


def test_events_are_counted_by_topic_and_outcome() -> None:
    world = World()
    world.telemetry.events_in(Topic.ORDERS, "admitted", 2)
    world.telemetry.events_in(Topic.ORDERS, "dead_letter", 1)
    assert world.value("makegood_events_total", topic="orders", outcome="admitted") == 2
    assert world.value("makegood_events_total", topic="orders", outcome="dead_letter") == 1


def test_a_new_hold_is_timed_from_its_cause_and_a_ledger_that_only_repeats_an_old_one_is_not() -> None:
    world = World()
    world.commit(
        (Topic.SUPPRESSIONS, ledger(NOW - 700, NOW - 700)), (Topic.SUPPRESSIONS, ledger(NOW - 10, NOW - 9_000))
    )
    assert world.value("makegood_event_to_hold_seconds_count") == 1
    assert world.value("makegood_event_to_hold_seconds_sum") == pytest.approx(0.7)


@pytest.mark.expects_error_log("record_unreadable")
def test_under_the_data_clock_no_latency_is_observed() -> None:
    world = World(data_clock=True)
    tell_everything(world)
    assert world.value("makegood_event_to_hold_seconds_count") == 0
    assert world.value("makegood_event_to_commit_seconds_count", stage="journey") is None
    assert world.value("makegood_timer_lateness_seconds_count", stage="journey") is None


def test_the_cost_of_remedies_adds_up_by_gesture_and_cost_centre() -> None:
    world = World()
    world.commit((Topic.REMEDIES, remedy("12.10", "7.90")), (Topic.REMEDIES, remedy()))
    cost = world.value("makegood_remedy_cost_total", gesture="store_credit", cost_centre="marketing", currency="USD")
    assert cost == pytest.approx(20.0)
    assert world.value("makegood_remedies_total", occasion="recovery") == 2


@pytest.mark.expects_error_log("record_unreadable")
def test_an_output_that_cannot_be_read_back_is_counted_and_stops_nothing() -> None:
    world = World()
    world.telemetry.outputs_committed("journey", [OutRecord(Topic.REMEDIES, b"ann", b"not a number")])
    assert world.value("makegood_unreadable_records_total", topic="remedies") == 1


def test_the_age_of_a_whole_slice_is_counted_bucket_by_bucket() -> None:
    world = World()
    ages = [400_000, 1_001, 1_000, 999, 51, 50, 0, -30]
    world.telemetry.event_to_commit("journey", [record(age) for age in ages], NOW)
    name = "makegood_event_to_commit_seconds"
    assert world.value(f"{name}_bucket", stage="journey", le="0.05") == 3
    assert world.value(f"{name}_bucket", stage="journey", le="0.1") == 4
    assert world.value(f"{name}_bucket", stage="journey", le="1.0") == 6
    assert world.value(f"{name}_bucket", stage="journey", le="1.5") == 7
    assert world.value(f"{name}_bucket", stage="journey", le="+Inf") == len(ages)
    assert world.value(f"{name}_count", stage="journey") == len(ages)
    assert world.value(f"{name}_sum", stage="journey") == pytest.approx(sum(max(0, age) for age in ages) / 1000)


def test_what_is_open_is_counted_over_the_partitions_of_the_journey_stage() -> None:
    world = World()
    world.telemetry.states("journey", 0, {b"ann": b"problem late,hold late", b"bob": b"problem late"})
    world.telemetry.states("journey", 1, {b"cid": b"problem late"})
    world.telemetry.states("directory", 1, {b"1Z": b"problem late"})
    assert world.value("makegood_open_now", what="problem", by="late") == 3
    world.telemetry.states("journey", 0, {})
    assert world.value("makegood_open_now", what="problem", by="late") == 1
    assert world.value("makegood_open_now", what="hold", by="late") is None


@pytest.mark.expects_error_log("record_unreadable")
def test_a_state_that_cannot_be_read_is_counted_and_stops_nothing() -> None:
    world = World()
    world.telemetry.states("journey", 0, {b"ann": b"nonsense"})
    assert world.value("makegood_unreadable_records_total", topic="journey-changelog") == 1


def test_the_largest_state_is_kept() -> None:
    world = World()
    for largest in (100, 900, 300):
        world.telemetry.state_bytes("journey", largest, 0)
    assert world.value("makegood_state_largest_bytes", stage="journey") == 900


@pytest.mark.expects_error_log("record_unreadable")
def test_nothing_personal_is_served() -> None:
    world = World()
    tell_everything(world)
    assert b"ann" not in generate_latest(world.telemetry.registry).replace(b"handled", b"")
