"""What a contender is to count: handed over in its environment, read with nothing but the standard library."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, Self, get_args

Guarantee = Literal["exactly_once", "at_least_once"]
_PREFIX: Final = "COUNT_"


class Task(NamedTuple):
    """Count the events of each key of `input` as consumer group `group`, state in changelog topic `changelog`.

    `folder` is empty and the contender's own. Contenders that name their changelog themselves do so from the group.
    """

    bootstrap: str
    input: str
    changelog: str
    group: str
    partitions: int
    guarantee: Guarantee
    folder: Path

    def environment(self) -> dict[str, str]:
        """Return it as variables of an environment, to be read by `from_environment`."""
        return {f"{_PREFIX}{name.upper()}": str(value) for name, value in self._asdict().items()}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read it; KeyError names the variable that is missing, ValueError the guarantee that is none."""
        guarantee = environment[f"{_PREFIX}GUARANTEE"]
        if guarantee not in get_args(Guarantee):
            raise ValueError(f"{_PREFIX}GUARANTEE is {guarantee!r}; it must be one of {', '.join(get_args(Guarantee))}")
        return cls(
            environment[f"{_PREFIX}BOOTSTRAP"],
            environment[f"{_PREFIX}INPUT"],
            environment[f"{_PREFIX}CHANGELOG"],
            environment[f"{_PREFIX}GROUP"],
            int(environment[f"{_PREFIX}PARTITIONS"]),
            "exactly_once" if guarantee == "exactly_once" else "at_least_once",
            Path(environment[f"{_PREFIX}FOLDER"]),
        )
