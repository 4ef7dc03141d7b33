"""What a round's outputs are counted by: a loop over every record that is written, compiled as the core is (0025)."""

from collections.abc import Sequence
from typing import Final

from app.shell.erasures import ERASED
from app.stage import OutRecord
from app.topics import Topic

READ_BACK: Final = frozenset({Topic.SUPPRESSIONS, Topic.REMEDIES, Topic.DEAD_LETTERS})
"""Topics of which every record is read back for what it says."""
_DECISIONS: Final = Topic.DECISIONS
_ERASED: Final = ERASED.encode()


def counted(outputs: Sequence[OutRecord]) -> tuple[dict[Topic, int], list[OutRecord]]:
    """Return how many records go to each topic, and those that are to be read back.

    A decision is long and there are many: only those that may be an erasure are read back.
    """
    counts: dict[Topic, int] = {}
    telling: list[OutRecord] = []
    for output in outputs:
        topic, value = output.topic, output.value
        counts[topic] = counts.get(topic, 0) + 1
        if value is None:
            continue
        if topic is _DECISIONS:
            if _ERASED in value:
                telling.append(output)
        elif topic in READ_BACK:
            telling.append(output)
    return counts, telling
