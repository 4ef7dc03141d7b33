"""A budget is never exceeded and each request is answered once, over any interleaving, cut and repeat."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from app.facts import BudgetAnswered, BudgetRequested, BudgetReturned, Money, budget_key
from tests.support.policies import changed
from tests.support.registers import RegisterPlay

START = 1_780_000_000_000
AMOUNT = Decimal(100)
FILES = changed("policy.yaml", "amount: 10000.00", f"amount: {AMOUNT}")
KEY = budget_key("deals", "2026-05")

Request = tuple[int, int]
"""When (seconds after the start), and how much."""

REQUESTS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 60)), max_size=20)


def asked(play: RegisterPlay, number: int, request: Request, repeat: int = 0) -> None:
    at, amount = request
    what = BudgetRequested(f"R-{number}", "deals", "2026-05", Money(Decimal(amount), "USD"))
    play.take(KEY, what, START + at * 1000, f"C-{number}", repeat)


def answers(play: RegisterPlay) -> dict[str, bool]:
    told = [what for what in play.told() if isinstance(what, BudgetAnswered)]
    assert len({what.question for what in told}) == len(told), "a request was answered twice"
    return {what.question: what.granted for what in told}


def in_order(requests: list[Request]) -> dict[str, bool]:
    """Return what is granted when each request, in the order of time and then of its name, takes what it can."""
    left, granted = AMOUNT, {}
    for number in sorted(range(len(requests)), key=lambda number: (requests[number][0], f"C-{number}/")):
        amount = Decimal(requests[number][1])
        granted[f"R-{number}"] = amount <= left
        left -= amount if amount <= left else 0
    return granted


@settings(max_examples=60, deadline=None)
@given(REQUESTS, st.randoms(use_true_random=False), st.booleans())
def test_a_budget_is_never_exceeded_and_every_request_is_answered_once(
    requests: list[Request], random: object, data_clock: bool
) -> None:
    play = RegisterPlay(FILES, data_clock=data_clock)
    order = [(number, request, repeat) for number, request in enumerate(requests) for repeat in (0, 1)]
    random.shuffle(order)  # type: ignore[attr-defined]
    for number, request, repeat in order:
        asked(play, number, request, repeat)
    play.tick(START + 21_000)
    granted = answers(play)
    assert set(granted) == {f"R-{number}" for number in range(len(requests))}
    spent = sum(Decimal(amount) for number, (_, amount) in enumerate(requests) if granted[f"R-{number}"])
    assert spent <= AMOUNT
    assert len(play.notices("budget_exhausted")) == (0 if all(granted.values()) else 1)


@settings(max_examples=60, deadline=None)
@given(REQUESTS, st.sets(st.integers(0, 20)), st.randoms(use_true_random=False))
def test_what_is_granted_does_not_depend_on_arrival_or_on_where_ticks_fall(
    requests: list[Request], cuts: set[int], random: object
) -> None:
    at_once = RegisterPlay(FILES)
    for number, request in enumerate(requests):
        asked(at_once, number, request)
    at_once.tick(START + 21_000)

    jumbled = RegisterPlay(FILES)
    order = list(enumerate(requests))
    random.shuffle(order)  # type: ignore[attr-defined]
    for number, request in order:
        asked(jumbled, number, request)
    for cut in sorted(cuts):
        jumbled.tick(START + cut * 1000)
    jumbled.tick(START + 21_000)
    assert answers(jumbled) == answers(at_once) == in_order(requests)


def test_the_last_penny_is_granted_and_the_next_one_is_not() -> None:
    play = RegisterPlay(FILES)
    for number, amount in enumerate((60, 40, 1)):
        asked(play, number, (number, amount))
    play.tick(START + 21_000)
    assert answers(play) == {"R-0": True, "R-1": True, "R-2": False}
    (notice,) = play.notices("budget_exhausted")
    assert (notice.recipient, notice.customer) == ("merchant", "budget:deals:2026-05")


@settings(max_examples=60, deadline=None)
@given(REQUESTS, st.sets(st.integers(0, 20)))
def test_what_comes_back_can_be_granted_again_and_the_budget_still_holds(
    requests: list[Request], refused: set[int]
) -> None:
    play = RegisterPlay(FILES)
    left, granted = AMOUNT, {}
    for number, request in enumerate(sorted(requests)):
        asked(play, number, request)
        play.tick(START + request[0] * 1000)
        amount = Decimal(request[1])
        granted[f"R-{number}"] = amount <= left
        if amount > left:
            continue
        left -= amount
        if number in refused:
            left += amount
            back = BudgetReturned(f"R-{number}", "store_credit", "deals", "2026-05", Money(amount, "USD"))
            for repeat in (7, 7):
                play.take(KEY, back, START + request[0] * 1000, f"C-{number}", repeat)
            play.tick(START + request[0] * 1000)
    assert answers(play) == granted
