"""Under the data clock a customer whom the register owes an answer stands still; live, they go on."""

from decimal import Decimal
from typing import Any

import pytest

from app.clock import DAY, HOUR, Instant
from app.decide.folder import version_of
from app.emit.records import Emit, decode_output
from app.facts import (
    AssetAsked,
    AssetTold,
    AudioAsset,
    CaseOpened,
    Fact,
    HoldAudioPlayed,
    JourneyBegan,
    Line,
    Money,
    Source,
    Subject,
    What,
    decode_fact,
    encode_fact,
)
from app.ids import CaseId, CustomerId, FactId, JourneyId, LineId
from app.journey.activation import activation
from app.journey.stage import Journeys
from app.journey.state import CustomerState
from app.journey.stored import decode_state
from app.outputs import Decision
from app.replay.memory import MemoryStage
from app.stage import OutRecord
from app.topics import Topic
from app.wire.codec import bundled_codec
from tests.support.policies import default_files

START = 1_780_000_000_000
ANN = CustomerId("ann")
CASE = CaseId("case:K-1")
ORDER = JourneyId("order:1")


class Played:
    """One customer's journeys in memory: what was asked of the register, and what was decided when."""

    def __init__(self, *, data_clock: bool) -> None:
        self.stage = MemoryStage(Journeys(Emit(bundled_codec()), data_clock=data_clock), 1)
        self.stage.append([activation(version_of(default_files()), default_files(), Instant(0), 0)])
        self.asked: list[Fact] = []
        self.decided: list[Decision] = []

    def take(self, what: What, at: int, **subject: Any) -> None:
        known = Instant(START + at)
        fact = Fact(FactId(f"{at}"), what, Subject(ANN, **subject), known, known, Source("test", 0, at))
        self.stage.append([OutRecord(Topic.JOURNEY_LOG, ANN.encode(), encode_fact(fact))])

    def tick(self, until: int) -> None:
        for record in self.stage.tick(Instant(START + until)):
            assert record.value is not None
            if record.topic is Topic.REGISTER_LOG:
                fact = decode_fact(record.value)
                self.asked.extend([fact] if isinstance(fact.what, AssetAsked) else [])
            elif isinstance(output := decode_output(record.topic, record.value), Decision):
                self.decided.append(output)

    def answer(self, products: tuple[str, ...] = ()) -> None:
        asked = self.asked[-1]
        assert isinstance(asked.what, AssetAsked)
        what = AssetTold(asked.what.question, asked.what.asset, AudioAsset("U-1", "sales", products))
        fact = Fact(FactId("answer"), what, Subject(ANN), asked.known_at, asked.known_at, asked.source, rank=1)
        self.stage.append([OutRecord(Topic.JOURNEY_LOG, ANN.encode(), encode_fact(fact))])

    @property
    def state(self) -> CustomerState:
        return decode_state(self.stage.states()[ANN.encode()])


def on_hold(played: Played) -> None:
    """The customer owns P-9, calls, and hears an audio; a day later they call again."""
    line = Line(LineId("L1"), "P-9", "phone", 1, Decimal("10.00"))
    played.take(JourneyBegan("order", "house", Money(Decimal("10.00"), "USD"), (line,)), 0, journey=ORDER)
    played.take(CaseOpened("phone", "phone"), HOUR, case=CASE)
    played.take(HoldAudioPlayed("played", "U-1"), 2 * HOUR, case=CASE)
    played.take(CaseOpened("again", "phone"), DAY, case=CaseId("case:K-2"))
    played.tick(2 * DAY)


def test_under_the_data_clock_later_facts_and_deadlines_wait_for_the_answer() -> None:
    played = Played(data_clock=True)
    on_hold(played)
    assert [fact.known_at for fact in played.asked] == [START + 2 * HOUR]
    assert max(decision.at for decision in played.decided) <= START + 2 * HOUR
    assert CaseId("case:K-2") not in played.state.cases
    assert len(played.state.queued) == 1


def test_the_answer_lets_everything_happen_at_its_own_time() -> None:
    played = Played(data_clock=True)
    on_hold(played)
    played.answer()
    played.tick(2 * DAY)
    assert played.state.questions == ()
    assert played.state.queued == ()
    assert played.state.cases[CaseId("case:K-2")].opened_at == START + DAY
    times = [decision.at for decision in played.decided]
    assert times == sorted(times)


def test_live_a_customer_goes_on_while_a_question_is_open() -> None:
    played = Played(data_clock=False)
    on_hold(played)
    assert CaseId("case:K-2") in played.state.cases
    assert played.state.queued == ()
    played.answer()
    played.tick(2 * DAY)
    assert played.state.questions == ()


@pytest.mark.parametrize("data_clock", [True, False])
def test_what_the_caller_owns_already_is_a_problem_whenever_the_answer_comes(data_clock: bool) -> None:
    played = Played(data_clock=data_clock)
    on_hold(played)
    played.answer(("P-9",))
    played.tick(2 * DAY)
    assert "hold_audio_irrelevant" in {problem.type for problem in played.state.problems.values()}


def test_an_audio_is_asked_for_once_in_a_call() -> None:
    played = Played(data_clock=False)
    on_hold(played)
    played.take(HoldAudioPlayed("played", "U-1"), DAY + HOUR, case=CASE)
    played.tick(2 * DAY)
    assert len(played.asked) == 1
