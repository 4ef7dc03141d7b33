"""One doing: what a single cause (a fact or a deadline) does under one key, gathered while it is worked out."""

from typing import NamedTuple

from app.clock import Instant
from app.decide.book import Answer, Ruled
from app.decide.policy import Policy
from app.facts import Fact, Money, Source, Subject, What
from app.ids import CustomerId, FactId, OutputId, output_id
from app.outputs import Briefing, Cause, Decision, Escalation, Notice, RowFired, Said
from app.topics import Topic


class PassedOn(NamedTuple):
    """A fact for a log: the register's own, or a customer's."""

    topic: Topic
    key: bytes
    fact: Fact


_NOWHERE = Source("register", 0, 0)


class Doing:
    """Gathers what one cause comes to. `about` is what it is said of, where an output names a customer.

    What spans customers has no customer: its outputs carry the register's key in that place (`campaign:K-1`), so that
    they stay in one order and can be explained by it.
    """

    def __init__(self, policy: Policy, about: str, now: Instant, cause: Cause, by: Fact | None) -> None:
        self.policy = policy
        self.about = CustomerId(about)
        self.now = now
        self.cause = cause
        self._by = by
        self.said: list[Said] = []
        self.passed: list[PassedOn] = []
        self.rules: list[RowFired] = []
        self.changes: list[str] = []

    def note(self, change: str) -> None:
        """Keep in words what changed, for the decision record."""
        self.changes.append(change)

    def ruled(self, ruling: Ruled[Answer]) -> Answer:
        """Return a rule book's answer, keeping the rows that gave it."""
        self.rules.extend(row for row in ruling.rules if row not in self.rules)
        return ruling.answer

    def by_policy(self, part: str, row: str, **inputs: str) -> None:
        """Keep that a part of the policy that is no table decided: `campaigns`, `hold_audio` or `budgets`."""
        self.ruled(Ruled(None, (RowFired(part, row, inputs),)))

    def pass_on(self, topic: Topic, key: bytes, what: What, customer: CustomerId | None = None, part: str = "") -> None:
        """Write a fact to a log: known when its cause is, and behind it in the total order.

        `part` tells it from others of this cause to the same key.
        """
        by = self._by
        fact = Fact(
            id=FactId(f"{self.cause.id}|{key.decode()}{part}"),
            what=what,
            subject=Subject(customer),
            occurred_at=self.cause.occurred_at,
            known_at=self.now,
            source=_NOWHERE if by is None else by.source,
            sequence=0 if by is None else by.sequence,
            rank=1 if by is None else by.rank + 1,
        )
        self.passed.append(PassedOn(topic, key, fact))

    def notice(self, recipient: str, template: str, fields: dict[str, str], text: str, part: str = "") -> None:
        """Tell somebody something."""
        self.said.append(
            Notice(
                id=self._id(f"notice/{template}", recipient, part),
                at=self.now,
                customer=self.about,
                recipient=recipient,
                template=template,
                problem=None,
                journey=None,
                case=None,
                fields=fields,
                text=text,
            )
        )
        self.note(f"notice {template} to {recipient}")

    def brief(self, summary: str, fields: dict[str, str]) -> None:
        """Brief the service desk."""
        self.said.append(Briefing(self._id("briefing"), self.now, self.about, summary, (), fields))
        self.note("the service desk is briefed")

    def escalate(
        self,
        owner: str,
        authority: str,
        reason: str,
        act_by: Instant | None,
        budget: Money | None = None,
        history: tuple[OutputId, ...] = (),
        *,
        freezes: bool = True,
    ) -> Escalation:
        """Name an owner; `history` are the decisions before this one that led here, the oldest first."""
        said = Escalation(
            id=self._id("escalation", owner, reason),
            at=self.now,
            customer=self.about,
            owner=owner,
            authority=authority,
            reason=reason,
            problem=None,
            journey=None,
            case=None,
            act_by=act_by,
            budget=budget,
            freeze_hand_offs=freezes,
            history=(*history, self._id("decision")),
        )
        self.said.append(said)
        self.note(f"{owner} is asked to act: {reason}")
        return said

    def decision(self) -> Decision | None:
        """Return the record of this decision, None when nothing was changed or said."""
        if not self.changes and not self.said:
            return None
        return Decision(
            id=self._id("decision"),
            at=self.now,
            customer=self.about,
            journey=None,
            case=None,
            cause=self.cause,
            policy=self.policy.version,
            rules=tuple(self.rules),
            changes=tuple(self.changes),
            outputs=tuple(said.id for said in self.said),
        )

    def _id(self, kind: str, recipient: str = "", about: str = "") -> OutputId:
        return output_id(self.about, self.cause.id, kind, recipient, about)
