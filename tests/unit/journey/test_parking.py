"""A parked customer is held from everything, all that comes about them is kept in order, and nothing of it is lost."""

from types import SimpleNamespace
from typing import Any

from app.clock import Instant
from app.decide import load_folder
from app.decide.folder import version_of
from app.emit.records import Emit, decode_output
from app.facts import (
    CustomerErased,
    CustomerMerged,
    CustomerParked,
    Identities,
    OperatorDecided,
    Profile,
    ProfileStated,
    decode_fact,
    encode_fact,
)
from app.ids import CustomerId
from app.journey.activation import activation
from app.journey.ledger import QUARANTINE
from app.journey.parked import PARKED, decode_parked
from app.journey.stage import Journeys
from app.journey.state import is_reserved
from app.outputs import ALL, Decision, Suppression
from app.replay.live_log import LiveLog
from app.settings import ROOT
from app.stage import LogRecord, OutRecord, Round, tick_value
from app.topics import Topic
from app.wire.codec import bundled_codec
from tests.support.journeys import ANN, at, fact, order, promised
from tests.support.policies import changed

KEY = ANN.encode()


class Log:
    """A partition's log, worked record by record; what the stage says to it is appended."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.records: list[Any] = []
        self.stage = Journeys(Emit(bundled_codec()))
        files = files or load_folder(ROOT / "policies" / "default")
        self.append(activation(version_of(files), files, Instant(0), 0).value, None)

    def append(self, value: bytes | None, key: bytes | None = KEY) -> int:
        offset = len(self.records)
        self.records.append(
            SimpleNamespace(key=key, value=value, offset=offset, timestamp=at(0) + offset, headers=(), topic="j")
        )
        return offset

    def replayed(self) -> LiveLog:
        one = LiveLog(Journeys(Emit(bundled_codec())), 0)
        one.replay(self.records)
        return one


class Live:
    """Works a log as a worker does that was told ahead whom to park."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.table: dict[bytes, bytes] = {}
        self.said: list[OutRecord] = []
        self._next = 0

    def works(self, parking: dict[bytes, tuple[int, bytes]] | None = None) -> "Live":
        """Work everything new in one round."""
        new = [
            LogRecord(one.key, one.value, Instant(one.timestamp), Topic.JOURNEY_LOG, 0, one.offset)
            for one in self.log.records[self._next :]
        ]
        self._next = len(self.log.records)
        effects = self.log.stage.work(Round(0, new, (), Instant(0), parking or {}), self.table)
        self.said.extend(effects.outputs)
        for key, value in effects.changes.items():
            if value is None:
                self.table.pop(key, None)
            else:
                self.table[key] = value
        for output in effects.outputs:
            if output.topic is Topic.JOURNEY_LOG:
                self.log.append(output.value, output.key)
        return self

    def suppressions(self) -> list[Suppression]:
        found = [decode_output(said.topic, said.value) for said in self.said if said.topic is Topic.SUPPRESSIONS]
        return [one for one in found if isinstance(one, Suppression)]

    def decisions(self) -> list[Decision]:
        found = [decode_output(said.topic, said.value) for said in self.said if said.topic is Topic.DECISIONS]
        return [one for one in found if isinstance(one, Decision)]

    def customers(self) -> dict[bytes, bytes]:
        return {key: value for key, value in self.table.items() if not is_reserved(key)}


def decided(action: str, hours: float, *, about: str | None = None, role: str = "operations") -> bytes:
    what = OperatorDecided(action, "kim", role, "breaks us", about)
    return encode_fact(fact(what, hours, journey=None, name=f"{action}@{hours}"))


def told(what: Any, hours: float) -> bytes:
    return encode_fact(fact(what, hours))


def test_who_is_parked_is_held_from_everything_and_what_comes_about_them_changes_nothing_else() -> None:
    log = Log()
    log.append(told(order(), 0))
    log.append(decided("quarantine", 1))
    live = Live(log).works()
    before = live.customers()
    log.append(told(promised(2), 1.5))
    log.append(tick_value(at(48)), None)
    live.works()
    (ledger,) = live.suppressions()
    assert ledger.suppressed
    assert [(hold.owner, hold.scope.classes) for hold in ledger.holds] == [(QUARANTINE, (ALL,))]
    assert live.customers() == before
    assert decode_parked(live.table[PARKED + KEY]).kept == 1


def test_who_is_parked_is_named_as_the_policy_lists_and_in_no_other_way() -> None:
    log = Log(changed("policy.yaml", "[email, phone, loyalty_number, helpdesk_id, marketing_id]", "[marketing_id]"))
    known = ProfileStated(Profile(identities=Identities(email="ann@example.org", marketing_id="M-1")))
    log.append(encode_fact(fact(known, 0, journey=None)))
    live = Live(log).works()
    log.append(decided("quarantine", 1))
    (ledger,) = live.works().suppressions()
    assert ledger.identities == Identities(marketing_id="M-1")


def test_what_was_kept_is_worked_in_its_order_when_they_rejoin_and_the_hold_ends_with_it() -> None:
    never, parked = Log(), Log()
    for log in (never, parked):
        log.append(told(order(), 0))
    parked.append(decided("quarantine", 1))
    for log in (never, parked):
        log.append(told(promised(20), 1.5))
        log.append(told(promised(30), 1.7))
    parked.append(decided("release", 3, about=QUARANTINE))
    live = Live(parked).works()
    assert not any(is_reserved(key) and key != b"\x00policy" for key in live.table)
    assert not live.suppressions()[-1].suppressed
    undisturbed = Live(never).works()
    of_orders = [[one for one in lived.said if b"promise" in (one.value or b"")] for lived in (live, undisturbed)]
    assert [output.topic for output in of_orders[0]] == [output.topic for output in of_orders[1]]


def test_a_replay_of_the_log_parks_from_the_record_that_broke_us_though_it_was_asked_for_only_later() -> None:
    log = Log()
    log.append(told(order(), 0))
    breaks = log.append(told(promised(2), 0.5))
    log.append(told(promised(30), 0.7))
    asked = decided("quarantine", 1)
    log.append(asked)
    live = Live(log).works({KEY: (breaks, asked)})
    assert decode_parked(live.table[PARKED + KEY]).since == breaks
    assert decode_parked(live.table[PARKED + KEY]).kept == 2
    assert isinstance(decode_fact(log.records[-1].value).what, CustomerParked)
    log.append(told(promised(31), 2))
    log.append(decided("release", 3, about=QUARANTINE))
    live.works()
    replayed = log.replayed()
    assert replayed.table == live.table
    assert replayed.said == live.said


def test_a_record_that_cannot_be_read_is_kept_as_it_is() -> None:
    log = Log()
    log.append(told(order(), 0))
    asked = decided("quarantine", 1)
    breaks = log.append(b"\x01 rubbish")
    log.append(asked)
    live = Live(log).works({KEY: (breaks, asked)})
    assert any(value.endswith(b"\x01 rubbish") for value in live.table.values())


def test_a_state_that_cannot_be_read_is_parked_too() -> None:
    log = Log()
    log.append(decided("quarantine", 1))
    live = Live(log)
    live.table[KEY] = b"\x01" + b"\x00" * 8 + b"rubbish"
    live.works()
    assert live.suppressions()[0].suppressed
    assert live.table[KEY].endswith(b"rubbish")


def test_only_whom_the_policy_lets_may_park_and_let_rejoin() -> None:
    log = Log()
    log.append(told(order(), 0))
    log.append(decided("quarantine", 1, role="agent"))
    live = Live(log).works()
    assert PARKED + KEY not in live.table
    log.append(decided("quarantine", 2))
    log.append(decided("release", 3, about=QUARANTINE, role="cx_lead"))
    live.works()
    assert PARKED + KEY in live.table


def test_being_parked_twice_is_being_parked_once() -> None:
    log = Log()
    log.append(decided("quarantine", 1))
    log.append(decided("quarantine", 2))
    live = Live(log).works()
    assert decode_parked(live.table[PARKED + KEY]).kept == 0
    assert len(live.suppressions()) == 1


def test_the_decision_says_who_parked_them_and_why() -> None:
    log = Log()
    log.append(decided("quarantine", 1))
    live = Live(log).works()
    (record,) = [said for said in live.said if said.topic is Topic.DECISIONS]
    decision = decode_output(Topic.DECISIONS, record.value)
    assert isinstance(decision, Decision)
    assert decision.changes[0] == "quarantine by operations kim: breaks us"
    assert decision.outputs == (live.suppressions()[0].id,)


def test_their_deadlines_stand_still_while_they_are_parked() -> None:
    log = Log()
    log.append(told(order(), 0))
    log.append(told(promised(2), 0.5))
    live = Live(log).works()
    assert log.stage.next_due(live.table[KEY]) is not None
    log.append(decided("quarantine", 1))
    live.works()
    assert log.stage.next_due(live.table[KEY]) is None
    log.append(decided("release", 1.5, about=QUARANTINE))
    live.works()
    assert log.stage.next_due(live.table[KEY]) is not None


def test_whoever_is_erased_while_parked_is_gone_once_they_are_let_in() -> None:
    log = Log()
    log.append(told(order(), 0))
    log.append(decided("quarantine", 1))
    log.append(encode_fact(fact(CustomerErased(), 1.5, journey=None)))
    log.append(decided("release", 3, about=QUARANTINE))
    live = Live(log).works()
    assert [key for key in live.table if key != b"\x00policy"] == []
    assert [said.value for said in live.said if said.topic is Topic.SUPPRESSIONS][-1] is None


def merged(into: str, hours: float) -> bytes:
    return encode_fact(fact(CustomerMerged(CustomerId(into)), hours, journey=None, name=f"merged@{hours}"))


def test_whoever_has_become_another_is_parked_as_that_one_and_held_under_both_names() -> None:
    log = Log()
    log.append(told(order(), 0))
    log.append(merged("bob", 0.5))
    live = Live(log).works().works()
    log.append(decided("quarantine", 1))
    live.works().works()
    assert {key for key in live.table if key.startswith(PARKED)} == {PARKED + b"bob"}
    held = {said.customer: [hold.owner for hold in said.holds] for said in live.suppressions()}
    assert held == {"bob": [QUARANTINE], "ann": [QUARANTINE]}
    (why,) = (one for one in live.decisions() if one.changes[0].startswith("quarantine"))
    assert set(why.outputs) == {said.id for said in live.suppressions()}
    log.append(decided("release", 2, about=QUARANTINE))
    live.works().works()
    assert not any(key.startswith(PARKED) for key in live.table)
    freed = {said.customer: said.suppressed for said in live.suppressions()}
    assert freed == {"bob": False, "ann": False}
