"""Whatever is given as an argument stands in every process list: secrets come from the environment."""

import pytest

from tests.unit.cli.test_habits import commands

SECRETS = ("password", "secret", "token", "credential", "api_key")


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_no_command_takes_a_secret_as_an_argument(name: str) -> None:
    (found,) = [command for path, command in commands() if path == name]
    taken = [option for each in found.params for option in (each.name or "", *each.opts)]
    assert not [option for option in taken if any(word in option.lower() for word in SECRETS)]
