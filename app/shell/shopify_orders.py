"""Whose order a Shopify fulfilment order is, asked of the Admin API: its hold webhook does not say."""

from typing import Any, Final

import aiohttp

from app.adapters.shopify import Found, NotFoundOutError
from app.settings import WebhookSettings

_QUERY: Final = """query Whose($id: ID!) {
  fulfillmentOrder(id: $id) {
    order { legacyResourceId }
    lineItems(first: 250) { nodes { lineItem { id } } }
  }
}"""


class ShopifyOrders:
    """Looks orders up, within the time a webhook has.."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._url = settings.shopify_api.format(shop=settings.shopify_shop)
        self._token = "" if settings.shopify_token is None else settings.shopify_token.get_secret_value()
        self._patience = aiohttp.ClientTimeout(total=settings.patience_s / 2)

    async def __call__(self, fulfillment_order: str) -> Found | None:
        """Return the order and its lines, None when the shop knows none; NotFoundOutError when it does not answer."""
        question = {"query": _QUERY, "variables": {"id": fulfillment_order}}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._patience) as session,
                session.post(self._url, json=question, headers={"X-Shopify-Access-Token": self._token}) as answer,
            ):
                answer.raise_for_status()
                told = await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotFoundOutError(f"the shop could not be asked whose order it is ({type(error).__name__})") from error
        if told.get("errors"):
            # GraphQL says throttling and missing scopes with status 200
            raise NotFoundOutError("the shop refused to say whose order it is: check the token's scopes")
        return _found((told.get("data") or {}).get("fulfillmentOrder"))


def _found(told: dict[str, Any] | None) -> Found | None:
    if told is None:
        return None
    lines = tuple(node["lineItem"]["id"].rpartition("/")[2] for node in told["lineItems"]["nodes"])
    return Found(str(told["order"]["legacyResourceId"]), lines)
