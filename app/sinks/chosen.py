"""Which tools are used: those whose key is set."""

from typing import Final

from app.errors import SetupError
from app.settings import (
    BrazeSettings,
    CustomerIoSettings,
    IterableSettings,
    KlaviyoSettings,
    MarketingCloudSettings,
    SignedWebhookSettings,
    SinkSettings,
)
from app.sinks.braze import Braze
from app.sinks.courier import Vendor
from app.sinks.customerio import CustomerIo
from app.sinks.iterable import Iterable
from app.sinks.klaviyo import Klaviyo
from app.sinks.marketing_cloud import MarketingCloud
from app.sinks.pace import Time
from app.sinks.signed_webhook import SignedWebhook
from app.sinks.talking import Transport

TOOLS: Final = (Braze.name, Klaviyo.name, CustomerIo.name, Iterable.name, MarketingCloud.name, SignedWebhook.name)
"""Every tool there is, whether it has a key or not."""


def vendors(sinks: SinkSettings, send: Transport, time: Time) -> list[Vendor]:
    """Return the tools that the environment has keys for; SetupError for one that is half set."""
    braze, klaviyo, customerio = BrazeSettings(), KlaviyoSettings(), CustomerIoSettings()
    iterable, cloud, webhook = IterableSettings(), MarketingCloudSettings(), SignedWebhookSettings()
    found: list[Vendor] = []
    if braze.key is not None:
        found.append(Braze(braze, sinks, send, time))
    if klaviyo.key is not None:
        found.append(Klaviyo(klaviyo, sinks, send, time))
    if customerio.key is not None:
        _needs("MAKEGOOD_CUSTOMERIO_KEY", MAKEGOOD_CUSTOMERIO_SITE_ID=customerio.site_id)
        found.append(CustomerIo(customerio, sinks, send, time))
    if iterable.key is not None:
        _needs("MAKEGOOD_ITERABLE_KEY", MAKEGOOD_ITERABLE_LIST_ID=iterable.list_id)
        found.append(Iterable(iterable, sinks, send, time))
    if cloud.client_secret is not None:
        _needs(
            "MAKEGOOD_SFMC_CLIENT_SECRET",
            MAKEGOOD_SFMC_CLIENT_ID=cloud.client_id,
            MAKEGOOD_SFMC_AUTH_URL=cloud.auth_url,
            MAKEGOOD_SFMC_REST_URL=cloud.rest_url,
            MAKEGOOD_SFMC_SOAP_URL=cloud.soap_url,
            MAKEGOOD_SFMC_LIST_ID=cloud.list_id,
        )
        found.append(MarketingCloud(cloud, sinks, send, time))
    if webhook.url is not None:
        _needs("MAKEGOOD_HOLD_WEBHOOK_URL", MAKEGOOD_HOLD_WEBHOOK_SECRET=webhook.secret)
        found.append(SignedWebhook(webhook, send, time))
    return found


def _needs(given: str, **others: object) -> None:
    missing = [name for name, value in others.items() if not value]
    if missing:
        raise SetupError(f"{given} is set and so must be {', '.join(missing)} (see `makegood settings`)")
