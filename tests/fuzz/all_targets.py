"""Every target, and its share of a run."""

from tests.fuzz import decoders, doors
from tests.fuzz.shop import Shops
from tests.fuzz.target import Target


def targets() -> list[Target]:
    """Return the targets anew; those that keep something between cases begin with nothing."""
    return [
        Target("intake", "records on the input topics", 250, decoders.intake),
        Target("registered", "records in Confluent's wire format", 90, decoders.registered),
        Target("outputs", "records on the output topics", 120, decoders.outputs),
        Target("dead-letters", "dead letters shown and redriven", 40, decoders.dead_letters),
        Target("logs", "records of the logs between the stages", 120, decoders.logs),
        Target("states", "states in the changelogs", 120, decoders.states),
        Target("webhooks", "bodies of proved webhooks", 120, doors.webhooks),
        Target("proofs", "signatures and their headers", 60, doors.proofs),
        Target("questions", "questions to the gate", 40, doors.questions),
        Target("timelines", "timelines for replay", 15, doors.Timelines().case),
        Target("stages", "odd events through all stages, state kept", 15, Shops().case),
        Target("mappings", "declared webhook mappings", 6, doors.Mappings().case),
        Target("policies", "policy folders", 4, doors.policies),
    ]
