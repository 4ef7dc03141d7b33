"""What every command owes its user: examples, JSON, completion, exit codes, an error that says what to do."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from pydantic_settings import BaseSettings

from app.cli import cli
from app.cli.settings import SETTINGS_DOCUMENT, document
from app.settings import ROOT

WAREHOUSE = ROOT / "tests" / "fixtures" / "webhooks" / "declared" / "warehouse.yaml"
PLAIN = {
    "completion": "is a script",
    "demo": "runs",
    "export": "is JSON",
    "read": "is JSON",
    "sinks": "runs",
    "web": "runs",
    "webhooks serve": "runs",
    "worker": "runs",
}
"""Commands without --json, and why a program does not miss it."""


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))
        if not isinstance(found, click.Group) or found.invoke_without_command:
            yield " ".join((*path, name)), found


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=environment)


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_help_shows_an_example_that_begins_with_our_name(name: str) -> None:
    told = run(*name.split(), "--help").output
    assert "Example" in told
    assert "\\b" not in told
    assert "makegood" in told.partition("Example")[2]


def test_what_a_program_may_want_comes_as_json() -> None:
    without = {name for name, found in commands() if not any("--json" in each.opts for each in found.params)}
    assert without == set(PLAIN)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("settings",), 0),
        (("schemas", "list"), 0),
        (("schemas", "check"), 0),
        (("policy", "check"), 0),
        (("policy", "check", "/nowhere"), 2),
        (("policy", "show", "holds"), 0),
        (("policy", "show", "kinds"), 0),
        (("broker", "status", "--data", "/nowhere"), 1),
        (("web", "token", "list"), 0),
        (("policy", "version"), 0),
        (("broker", "stop", "--data", "/nowhere"), 0),
        (("webhooks", "check", str(WAREHOUSE)), 0),
    ],
)
def test_json_is_one_object_a_line_whatever_the_exit_code(arguments: tuple[str, ...], code: int) -> None:
    told = run(*arguments, "--json")
    assert told.exit_code == code
    assert all(isinstance(json.loads(line), dict) for line in told.stdout.splitlines())
    assert told.stderr == ""


def test_settings_as_json_hide_secrets_too() -> None:
    told = run("settings", "--json", "--changed", KAFKA_SASL_PASSWORD="hunter2").stdout
    assert json.loads(told.splitlines()[0])["env"] == "KAFKA_SASL_PASSWORD"
    assert "hunter2" not in told


def test_every_setting_is_shown_and_documented_from_the_code() -> None:
    assert (ROOT / SETTINGS_DOCUMENT).read_text(encoding="utf-8") == document(), "run `makegood settings --doc`"
    shown = {json.loads(line)["env"] for line in run("settings", "--json").stdout.splitlines()}
    for group in BaseSettings.__subclasses__():
        if not group.__module__.startswith("app."):
            continue
        for name, field in group.model_fields.items():
            variable = f"{group.model_config.get('env_prefix', '')}{name}".upper()
            assert field.description, f"{variable} says nothing"
            assert variable in shown
            assert f"| `{variable}` |" in document()
    assert str(ROOT) not in document()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("makegood dead-l", "dead-letters"),
        ("makegood topics a", "apply"),
        ("makegood publish orders under", "understocked"),
        ("makegood policy check --js", "--json"),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_options_and_events(shell: str, words: str, wanted: str) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "_MAKEGOOD_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": words.rsplit(maxsplit=1)[-1] if shell == "fish" else str(len(words.split()) - 1),
    }
    found = subprocess.run(
        [sys.executable, "-m", "app"], env=environment, capture_output=True, text=True, check=False
    ).stdout
    assert wanted in found.replace(",", "\n").split()


def test_bash_takes_its_script_and_the_others_are_for_makegood(tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(run("completion", "bash").stdout, encoding="utf-8")
    told = subprocess.run(
        ["bash", "--norc", "-c", f"source {script} && complete -p makegood"], capture_output=True, text=True, check=True
    )
    assert "_makegood_completion" in told.stdout
    for shell in ("zsh", "fish"):
        assert "_MAKEGOOD_COMPLETE" in run("completion", shell).stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (("policy", "check", "/nowhere"), {}, "name a folder with a policy.yaml"),
        (("policy", "show", "nothing"), {}, "there are policy, kinds"),
        (("replay", "events", "--out", "x", "--offline"), {}, "--data"),
        (("replay", "olist", "--out", "x", "--offline"), {}, "Give its folder with --data"),
        (("publish", "orders", "order_placed", '{"x":'), {}, "not JSON"),
        (("publish", "orders", "order_placed", "{}"), {}, "is missing and has no default"),
        (("publish", "orders", "nothing", "{}"), {}, "its events are alternative_failed"),
        (("explain", "ann", "--from", "/nowhere"), {}, "name the --out folder of a `makegood replay`"),
        (("dead-letters", "redrive"), {}, "name dead letters by id"),
        (("webhooks", "check", "/nowhere.yaml"), {}, "/nowhere.yaml"),
        (("sinks", "nothing"), {}, "'braze', 'klaviyo'"),
        (("web", "token", "new", "king"), {}, "'gate', 'operator', 'auditor'"),
        (("web", "token", "new", "gate"), {"MAKEGOOD_SITE_TOKENS_FILE": "/proc/nowhere/tokens"}, "check the path"),
        (("web", "token", "list"), {"MAKEGOOD_SITE_TOKENS_FILE": "pyproject.toml"}, "makegood web token new ROLE"),
        (("schemas", "list"), {"MAKEGOOD_SCHEMA_DIR": "/nowhere"}, "set MAKEGOOD_SCHEMA_DIR"),
        (("settings",), {"MAKEGOOD_PARTITIONS": "none"}, "MAKEGOOD_PARTITIONS"),
        (("completion", "cmd"), {}, "'bash', 'zsh', 'fish'"),
    ],
)
def test_rubbish_is_answered_with_what_to_do_and_exit_code_2(
    arguments: tuple[str, ...], environment: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    found = run(*arguments, **environment)
    assert found.exit_code == 2
    assert isinstance(found.exception, SystemExit)
    assert told in found.stderr.replace("\n", " ")


def test_a_missing_policy_is_named_by_its_path_once() -> None:
    assert run("policy", "check", "app").stderr.startswith("app/policy.yaml: there is no policy here")


def test_help_lists_the_exit_codes() -> None:
    told = run("--help").output
    for code in ("0    done", "1    the answer is no", "2    cannot be done as asked"):
        assert code in told


def test_what_the_cluster_refuses_is_one_line_and_a_bug_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = import_module("aiokafka.errors").TopicAuthorizationFailedError({"orders"})

    def asked(error: Exception) -> Result:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(type(cli), "get_command", lambda *_: command)
        return run("read")

    told = asked(refusal)
    assert told.exit_code == 2
    assert told.stderr.startswith("makegood: Kafka refuses ([Error 29] TopicAuthorizationFailedError")
    assert "makegood topics acls --dry-run" in told.stderr
    assert isinstance(asked(KeyError("bug")).exception, KeyError)
