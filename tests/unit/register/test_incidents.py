"""Many customers with one cause are one incident, with one owner."""

from app.clock import DAY, HOUR, MINUTE
from app.facts import IncidentLeft, IncidentReported, IncidentTold, incident_key
from tests.support.policies import default_policy
from tests.support.registers import RegisterPlay

START = 1_780_000_000_000
KEY = incident_key("house/understocked/P-1")
REPORT = IncidentReported("understocked", "P-1", "house")
MANY = 5
WITHIN = 6 * HOUR


def report(play: RegisterPlay, customer: int, at: int, number: int = 0) -> None:
    play.take(KEY, REPORT, START + at, f"C-{customer}", number)
    play.tick(START + at)


def test_the_tests_numbers_are_the_policys() -> None:
    rules = default_policy().incidents
    assert rules is not None
    assert (rules.customers, rules.within) == (MANY, WITHIN)


def test_the_customer_who_makes_them_many_declares_the_incident_once() -> None:
    play = RegisterPlay()
    for customer in range(MANY + 20):
        report(play, customer, customer * MINUTE)
        assert len(play.escalations()) == (1 if customer >= MANY - 1 else 0)
    (owner,) = play.escalations()
    assert (owner.owner, owner.customer) == ("incident_lead", "incident:house/understocked/P-1")
    assert owner.act_by == START + (MANY - 1) * MINUTE + HOUR
    told = play.notices("mass_incident")
    assert [notice.recipient for notice in told] == ["desk", "retailer"]
    assert told[0].fields["customers"] == str(MANY)


def test_one_customer_with_many_problems_is_one_customer() -> None:
    play = RegisterPlay()
    for number in range(20):
        report(play, 1, number * MINUTE, number)
    assert not play.said


def test_reports_that_lie_further_apart_than_the_window_do_not_add_up() -> None:
    play = RegisterPlay()
    for customer in range(MANY - 1):
        report(play, customer, 0)
    report(play, 9, WITHIN)
    assert not play.said


def test_within_the_window_they_do() -> None:
    play = RegisterPlay()
    for customer in range(MANY - 1):
        report(play, customer, 0)
    report(play, 9, WITHIN - 1)
    assert len(play.escalations()) == 1


def left(play: RegisterPlay, customer: int, at: int, *, back: bool = False) -> None:
    play.take(KEY, IncidentLeft(back), START + at, f"C-{customer}", int(back))
    play.tick(START + at)


def declared(play: RegisterPlay) -> list[tuple[str, bool]]:
    """Return who was told what, in order: whether it is an incident."""
    told = [(answer.subject.customer or "", answer.what) for answer in play.answers]
    return [(name, what.declared_at is not None) for name, what in told if isinstance(what, IncidentTold)]


def test_every_report_is_answered_and_all_who_reported_hear_of_the_incident() -> None:
    play = RegisterPlay()
    for customer in range(MANY + 1):
        report(play, customer, customer * MINUTE)
    names = [f"C-{customer}" for customer in range(MANY + 1)]
    assert declared(play) == [*((name, False) for name in names[: MANY - 1]), *((name, True) for name in names)]


def test_with_the_last_customer_who_recovers_the_desks_hear_that_all_are_well() -> None:
    play = RegisterPlay()
    for customer in range(MANY + 1):
        report(play, customer, customer * MINUTE)
    for customer in range(MANY):
        left(play, customer, DAY + customer)
    assert not play.notices("mass_incident_over")
    left(play, MANY, DAY + HOUR)
    over = play.notices("mass_incident_over")
    assert [notice.recipient for notice in over] == ["desk", "retailer"]
    assert over[0].fields["customers"] == str(MANY + 1)
    assert over[0].fields["cause"] == "P-1"


def test_who_is_hurt_again_keeps_it_open() -> None:
    play = RegisterPlay()
    for customer in range(MANY):
        report(play, customer, customer * MINUTE)
    left(play, 0, HOUR)
    left(play, 0, 2 * HOUR, back=True)
    for customer in range(1, MANY):
        left(play, customer, 3 * HOUR + customer)
    assert not play.notices("mass_incident_over")
    left(play, 0, 4 * HOUR)
    assert len(play.notices("mass_incident_over")) == 2


def test_an_incident_that_is_over_says_how_many_it_was_and_is_forgotten() -> None:
    play = RegisterPlay()
    for customer in range(MANY + 2):
        report(play, customer, customer * MINUTE)
    for customer in range(MANY + 2):
        left(play, customer, DAY + customer)
    play.tick(START + 3 * DAY)
    many = MANY + 2
    assert play.decisions()[-1].changes == (
        f"the incident is over: {many} customers in all, {many} of them well again",
    )
    assert [key for key in play.stage.states() if not key.startswith(b"\x00")] == []
    for customer in range(MANY):
        report(play, customer, 4 * DAY + customer)
    assert [each.reason for each in play.escalations()].count("mass_incident") == 2


def test_an_incident_from_which_somebody_has_not_recovered_is_kept_but_not_for_ever() -> None:
    play = RegisterPlay()
    for customer in range(MANY):
        report(play, customer, customer * MINUTE)
    play.tick(START + 60 * DAY)
    report(play, 77, 60 * DAY)
    assert declared(play)[-1] == ("C-77", True)
    play.tick(START + 100 * DAY)
    assert [key for key in play.stage.states() if not key.startswith(b"\x00")] == []
