import subprocess
import sys

from click.testing import CliRunner, Result

from app.cli import cli
from app.settings import KafkaSettings, WorkerSettings


def test_help_lists_every_command_and_the_first_steps() -> None:
    told = _run("--help").output
    for name in ("broker", "settings", "topics"):
        assert f"\n  {name} " in told
    assert "First steps" in told


def test_every_command_explains_itself() -> None:
    for name in cli.list_commands(None):  # type: ignore[arg-type]
        told = _run(name, "--help")
        assert told.exit_code == 0
        assert f"Usage: cli {name}" in told.output


def test_an_unknown_command_is_refused_by_name() -> None:
    told = _run("frobnicate")
    assert told.exit_code == 2
    assert "No such command 'frobnicate'" in told.stderr


def test_a_wrong_setting_is_one_line_that_names_its_variable_and_not_its_value() -> None:
    told = _run("settings", MAKEGOOD_PARTITIONS="s3cret")
    assert told.exit_code == 2
    assert told.stderr.startswith("makegood: wrong setting, MAKEGOOD_PARTITIONS: Input should be a valid integer")
    assert told.stderr.count("\n") == 1
    assert "s3cret" not in told.stderr


def test_settings_that_contradict_each_other_are_one_line() -> None:
    told = _run("settings", KAFKA_SECURITY_PROTOCOL="SASL_SSL")
    assert told.exit_code == 2
    assert "needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD" in told.stderr
    assert told.stderr.count("\n") == 1


def test_settings_shows_each_setting_with_its_meaning() -> None:
    told = _run("settings").output
    for prefix, group in (("KAFKA_", KafkaSettings), ("MAKEGOOD_", WorkerSettings)):
        for name, field in group.model_fields.items():
            assert f" {prefix}{name.upper()}=" in told
            assert field.description is not None
            assert field.description in told


def test_settings_hides_secrets_and_marks_what_was_changed() -> None:
    told = _run("settings", "--changed", KAFKA_SASL_PASSWORD="hunter2", MAKEGOOD_PARTITIONS="7").output
    assert "hunter2" not in told
    assert "* KAFKA_SASL_PASSWORD=(set, hidden)" in told
    assert "* MAKEGOOD_PARTITIONS=7  [default: 4]" in told
    assert "MAKEGOOD_REPLICATION" not in told


def test_the_module_can_be_run_as_the_command() -> None:
    told = subprocess.run([sys.executable, "-m", "app", "--version"], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("makegood, version ")


def _run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=environment)
