"""The time index finds what is due, whatever has happened to the states since."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.clock import Instant
from app.shell.time_index import SLOT_MS, TimeIndex

KEYS = st.sampled_from([b"a", b"b", b"c", b"d", b"e"])
INSTANTS = st.integers(0, 12 * SLOT_MS).map(Instant)


class States(dict[bytes, Instant]):
    """Keys and the deadline of each."""

    def index(self) -> TimeIndex:
        return TimeIndex(self.get)


class IndexAgainstStates(RuleBasedStateMachine):
    """Deadlines are set, moved and lifted; the index is told of each new one only, as the shell does."""

    def __init__(self) -> None:
        super().__init__()
        self.states = States()
        self.index = self.states.index()
        self.looked = Instant(0)

    @rule(key=KEYS, due=INSTANTS)
    def set_a_deadline(self, key: bytes, due: Instant) -> None:
        if self.states.get(key) != due:
            self.index.add(key, due)
        self.states[key] = due

    @rule(key=KEYS)
    def lift_a_deadline(self, key: bytes) -> None:
        self.states.pop(key, None)

    @rule(until=INSTANTS, limit=st.none() | st.integers(1, 4))
    def look(self, until: Instant, limit: int | None) -> None:
        expected = {key: due for key, due in self.states.items() if due <= until}
        found = self.index.peek(until, limit)
        self.looked = until
        assert len(found.keys) == len(set(found.keys)) == min(len(expected), limit or len(expected))
        assert set(found.keys) <= expected.keys()
        assert found.earliest == min((expected[key] for key in found.keys), default=None)

    @rule(until=INSTANTS)
    def without_a_limit_slots_come_in_their_order(self, until: Instant) -> None:
        slots = [self.states[key] // SLOT_MS for key in self.index.peek(until).keys]
        assert slots == sorted(slots)

    @rule(until=INSTANTS, limit=st.integers(1, 3))
    def fire_all(self, until: Instant, limit: int) -> None:
        while keys := self.index.peek(until, limit).keys:
            for key in keys:
                del self.states[key]
        assert all(due > until for due in self.states.values())

    @invariant()
    def the_next_slot_is_never_announced_too_late(self) -> None:
        passes_at = self.index.slot_passes_at(self.looked)
        for due in self.states.values():
            if due // SLOT_MS >= (self.looked + 1) // SLOT_MS:
                assert passes_at is not None
                assert passes_at < due + SLOT_MS


TestIndexAgainstStates = IndexAgainstStates.TestCase


def test_a_key_is_found_again_until_its_state_has_changed() -> None:
    states = States({b"a": Instant(50)})
    index = states.index()
    index.add(b"a", Instant(50))
    assert index.peek(Instant(60)).keys == [b"a"]
    assert index.peek(Instant(60)).keys == [b"a"]
    states[b"a"] = Instant(500)
    index.add(b"a", Instant(500))
    assert index.peek(Instant(60)).keys == []
    assert index.peek(Instant(500)).keys == [b"a"]


def test_what_is_due_later_in_the_same_slot_stays() -> None:
    states = States({b"a": Instant(110), b"b": Instant(190)})
    index = states.index()
    for key, due in states.items():
        index.add(key, due)
    assert index.peek(Instant(150)).keys == [b"a"]
    del states[b"a"]
    assert index.peek(Instant(150)).keys == []
    assert index.peek(Instant(190)).keys == [b"b"]


def test_a_slot_has_passed_when_its_last_millisecond_has() -> None:
    index = States({b"a": Instant(110)}).index()
    assert index.slot_passes_at(Instant(0)) is None
    index.add(b"a", Instant(110))
    assert index.slot_passes_at(Instant(0)) == 199
    assert index.slot_passes_at(Instant(198)) == 199


def test_an_entry_for_a_state_that_is_gone_is_dropped_when_met() -> None:
    index = States().index()
    index.add(b"gone", Instant(10))
    assert len(index) == 1
    assert index.peek(Instant(10)).keys == []
    assert len(index) == 0
    assert index.slot_passes_at(Instant(0)) is None


def test_the_next_slot_is_announced_while_earlier_ones_still_wait_for_their_turn() -> None:
    states = States({b"a": Instant(10), b"b": Instant(110), b"c": Instant(450)})
    index = states.index()
    for key, due in states.items():
        index.add(key, due)
    assert index.peek(Instant(199), 1).keys == [b"a"]
    assert index.slot_passes_at(Instant(199)) == 499
    assert index.slot_passes_at(Instant(0)) == 99, "a new look begins anew"


def test_what_runs_out_after_a_crowd_does_not_wait_for_all_of_it() -> None:
    states = States({b"crowd-%d" % number: Instant(50) for number in range(100)})
    states[b"later"] = Instant(250)
    index = states.index()
    for key, due in states.items():
        index.add(key, due)
    found = index.peek(Instant(300), 10)
    assert found.keys[0] == b"later"
    assert len(found.keys) == 10
    assert found.earliest == 50
    for key in found.keys:
        del states[key]
    assert len(index.peek(Instant(300)).keys) == 91
