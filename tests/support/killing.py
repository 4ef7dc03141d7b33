"""Workers of a replay killed with -9, by how far the replay has come and never by a clock from its start."""

import asyncio
from collections.abc import Iterator, Mapping

from app.replay import on_kafka
from app.replay.session import Played


def killing_one_worker_after_the_other(
    place: on_kafka.Place, stretches: Iterator[Played], kills: Mapping[int, float]
) -> Iterator[Played]:
    """Yield the stretches and kill one of two workers in the middle of some of them, the first one first.

    `kills`: by number of a stretch, how many seconds after it is handed out a worker dies. A machine may be done with
    that stretch by then; the worker dies all the same, and the next stretch finds it dead.
    """
    victims = {number: order % 2 for order, number in enumerate(sorted(kills))}
    for number, stretch in enumerate(stretches):
        if number in kills:
            asyncio.get_running_loop().call_later(kills[number], place.workers.kill, victims[number])
        yield stretch
