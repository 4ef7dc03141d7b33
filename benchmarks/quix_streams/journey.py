"""The contender: the same stages inside Quix Streams, exactly once; run by the Python of its own environment.

Every input topic and every log is a dataframe of one application. State lies in Quix Streams' own stores with their
changelogs, outputs are produced in its transactions. As with stock Faust there are no ticks: a deadline fires when its
customer's next fact comes. The stages' own packages come from the product's environment, behind Quix Streams' own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from quixstreams import Application, State, message_context
from quixstreams.models import SerializationContext, Serializer

from app.clock import Instant
from app.main import stages
from app.settings import KafkaSettings, WorkerSettings
from app.stage import IntakeStage, KeyedStage, LogRecord, OutRecord, Round
from app.topics import INPUTS, OUTPUTS, Topic
from app.wire.codec import bundled_codec
from benchmarks.core import keyed_stages

COMMIT_SECONDS: Final = 0.5
_STATE: Final = "state"
_OURS: Final = b"\x00"
_BEGINNING: Final = Instant(0)


class ValueOf(Serializer):
    """Writes an output's value, which the stages have encoded."""

    def __call__(self, value: OutRecord, ctx: SerializationContext) -> bytes | None:  # noqa: ARG002 - the signature
        """Return it."""
        return value.value


class Table(Mapping[bytes, bytes]):
    """A stage's table over the store of one partition, for the message at hand.

    What is not a customer's (the policy) is asked for with every message; it is kept beside the store, or each message
    would read it anew from disk.
    """

    def __init__(self, state: State, ours: dict[bytes, bytes]) -> None:
        # a State shows its own message's key only; the partition's transaction behind it, any
        self._transaction = state._transaction  # noqa: SLF001
        self._ours = ours

    def __getitem__(self, key: bytes) -> bytes:
        value = self._ours.get(key) if key[:1] == _OURS else None
        if value is None:
            value = self._transaction.as_state(prefix=key).get_bytes(_STATE)
        if value is None:
            raise KeyError(key)
        if key[:1] == _OURS:
            self._ours[key] = value
        return bytes(value)

    def __iter__(self) -> Iterator[bytes]:
        raise NotImplementedError("no stage walks over its table")

    def __len__(self) -> int:
        raise NotImplementedError("no stage asks how many there are")

    def apply(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Take over what a message changes."""
        for key, value in changes.items():
            own = self._transaction.as_state(prefix=key)
            if value is None:
                own.delete(_STATE)
            else:
                own.set_bytes(_STATE, value)
            if key[:1] == _OURS:
                self._ours.pop(key, None)


def _intake(stage: IntakeStage, topic: Topic) -> Any:
    def admit(value: bytes, key: bytes | None, timestamp: int, _: Any) -> Sequence[OutRecord]:
        return stage.admit(_record(topic, key, value, timestamp))

    return admit


def _keyed(stage: KeyedStage) -> Any:
    ours: dict[int, dict[bytes, bytes]] = {}

    def work(value: bytes, key: bytes | None, timestamp: int, _: Any, state: State) -> Sequence[OutRecord]:
        record = _record(stage.log, key, value, timestamp)
        table = Table(state, ours.setdefault(record.partition, {}))
        effects = stage.work(Round(record.partition, (record,), (), _BEGINNING), table)
        table.apply(effects.changes)
        return effects.outputs

    return work


def _record(topic: Topic, key: bytes | None, value: bytes, timestamp: int) -> LogRecord:
    context = message_context()
    return LogRecord(key, value, Instant(timestamp), topic, context.partition, context.offset, ())


def build(settings: WorkerSettings, kafka: KafkaSettings) -> Application:
    """Return the application: a dataframe per input topic and per stage."""
    app = Application(
        broker_address=kafka.bootstrap,
        consumer_group=settings.application_id,
        processing_guarantee="exactly-once",
        auto_offset_reset="earliest",
        commit_interval=COMMIT_SECONDS,
        state_dir=settings.state_dir / "quix",
        loglevel="WARNING",
    )
    built = stages(bundled_codec(), data_clock=False)
    keyed = keyed_stages(built)
    topics = {
        topic: app.topic(
            settings.topic_prefix + topic,
            key_deserializer="bytes",
            value_deserializer="bytes",
            key_serializer="bytes",
            value_serializer=ValueOf(),
        )
        for topic in (*INPUTS, *OUTPUTS, *(stage.log for stage in keyed))
    }

    def topic_of(out: OutRecord, *_: Any) -> Any:
        return topics[out.topic]

    def key_of(out: OutRecord) -> bytes | None:
        return out.key

    for topic in INPUTS:
        admitted = app.dataframe(topics[topic]).apply(_intake(built.intake, topic), expand=True, metadata=True)
        admitted.to_topic(topic_of, key=key_of)
    for stage in keyed:
        worked = app.dataframe(topics[stage.log]).apply(_keyed(stage), stateful=True, expand=True, metadata=True)
        worked.to_topic(topic_of, key=key_of)
    return app


def main() -> None:
    """Run until SIGTERM."""
    build(WorkerSettings(), KafkaSettings()).run()


if __name__ == "__main__":
    main()
