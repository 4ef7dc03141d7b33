"""The register stage in memory: facts in, what it tells the logs and what it says out."""

from collections.abc import Iterable, Sequence

from app.clock import Instant
from app.decide.folder import version_of
from app.emit.records import Emit, decode_output
from app.facts import Fact, Source, Subject, What, decode_fact, encode_fact
from app.ids import CustomerId, FactId
from app.journey.activation import activation
from app.outputs import Briefing, Decision, Escalation, Notice, Output
from app.register.stage import Register
from app.replay.memory import MemoryStage
from app.stage import OutRecord
from app.topics import Topic
from app.wire.codec import bundled_codec
from tests.support.policies import default_files

PARTITIONS = 3


class RegisterPlay:
    """Feeds facts to a register; keeps what came out."""

    def __init__(self, files: dict[str, bytes] | None = None, *, data_clock: bool = True) -> None:
        policy = default_files() if files is None else files
        self.stage = MemoryStage(Register(Emit(bundled_codec()), data_clock=data_clock), PARTITIONS)
        self.stage.append(
            activation(version_of(policy), policy, Instant(0), partition, Topic.REGISTER_LOG)
            for partition in range(PARTITIONS)
        )
        self.answers: list[Fact] = []
        self.said: list[Output] = []

    def take(self, key: bytes, what: What, at: int, customer: str | None = None, number: int = 0) -> None:
        """Append one fact."""
        self.stage.append([OutRecord(Topic.REGISTER_LOG, key, encode_fact(fact(what, at, customer, number)))])

    def tick(self, until: int) -> None:
        """Work everything up to an instant."""
        self._heard(self.stage.tick(Instant(until)))

    def _heard(self, records: Iterable[OutRecord]) -> None:
        for record in records:
            if record.topic is Topic.JOURNEY_LOG:
                assert record.value is not None
                answer = decode_fact(record.value)
                assert record.key == (answer.subject.customer or "").encode()
                self.answers.append(answer)
            else:
                output = decode_output(record.topic, record.value)
                assert output is not None
                self.said.append(output)

    def notices(self, template: str) -> list[Notice]:
        """Return the notices of a template, in order."""
        return [each for each in self.said if isinstance(each, Notice) and each.template == template]

    def briefings(self) -> list[Briefing]:
        """Return the briefings, in order."""
        return [each for each in self.said if isinstance(each, Briefing)]

    def escalations(self) -> list[Escalation]:
        """Return the escalations, in order."""
        return [each for each in self.said if isinstance(each, Escalation)]

    def decisions(self) -> list[Decision]:
        """Return the decisions, in order."""
        return [each for each in self.said if isinstance(each, Decision)]

    def told(self) -> Sequence[What]:
        """Return what journeys were told, in order."""
        return [answer.what for answer in self.answers]


def fact(what: What, at: int, customer: str | None = None, number: int = 0) -> Fact:
    """Return a fact known when it happened; `number` tells it from others of its kind and time."""
    tag = type(what).__struct_config__.tag
    return Fact(
        id=FactId(f"{tag}/{customer}/{at}/{number}"),
        what=what,
        subject=Subject(None if customer is None else CustomerId(customer)),
        occurred_at=Instant(at),
        known_at=Instant(at),
        source=Source("test", 0, number),
    )
