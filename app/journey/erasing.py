"""A customer is forgotten: state and changelog, suppression record, everything the directory knows them by.

What was said before on topics that are not compacted goes with their retention (docs/security.md).
"""

from collections.abc import Iterator

from msgspec.structs import replace

from app.facts import AliasForgotten, CustomerErased, Fact, IncidentLeft, encode_entry
from app.journey import asking, exposure, known_by
from app.journey.merging import handed_to
from app.journey.state import CustomerState
from app.journey.turn import Forget, Handed, Turn
from app.topics import Topic


def customer_erased(turn: Turn, fact: Fact, _: CustomerErased) -> None:
    """Forget the customer, and those who were merged into them."""
    state = turn.state
    for alias in dict.fromkeys(known_by.of_customer(state)):
        # the directory binds an alias to whom it was said of, also when they have become another since
        for bound_to in (state.customer, *state.merged_from):
            entry = AliasForgotten(alias, bound_to, fact.known_at, fact.sequence)
            turn.said.append(Handed(Topic.DIRECTORY, alias.key(), encode_entry(entry)))
    for key in dict.fromkeys(_reported(state)):
        asking.tell(turn, key.encode(), IncidentLeft(back=False), f"incident/{key}/erased")
    swept = replace(fact, what=CustomerErased(swept=True))
    turn.said += [handed_to(loser, swept) for loser in state.merged_from]
    # their ledger was said under the names that they had before, too
    turn.said += [Forget(name) for name in (state.customer, *state.merged_from)]
    exposure.erase(turn)
    turn.state = CustomerState(state.customer, last_now=state.last_now, membership=state.membership)
    turn.holds_before = ()
    turn.note("erased: everything that was known of this customer")


def _reported(state: CustomerState) -> Iterator[str]:
    """Yield the causes that the register was told of with their name; what has been declared counts without names."""
    for problem in state.problems.values():
        yield from (key for key in problem.shared if key != problem.incident)


def left_behind(state: CustomerState, fact: Fact) -> CustomerState:
    """Return what stays of a merged customer when a fact is forwarded: nothing, once they are to be forgotten."""
    return CustomerState(state.customer) if isinstance(fact.what, CustomerErased) else state


def ends_here(state: CustomerState, fact: Fact) -> bool:
    """Say whether a fact need not be forwarded: whom they have become is being forgotten already."""
    return state.merged_into is not None and isinstance(fact.what, CustomerErased) and fact.what.swept
