"""All boards at once, worked out in small pieces so that the gate never waits for them."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from aiohttp import web

from app.clock import Instant
from app.ids import CustomerId
from app.web.boards import journeys, troubles
from app.web.boards.journeys import KindBoard
from app.web.boards.outcomes import Cost, Day, Drawn, Outcomes
from app.web.boards.tally import Tally
from app.web.boards.troubles import PingPong, Worst
from app.web.pieces import in_pieces
from app.web.site import Site

_REBUILD_MS: Final = 2_000


class Board(NamedTuple):
    """Every number there is. `tally` has the counts, `lists` the customers behind each."""

    at: Instant
    version: int
    tally: Tally
    lists: Mapping[str, tuple[CustomerId, ...]]
    kinds: tuple[KindBoard, ...]
    worst: Worst
    ping_pongs: tuple[PingPong, ...]
    days: tuple[Day, ...]
    costs: tuple[Cost, ...]
    drawn: tuple[Drawn, ...]
    lost_worth: Mapping[str, str]
    refusals: tuple[tuple[str, int], ...]
    timer_ms: tuple[int, int] | None
    """Median and 99th percentile of how late deadlines were said, live only."""


async def build(site: Site) -> Board:
    """Work out all boards from the read model."""
    now, books = site.now(), site.model.books
    version = books.version
    tally, worst = Tally(), Worst()
    outcomes = Outcomes(now, site.policy.budgets.values())
    circles: list[PingPong] = []
    async for name, customer in in_pieces(list(books.customers.items())):
        journeys.count(tally, site.policy, name, customer, now)
        troubles.count(tally, worst, name, customer, now)
        circles += troubles.ping_pongs(name, customer)
        outcomes.count(tally, name, customer)
    async for name, ledgers in in_pieces(site.model.ledgers.all()):
        if name not in site.model.former:
            troubles.count_holds(tally, name, ledgers, now)
    return Board(
        at=now,
        version=version,
        tally=tally,
        lists=tally.lists(),
        kinds=tuple(journeys.boards(tally, site.policy)),
        worst=worst,
        ping_pongs=tuple(sorted(circles, key=lambda one: one.since)),
        days=outcomes.days(),
        drawn=outcomes.drawn(),
        costs=outcomes.costs(site.settings.budgets),
        lost_worth={currency: f"{amount:f}" for currency, amount in outcomes.lost_worth().items()},
        refusals=tuple(Counter(letter.reason.value for letter in books.letters).most_common()),
        timer_ms=_percentiles(list(books.timer_delays_ms)),
    )


def _percentiles(delays: list[int]) -> tuple[int, int] | None:
    if not delays:
        return None
    ordered = sorted(delays)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


class Kept:
    """The newest board, worked out again when it is asked for and two seconds have passed."""

    def __init__(self) -> None:
        self._board: Board | None = None
        self._building = asyncio.Lock()

    async def board(self, site: Site) -> Board:
        """Return a board no older than two seconds."""
        async with self._building:
            if self._board is None or self._old(site, self._board):
                self._board = await build(site)
            return self._board

    def _old(self, site: Site, board: Board) -> bool:
        return site.now() - board.at >= _REBUILD_MS


BOARD: web.AppKey[Kept] = web.AppKey("board", Kept)
