"""`makegood settings`: every setting as it is now, from the code that reads it."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import click
from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from app.settings import (
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
def command(*, changed: bool) -> None:
    """Show every setting: its environment variable, value, default and meaning.

    Set one in the environment or in a file `.env` in the current folder. Secrets are masked. A * marks a value that
    is not the default.
    """
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
