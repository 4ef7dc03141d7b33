"""The gate's answer is the suppression ledger's, whatever was said in whatever order of customers."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.clock import DAY, Instant
from app.decide.policy import HoldAudioRules
from app.ids import CustomerId, OutputId
from app.outputs import ALL, HoldEntry, RampStep, Scope, Suppression
from app.web.freshness import Freshness
from app.web.gate import CLASSES, KNOWN_CHANNELS, NEVER_HELD, WhenStale, audio_for, may_send
from app.web.ledgers import Ledgers

NOW: Final = Instant(1_790_000_000_000)
FRESH: Final = Freshness(NOW, NOW, 10_000)
STALE: Final = Freshness(Instant(NOW - 10_001), NOW, 10_000)
MARKETING: Final = sorted(set(CLASSES) - NEVER_HELD)

CLASSES_OF_SCOPE = st.lists(st.sampled_from([*MARKETING, ALL]), min_size=1, max_size=3, unique=True).map(tuple)
CHANNELS_OF_SCOPE = st.lists(st.sampled_from([*KNOWN_CHANNELS, ALL]), min_size=1, max_size=3, unique=True).map(tuple)
SCOPES = st.builds(Scope, CLASSES_OF_SCOPE, CHANNELS_OF_SCOPE)


def hold(scope: Scope, reason: str = "late_delivery") -> HoldEntry:
    return HoldEntry(scope, reason, "problem-1", Instant(NOW - DAY), "resolved")


def ledger(*holds: HoldEntry, ramp: tuple[RampStep, ...] = (), customer: str = "C-1") -> Suppression:
    return Suppression(OutputId("x"), NOW, CustomerId(customer), bool(holds), holds, ramp)


@given(st.lists(SCOPES, max_size=4), st.sampled_from(MARKETING), st.sampled_from(KNOWN_CHANNELS))
def test_a_message_may_go_exactly_when_no_hold_of_the_ledger_covers_its_class_and_channel(
    scopes: list[Scope], message_class: str, channel: str
) -> None:
    answer = may_send([ledger(*map(hold, scopes))], message_class, channel, FRESH)
    covering = [
        scope for scope in scopes if {message_class, ALL} & set(scope.classes) and {channel, ALL} & set(scope.channels)
    ]
    assert answer.allowed is not bool(covering)
    assert [one.scope for one in answer.holds] == covering


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), SCOPES)), max_size=30))
def test_the_newest_record_of_each_customer_stands_and_a_tombstone_frees(
    said: list[tuple[str, Scope | None]],
) -> None:
    ledgers = Ledgers()
    for name, scope in said:
        if scope is None:
            ledgers.remove(0, CustomerId(name))
        else:
            ledgers.put(0, CustomerId(name), ledger(hold(scope), customer=name))
    newest = dict(said)
    for name in "abcd":
        scope = newest.get(name)
        held = scope is not None and bool({"promotion", ALL} & set(scope.classes))
        assert may_send(ledgers.of(CustomerId(name)), "promotion", ALL, FRESH).allowed is not held


@given(SCOPES, st.sampled_from(sorted(NEVER_HELD)), st.sampled_from(KNOWN_CHANNELS))
def test_transactional_and_recovery_messages_are_never_held(scope: Scope, message_class: str, channel: str) -> None:
    assert may_send([ledger(hold(scope))], message_class, channel, FRESH).allowed
    assert may_send([ledger(hold(scope))], message_class, channel, STALE).allowed


def test_a_hold_of_one_channel_leaves_the_others_free() -> None:
    mine = [ledger(hold(Scope(("promotion",), ("email",))))]
    assert not may_send(mine, "promotion", "email", FRESH).allowed
    assert may_send(mine, "promotion", "sms", FRESH).allowed
    assert not may_send(mine, "promotion", ALL, FRESH).allowed


def test_an_unknown_customer_is_free() -> None:
    assert may_send([], "promotion", "email", FRESH) == (True, "free", (), None)


@pytest.mark.parametrize(("from_", "allowed"), [(NOW + 1, False), (NOW, True), (NOW - 1, True)])
def test_the_ramp_after_a_release_is_kept(from_: int, allowed: bool) -> None:
    answer = may_send([ledger(ramp=(RampStep(("promotion",), Instant(from_), 2),))], "promotion", "email", FRESH)
    assert answer.allowed is allowed
    assert answer.why == "ramp"
    assert answer.ramp is not None
    assert answer.ramp.per_week == 2


def test_a_class_that_the_ramp_does_not_name_is_free() -> None:
    step = RampStep(("promotion",), Instant(NOW + DAY), 2)
    assert may_send([ledger(ramp=(step,))], "survey", "email", FRESH).why == "free"


def test_a_stale_gate_refuses_marketing_and_lets_recovery_through() -> None:
    assert may_send([], "promotion", "email", STALE) == (False, "stale", (), None)
    assert may_send([], "recovery", "email", STALE).allowed
    open_gate = WhenStale(allow_marketing=True, allow_recovery=False)
    assert may_send([], "promotion", "email", STALE, open_gate).allowed
    assert not may_send([], "recovery", "email", STALE, open_gate).allowed
    assert may_send([], "transactional", "email", STALE, open_gate).allowed


def test_a_stale_gate_that_may_let_marketing_through_still_keeps_whom_it_knows_to_be_held() -> None:
    open_gate = WhenStale(allow_marketing=True)
    held = hold(Scope(("promotion",), (ALL,)))
    for when_stale in (open_gate, WhenStale()):
        assert may_send([ledger(held)], "promotion", "email", STALE, when_stale) == (False, "hold", (held,), None)
        assert may_send([None], "promotion", "email", STALE, when_stale).why == "unreadable"
    assert may_send([ledger(held)], "survey", "email", STALE, open_gate) == (True, "stale", (), None)


def test_a_gate_that_never_caught_up_is_stale() -> None:
    assert may_send([], "promotion", "email", Freshness(None, NOW, 10_000)).why == "stale"


def test_a_gate_is_stale_only_past_its_limit() -> None:
    assert not Freshness(Instant(NOW - 10_000), NOW, 10_000).stale
    assert STALE.stale


def test_a_ledger_that_could_not_be_read_holds_everything() -> None:
    answer = may_send([None], "replenishment", "post", FRESH)
    assert (answer.allowed, answer.why) == (False, "unreadable")


def test_a_held_caller_hears_what_their_ledger_says_and_no_selling() -> None:
    rules = HoldAudioRules(("sales", "upsell"), ("music", "apology"), 3)
    plain = (rules.plain, rules.sales)
    held = ledger(hold(Scope((ALL,))))
    assert audio_for(rules, [], FRESH) == ((*rules.plain, *rules.sales), ())
    assert audio_for(rules, [replace(held, hold_audio=rules.plain)], FRESH) == plain
    assert audio_for(rules, [replace(held, hold_audio=("apology",))], FRESH) == (
        ("apology",),
        ("music", "sales", "upsell"),
    )
    assert audio_for(rules, [replace(held, hold_audio=("waves", "music"))], FRESH).may_play == ("music", "waves")
    assert audio_for(rules, [ledger(), replace(held, hold_audio=("music",))], FRESH).may_play == ("music",)


def test_a_caller_coming_back_or_unknown_to_a_stale_gate_hears_no_selling() -> None:
    rules = HoldAudioRules(("sales", "upsell"), ("music", "apology"), 3)
    plain = (rules.plain, rules.sales)
    assert audio_for(rules, [ledger(ramp=(RampStep(("upsell",), Instant(NOW - 1), 2),))], FRESH) == plain
    assert audio_for(rules, [], STALE) == plain
    assert audio_for(rules, [None], FRESH) == plain
    assert audio_for(rules, [], STALE, WhenStale(allow_marketing=True)).must_not_play == ()
