"""`makegood settings`: every setting as it is now, from the code that reads it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from app.cli._json import json_option, say
from app.settings import (
    ROOT,
    BrazeSettings,
    CustomerIoSettings,
    IterableSettings,
    KafkaSettings,
    KlaviyoSettings,
    MarketingCloudSettings,
    SignedWebhookSettings,
    SinkSettings,
    WebhookSettings,
    WebSettings,
    WorkerSettings,
)

_GROUPS: Final = (
    (KafkaSettings, "the cluster"),
    (WorkerSettings, "the worker"),
    (WebSettings, "gate and pages"),
    (WebhookSettings, "webhooks of others"),
    (SinkSettings, "holds carried into marketing tools"),
    (BrazeSettings, "Braze"),
    (KlaviyoSettings, "Klaviyo"),
    (CustomerIoSettings, "Customer.io"),
    (IterableSettings, "Iterable"),
    (MarketingCloudSettings, "Salesforce Marketing Cloud"),
    (SignedWebhookSettings, "our own webhook"),
)


SETTINGS_DOCUMENT: Final = Path("docs/settings.md")
_INTRODUCTION: Final = """# Settings

Written from the code by `makegood settings --doc`; change `app/settings.py`, not this file.

Each is read once, at the start, from the environment or from a file `.env` in the current folder. Lists and mappings
are JSON. `makegood settings` shows what is in force, secrets masked, and `--changed` only what is not the default.
"""


class _Setting(NamedTuple):
    env: str
    value: str
    default: str
    description: str

    @property
    def changed(self) -> bool:
        return self.value != self.default


@click.command("settings")
@click.option("--changed", is_flag=True, help="Only those that differ from their default.")
@click.option("--doc", is_flag=True, help="Write docs/settings.md from the code instead.")
@json_option
def command(*, changed: bool, doc: bool, in_json: bool) -> None:
    """Show every setting: its environment variable, value, default and meaning.

    Set one in the environment or in a file `.env` in the current folder. Secrets are masked. A * marks a value that
    is not the default.

    \b
    Examples:
      makegood settings --changed
      KAFKA_BOOTSTRAP=broker:9092 makegood settings --json | grep KAFKA_
    """
    if doc:
        (ROOT / SETTINGS_DOCUMENT).write_text(document(), encoding="utf-8")
        click.echo(f"wrote {ROOT / SETTINGS_DOCUMENT}")
        return
    if in_json:
        for group, _ in _GROUPS:
            for setting in _settings(group):
                if setting.changed or not changed:
                    say(setting._asdict() | {"changed": setting.changed})
        return
    for group, title in _GROUPS:
        click.echo(f"{title}:")
        for setting in _settings(group):
            if setting.changed or not changed:
                click.echo(_line(setting))


def _settings(group: type[BaseSettings]) -> Iterator[_Setting]:
    now = group()
    prefix = group.model_config.get("env_prefix", "")
    for name, field in group.model_fields.items():
        default = "" if field.default is PydanticUndefined else _shown(field.default)
        yield _Setting(f"{prefix}{name}".upper(), _shown(getattr(now, name)), default, field.description or "")


def document() -> str:
    """Return docs/settings.md: every setting with its default, from the code, whatever the environment says."""
    parts = [_INTRODUCTION]
    for group, title in _GROUPS:
        parts += [f"## {title[0].upper()}{title[1:]}\n", f"{(group.__doc__ or '').strip()}\n"]
        rows = [_row(group, name, field) for name, field in group.model_fields.items()]
        parts.append("\n".join(["| variable | default | meaning |", "| --- | --- | --- |", *rows, ""]))
    return "\n".join(parts)


def _row(group: type[BaseSettings], name: str, field: FieldInfo) -> str:
    variable = f"{group.model_config.get('env_prefix', '')}{name}".upper()
    default = "" if field.default is PydanticUndefined or field.default is None else _portable(field.default)
    meaning = (field.description or "").replace("|", "\\|")
    return f"| `{variable}` | {f'`{default}`' if default else 'unset'} | {meaning} |"


def _portable(value: object) -> str:
    """Return a default as text; a path of ours from the repository on."""
    if isinstance(value, Path) and value.is_relative_to(ROOT):
        return str(value.relative_to(ROOT))
    return _shown(value)


def _shown(value: object) -> str:
    if value is None:
        return "(unset)"
    if isinstance(value, SecretStr):
        return "(set, hidden)"
    return repr(value) if value == "" else str(value)


def _line(setting: _Setting) -> str:
    mark = "*" if setting.changed else " "
    default = f"  [default: {setting.default}]" if setting.changed else ""
    return f"{mark} {setting.env}={setting.value}{default}\n      {setting.description}"
