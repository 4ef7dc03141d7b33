"""One turn: what a single cause (a fact or a deadline) does to a customer, gathered while it is worked out.

The state itself is a value; a turn holds the newest one, beside what is said, the rows that fired and the changes in
words. Nothing outside a turn is changed.
"""

from typing import NamedTuple, final

from msgspec.structs import replace

from app.clock import Instant
from app.decide.book import Answer, Ruled
from app.decide.policy import Policy
from app.facts import Fact, Source, Subject
from app.ids import CustomerId, OutputId, ProblemId, output_id
from app.journey.course import Case, Consignment, Journey, Place
from app.journey.items import with_item
from app.journey.state import CustomerState
from app.journey.trouble import Problem
from app.outputs import Cause, DeadLetter, Decision, RowFired, Said
from app.topics import Topic


@final
class Forget(NamedTuple):
    """The customer's suppression record may be forgotten: it has long been a release."""

    customer: CustomerId


@final
class Told(NamedTuple):
    """A fact for the register's log, under one of its keys."""

    key: bytes
    fact: Fact


@final
class Handed(NamedTuple):
    """A record for another log: the directory's, or that of another customer's journeys."""

    topic: Topic
    key: bytes
    value: bytes


Spoken = Said | Decision | DeadLetter | Forget | Told | Handed


class Request(NamedTuple):
    """A notice that somebody should get once all of this instant's causes are worked out."""

    occasion: str
    problem: ProblemId


class Revised(NamedTuple):
    """A promise that was changed: somebody may have to be told. `woken`: it waited for the end of quiet hours."""

    place: Place
    milestone: str
    due: Instant
    woken: bool = False


class Held:
    """Where the turns of one instant keep the customer's newest state between them."""

    def __init__(self, state: CustomerState) -> None:
        self.state = state


class Turn:
    """Gathers what one cause comes to; `now` is when we know, `at` when it happened."""

    def __init__(self, policy: Policy, held: Held, now: Instant, cause: Cause, subject: Subject) -> None:
        self.policy = policy
        self._held = held
        self.now = now
        self.cause = cause
        self.journey = subject.journey
        self.case = subject.case
        self.said: list[Said | DeadLetter | Forget | Told | Handed] = []
        self.rules: list[RowFired] = []
        self.changes: list[str] = []
        self.requests: list[Request] = []
        self.woken: list[Request] = []
        self.revised: list[Revised] = []
        self.causes: dict[str, None] = {}
        self.before = held.state
        self.holds_before = held.state.holds
        self.problems_before = held.state.problems
        self.offers_before = held.state.offers
        self.identities_changed = False
        self.ledger_changed = False
        self.waits = False
        """The fact waits for its journey, and will be a cause once more when that has begun."""
        self.refused_at: Source | None = None
        """The fact was turned away; its record may come once more, from another place."""
        if held.state.last_now != now:
            held.state = replace(held.state, last_now=now)

    @property
    def state(self) -> CustomerState:
        """Return the customer's newest state."""
        return self._held.state

    @state.setter
    def state(self, state: CustomerState) -> None:
        self._held.state = state

    @property
    def at(self) -> Instant:
        """Return when the cause happened."""
        return self.cause.occurred_at

    @property
    def root(self) -> str:
        """Return what the ids of this turn are made from: two turns of one fact say different things."""
        if (refused := self.refused_at) is not None:
            return f"{self.cause.id}|refused {refused.topic}/{refused.partition}@{refused.offset}"
        return f"{self.cause.id}|waits" if self.waits else self.cause.id

    def id_for(self, kind: str, recipient: str = "", about: str = "", ordinal: int = 0) -> OutputId:
        """Return the id of an output of this cause."""
        return output_id(self.state.customer, self.root, kind, recipient, about, ordinal)

    def note(self, change: str) -> None:
        """Keep in words what changed, for the decision record."""
        self.changes.append(change)

    def ruled(self, ruling: Ruled[Answer]) -> Answer:
        """Return a rule book's answer, keeping the rows that gave it."""
        self.rules.extend(row for row in ruling.rules if row not in self.rules)
        return ruling.answer

    def request(self, occasion: str, problem: ProblemId) -> None:
        """Ask for notices about a problem at the end of this instant."""
        self.requests.append(Request(occasion, problem))

    def put_journey(self, journey: Journey) -> None:
        """Take a journey's new value."""
        self.state = replace(self.state, journeys=with_item(self.state.journeys, journey.id, journey))

    def put_consignment(self, journey: Journey, consignment: Consignment) -> Journey:
        """Take a consignment's new value; return its journey's."""
        changed = replace(journey, consignments=with_item(journey.consignments, consignment.id, consignment))
        self.put_journey(changed)
        return changed

    def put_case(self, case: Case) -> None:
        """Take a case's new value."""
        self.state = replace(self.state, cases=with_item(self.state.cases, case.id, case))

    def put_problem(self, problem: Problem) -> None:
        """Take a problem's new value."""
        self.state = replace(self.state, problems=with_item(self.state.problems, problem.id, problem))
