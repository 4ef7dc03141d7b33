"""The directory under the data clock: order of arrival and number of ticks do not matter, and nothing vanishes."""

from collections import Counter
from random import Random  # noqa: TID251 - only the type of what Hypothesis gives

from hypothesis import given, settings
from hypothesis import strategies as st

from app.clock import DAY, HOUR, Instant
from app.directory.limits import MAX_WAITING
from app.facts import Alias, AliasKind, DirectoryEntry, FactWaiting, ScanStatus
from tests.support.directory_entries import T0, Driven, binding, scan, subject

ALIASES = (
    Alias(AliasKind.TRACKING, "1Z1", "ups"),
    Alias(AliasKind.TRACKING, "1Z1", "dhl"),
    Alias(AliasKind.HELPDESK, "req-7"),
)
STATUSES = (ScanStatus.IN_TRANSIT, ScanStatus.DELIVERED, ScanStatus.RETURNED, ScanStatus.UNKNOWN)
SPAN = 60 * DAY

moments = st.integers(0, SPAN // HOUR).map(lambda hour: Instant(T0 + hour * HOUR))
"""Whole hours, so that equal times are common."""


@st.composite
def histories(draw: st.DrawFn) -> list[DirectoryEntry]:
    """A history: what happened when, when it was known, and in which order it stands at its source."""
    entries: list[DirectoryEntry] = []
    for sequence in range(draw(st.integers(1, 25))):
        alias, at, known = draw(st.sampled_from(ALIASES)), draw(moments), draw(moments)
        if draw(st.booleans()):
            owner = subject(draw(st.sampled_from(("ann", "bob", "cid"))))
            entries.append(binding(at, owner, alias=alias, known_at=known, sequence=sequence))
        else:
            status = draw(st.sampled_from(STATUSES))
            name = f"scan-{draw(st.integers(0, sequence))}"
            entries.append(scan(name, at, status=status, known_at=known, sequence=sequence, alias=alias))
    return entries


def _known_at(entry: DirectoryEntry) -> Instant:
    return entry.fact.known_at if isinstance(entry, FactWaiting) else entry.known_at


def _played(entries: list[DirectoryEntry], ticks: list[Instant]) -> Driven:
    """Give the directory what was known by each tick, in the order of `entries`."""
    driven = Driven(data_clock=True)
    since = Instant(T0 - 1)
    for until in [*sorted(ticks), Instant(T0 + SPAN), Instant(T0 + 10 * SPAN)]:
        driven.work(*(entry for entry in entries if since < _known_at(entry) <= until), until=until)
        since = until
    return driven


def _outcome(driven: Driven) -> tuple[object, object]:
    return (
        sorted((fact.order, fact.id, fact.subject.customer) for fact in driven.found),
        sorted((letter.at, letter.id) for letter in driven.letters),
    )


@settings(max_examples=300, deadline=None)
@given(histories(), st.lists(moments, max_size=5), st.lists(moments, max_size=5), st.randoms(use_true_random=False))
def test_any_interleaving_and_any_ticks_give_the_same_facts_and_dead_letters(
    entries: list[DirectoryEntry], some: list[Instant], others: list[Instant], chance: Random
) -> None:
    shuffled = list(entries)
    chance.shuffle(shuffled)
    one, another = _played(entries, some), _played(shuffled, others)
    assert _outcome(one) == _outcome(another)
    assert one.table == another.table


@settings(max_examples=300, deadline=None)
@given(histories(), st.lists(moments, max_size=5))
def test_every_fact_comes_out_once_and_only_repeats_may_be_dropped(
    entries: list[DirectoryEntry], ticks: list[Instant]
) -> None:
    facts = [entry.fact for entry in entries if isinstance(entry, FactWaiting)]
    driven = _played(entries, ticks)
    came_out = Counter([fact.source.offset for fact in driven.found] + [letter.offset for letter in driven.letters])
    assert set(came_out.values()) <= {1}
    times = Counter(fact.id for fact in facts)
    assert {fact.source.offset for fact in facts if times[fact.id] == 1} <= set(came_out)
    by_offset = {fact.source.offset: fact.id for fact in facts}
    assert {by_offset[offset] for offset in came_out} == set(times)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 3 * MAX_WAITING), st.data())
def test_whatever_waits_under_one_alias_is_bounded_and_all_of_it_comes_out(count: int, data: st.DataObject) -> None:
    driven = Driven()
    for number in range(count):
        driven.work(scan(f"s{number}", Instant(T0 + number), sequence=number))
        assert max(len(value) for value in driven.table.values()) < 256 * 1024
    if data.draw(st.booleans()):
        driven.work(binding(T0, known_at=Instant(T0 + HOUR)))
    driven.work(until=Instant(T0 + SPAN))
    offsets = [letter.offset for letter in driven.letters] + [fact.source.offset for fact in driven.found]
    assert sorted(offsets) == list(range(count))
