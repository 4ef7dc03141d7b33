"""Who may send webhooks: for each source its signature and its mapping, put together from the settings."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from app.adapters import aftership, applying, easypost, shopify, signatures, zendesk
from app.adapters.declared import Mapped, load
from app.adapters.event import InputEvent
from app.adapters.foreign import Foreign
from app.adapters.shopify import Found
from app.clock import Instant, from_iso, to_iso
from app.errors import SetupError
from app.settings import WebhookSettings
from app.wire.catalog import Catalog

Headers = Mapping[str, str]
"""A request's headers, their names in any case."""


class Sender(NamedTuple):
    """One source. `proves` raises BadSignature, `means` returns events or raises InvalidRecord (NeedsOrder)."""

    name: str
    proves: Callable[[Headers, bytes, Instant], None]
    means: Callable[[Headers, Foreign, Instant, Found | None], list[InputEvent]]


def senders(settings: WebhookSettings, catalog: Catalog) -> dict[str, Sender]:
    """Return the sources that have a secret, by name; PolicyError for a mapping that may not be used."""
    known = (
        _vendor("shopify", settings.shopify_secret, signatures.SHOPIFY, _shopify),
        _vendor(
            "aftership",
            settings.aftership_secret,
            signatures.AFTERSHIP,
            lambda _, body, __, ___: aftership.events(body, settings.aftership_faults),
        ),
        _vendor(
            "easypost", settings.easypost_secret, signatures.EASYPOST, lambda _, body, __, ___: easypost.events(body)
        ),
        _vendor(
            "zendesk",
            settings.zendesk_secret,
            signatures.ZENDESK,
            lambda _, body, __, ___: zendesk.events(body, frozenset(settings.zendesk_complaint_tags)),
        ),
    )
    found = {sender.name: sender for sender in known if sender is not None}
    for path in _mapping_files(settings.mappings_dir):
        sender = _declared(load(path, catalog), path, settings.secrets)
        if sender.name in found or sender.name in _RESERVED:
            raise SetupError(f"{path}: the source {sender.name!r} is taken; give it another name")
        found[sender.name] = sender
    return found


_RESERVED = frozenset({"shopify", "aftership", "easypost", "zendesk"})


def _vendor(
    name: str,
    secret: SecretStr | None,
    scheme: signatures.Scheme,
    means: Callable[[Headers, Foreign, Instant, Found | None], list[InputEvent]],
) -> Sender | None:
    key = "" if secret is None else secret.get_secret_value()
    if not key:
        # an empty secret proves nothing: everybody can sign with it
        return None
    return Sender(name, lambda headers, body, now: signatures.check(scheme, headers, body, key, now), means)


def _shopify(headers: Headers, body: Foreign, now: Instant, found: Found | None) -> list[InputEvent]:
    topic = headers.get("X-Shopify-Topic", "")
    at = _time_or(headers.get("X-Shopify-Triggered-At"), now)
    return shopify.events(topic, headers.get("X-Shopify-Event-Id"), body, at=at, found=found)


def _time_or(text: str | None, now: Instant) -> str:
    """Return a header's time, or ours: the header is not signed, so a wrong one must not stop the event."""
    if text is not None:
        try:
            return to_iso(min(from_iso(text), now))
        except (ValueError, OverflowError):
            pass
    return to_iso(now)


def _mapping_files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise SetupError(f"no folder {folder}: set MAKEGOOD_WEBHOOK_MAPPINGS_DIR to the folder of your mappings")
    return sorted(folder.glob("*.yaml"))


def _declared(mapping: Mapped, path: Path, secrets: Mapping[str, SecretStr]) -> Sender:
    secret = secrets.get(mapping.source)
    if secret is None or not secret.get_secret_value():
        raise SetupError(
            f"{path}: the source {mapping.source!r} has no secret: add it to MAKEGOOD_WEBHOOK_SECRETS "
            f'({{"{mapping.source}": "..."}})'
        )
    key, scheme = secret.get_secret_value(), mapping.scheme
    if scheme is None:
        signatures.require_standard(key, f"MAKEGOOD_WEBHOOK_SECRETS, {mapping.source}")

    def proves(headers: Headers, body: bytes, now: Instant) -> None:
        if scheme is None:
            signatures.check_standard(headers, body, key, now)
        else:
            signatures.check(scheme, headers, body, key, now)

    return Sender(mapping.source, proves, lambda _, body, __, ___: applying.events(mapping, body))
