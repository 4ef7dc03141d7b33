"""Whoever has a severe open problem is left out of what is planned, and again when it is sent."""

from app.clock import DAY, HOUR, Instant, to_iso
from app.facts import SHARDS, CampaignPlanned, ExposureChanged, campaign_key, severe_key, shard_of
from app.ids import CustomerId
from tests.support.registers import RegisterPlay

START = 1_780_000_000_000
SEND = START + 3 * DAY


def plan(send_at: int = SEND, **more: str) -> CampaignPlanned:
    return CampaignPlanned("K-1", "promotion", ("email",), Instant(send_at), ("P-1",), **more)


def expose(play: RegisterPlay, customer: str, at: int, *reasons: str, brand: str = "house") -> None:
    key = severe_key(brand, shard_of(CustomerId(customer)))
    play.take(key, ExposureChanged(brand, 3 if reasons else 0, reasons), at, customer)


def planned(play: RegisterPlay, at: int = START, what: CampaignPlanned | None = None) -> None:
    play.take(campaign_key("K-1"), what or plan(brand="house"), at)
    play.tick(at)


def test_the_planner_gets_the_customers_with_severe_problems_and_the_counts_by_reason() -> None:
    play = RegisterPlay()
    expose(play, "C-1", START - 2, "lost")
    expose(play, "C-2", START - 1, "lost", "stalled")
    planned(play)
    named = ", ".join(notice.fields["customers"] for notice in play.notices("campaign_exclusions_part"))
    assert sorted(named.split(", ")) == ["C-1", "C-2"]
    (summary,) = play.notices("campaign_exclusions")
    assert summary.recipient == "campaign_planner"
    assert summary.customer == "campaign:K-1"
    assert summary.fields["customers"] == "2"
    assert summary.fields["reasons"] == "lost: 2, stalled: 1"
    assert summary.fields["send_at"] == to_iso(Instant(SEND))


def test_the_parts_of_a_list_are_numbered_and_the_summary_says_how_many_there_are() -> None:
    play = RegisterPlay()
    crowd = [name for name in (f"C-{number}" for number in range(20_000)) if shard_of(CustomerId(name)) == 5][:501]
    for name in crowd:
        expose(play, name, START - 1, "lost")
    planned(play)
    parts = [notice.fields["part"] for notice in play.notices("campaign_exclusions_part")]
    assert parts == ["severe:house:5.1", "severe:house:5.2"]
    (summary,) = play.notices("campaign_exclusions")
    assert (summary.fields["parts"], summary.fields["customers"]) == ("2", "501")


def test_a_campaign_of_no_brand_asks_the_customers_of_every_brand() -> None:
    play = RegisterPlay()
    expose(play, "C-1", START - 1, "lost", brand="audio")
    expose(play, "C-2", START - 1, "lost", brand="deals")
    planned(play, what=plan())
    (summary,) = play.notices("campaign_exclusions")
    assert summary.fields["customers"] == "2"


def test_customers_of_another_brand_are_not_named() -> None:
    play = RegisterPlay()
    expose(play, "C-1", START - 1, "lost", brand="audio")
    planned(play)
    assert not play.notices("campaign_exclusions_part")
    (summary,) = play.notices("campaign_exclusions")
    assert summary.fields["customers"] == "0"


def test_planned_anew_for_one_brand_it_is_checked_by_that_one_alone() -> None:
    play = RegisterPlay()
    expose(play, "C-1", START - 1, "lost", brand="audio")
    expose(play, "C-2", START - 1, "lost")
    planned(play, what=plan())
    planned(play, START + 1, plan(brand="house"))
    expose(play, "C-3", START + 2, "lost", brand="audio")
    play.tick(SEND)
    assert not play.notices("campaign_exclusions_changed")
    (summary,) = play.notices("campaign_exclusions_checked")
    assert summary.fields["customers"] == "1"


def test_a_brand_without_a_file_is_the_default_one() -> None:
    play = RegisterPlay()
    expose(play, "C-1", START - 1, "lost")
    planned(play, what=plan(brand="newcomer"))
    (summary,) = play.notices("campaign_exclusions")
    assert summary.fields["customers"] == "1"


def test_the_service_desk_is_briefed_a_day_before_it_goes_out_and_once() -> None:
    play = RegisterPlay()
    expose(play, "C-1", START - 1, "lost")
    planned(play)
    play.tick(SEND - DAY - 1)
    assert not play.briefings()
    play.tick(SEND - DAY)
    play.tick(SEND + DAY)
    (briefing,) = play.briefings()
    assert briefing.at == SEND - DAY
    assert "K-1" in briefing.summary
    assert briefing.fields["customers"] == "1"
    assert briefing.fields["products"] == "P-1"


def test_a_campaign_planned_at_short_notice_is_briefed_at_once() -> None:
    play = RegisterPlay()
    planned(play, what=plan(START + HOUR, brand="house"))
    assert [briefing.at for briefing in play.briefings()] == [START]


def test_at_send_time_the_planner_hears_who_came_and_who_went() -> None:
    play = RegisterPlay()
    expose(play, "C-1", START - 1, "lost")
    expose(play, "C-2", START - 1, "lost")
    planned(play)
    expose(play, "C-1", START + HOUR)
    expose(play, "C-3", START + HOUR, "stalled")
    play.tick(SEND)
    fields = [notice.fields for notice in play.notices("campaign_exclusions_changed")]
    assert sorted(each["added"] for each in fields if "added" in each) == ["C-3"]
    assert sorted(each["removed"] for each in fields if "removed" in each) == ["C-1"]
    (checked,) = play.notices("campaign_exclusions_checked")
    assert checked.at == SEND
    assert (checked.fields["customers"], checked.fields["added"], checked.fields["removed"]) == ("2", "1", "1")


def test_what_becomes_severe_after_the_send_is_not_in_its_check() -> None:
    play = RegisterPlay()
    planned(play)
    expose(play, "C-9", SEND, "lost")
    play.tick(SEND + DAY)
    (checked,) = play.notices("campaign_exclusions_checked")
    assert checked.fields["customers"] == "0"


def test_a_repeat_of_the_plan_says_nothing_more() -> None:
    play = RegisterPlay()
    expose(play, "C-1", START - 1, "lost")
    planned(play)
    said = len(play.said)
    planned(play, START + HOUR)
    assert len(play.said) == said


def test_a_campaign_planned_anew_is_listed_and_checked_by_its_new_time_alone() -> None:
    play = RegisterPlay()
    expose(play, "C-1", START - 1, "lost")
    planned(play)
    planned(play, START + HOUR, plan(SEND + DAY, brand="house"))
    assert len(play.notices("campaign_exclusions")) == 2
    play.tick(SEND + 2 * DAY)
    (checked,) = play.notices("campaign_exclusions_checked")
    assert checked.at == SEND + DAY
    assert [briefing.at for briefing in play.briefings()] == [SEND]


def test_nothing_is_left_of_a_campaign_long_after_its_send() -> None:
    play = RegisterPlay()
    expose(play, "C-1", START - 1, "lost")
    planned(play)
    expose(play, "C-1", START + HOUR)
    play.tick(SEND + 60 * DAY)
    assert [key for key in play.stage.states() if not key.startswith(b"\x00")] == []


def test_every_decision_names_what_it_said_and_its_ids_are_the_same_in_every_run() -> None:
    def run() -> RegisterPlay:
        play = RegisterPlay()
        expose(play, "C-1", START - 1, "lost")
        planned(play)
        play.tick(SEND)
        return play

    one, other = run(), run()
    assert {str(said) for said in one.said} == {str(said) for said in other.said}
    told = {identity for decision in one.decisions() for identity in decision.outputs}
    assert told == {said.id for said in one.said} - {decision.id for decision in one.decisions()}
    ids = [said.id for said in one.said]
    assert len(set(ids)) == len(ids)
    assert SHARDS == 16


def test_who_is_erased_between_planning_and_send_is_named_by_no_list() -> None:
    play = RegisterPlay()
    expose(play, "C-1", START - 2, "lost")
    expose(play, "C-2", START - 1, "lost")
    planned(play)
    key = severe_key("house", shard_of(CustomerId("C-1")))
    play.take(key, ExposureChanged("house", 0, (), erased=True), START + 1, "C-1")
    expose(play, "C-2", START + 2)
    play.tick(SEND)
    (changed,) = play.notices("campaign_exclusions_changed")
    assert changed.fields["removed"] == "C-2"
    (summary,) = play.notices("campaign_exclusions_checked")
    assert (summary.fields["customers"], summary.fields["removed"]) == ("0", "1")
