"""Klaviyo: a property of ours on the profile; a flow's filter reads it again at each send.

Never the suppression jobs (they hold back e-mail only, and their deletion removes the merchant's own suppressions),
never a subscription. The bulk import would create profiles, so people are looked up and updated.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from app.settings import KlaviyoSettings, SinkSettings
from app.sinks.pace import Pace, Rate, Time
from app.sinks.talking import Refused, Transport, checked, content, json_request
from app.sinks.wanted import Wanted

BURST: Final = Rate(75, 1.0)
STEADY: Final = Rate(700, 60.0)
"""Get Profiles and Update Profile are of size L: 75 in a second, 700 in a minute; each endpoint has its own."""

_PAGE: Final = 100


class Klaviyo:
    """Implements `courier.Vendor`."""

    name = "klaviyo"
    most = _PAGE
    reads = True

    def __init__(self, settings: KlaviyoSettings, sinks: SinkSettings, send: Transport, time: Time) -> None:
        assert settings.key is not None
        self._url = settings.url.rstrip("/")
        self._headers = {
            "Authorization": f"Klaviyo-API-Key {settings.key.get_secret_value()}",
            "revision": settings.revision,
        }
        self._prop = sinks.prop
        self._by = "email" if sinks.address == "email" else "external_id"
        self._send = send
        self._get = Pace(time, BURST, STEADY)
        self._patch = Pace(time, BURST, STEADY)

    async def write(self, batch: Sequence[Wanted]) -> Mapping[str, str]:
        """Set the property on the profiles that exist; the others are nobody that could be sent to."""
        found = await self._profiles([each.person for each in batch])
        refused: dict[str, str] = {}
        for each in batch:
            profile = found.get(each.person)
            if profile is not None:
                try:
                    await self._update(profile["id"], each.attributes(self._prop))
                except Refused as error:
                    refused[each.person] = str(error)
        return refused

    async def read(self, persons: Sequence[str]) -> Mapping[str, bool]:
        """Return the property as the profile has it."""
        found = await self._profiles(persons)
        return {
            person: bool((profile["attributes"].get("properties") or {}).get(self._prop))
            for person, profile in found.items()
        }

    async def _profiles(self, persons: Sequence[str]) -> dict[str, Any]:
        await self._get.take()
        query = f"any({self._by},{json.dumps(list(persons))})"
        url = f"{self._url}/api/profiles?page[size]={_PAGE}&filter={quote(query)}"
        told = content(await self._send(json_request("GET", url, self._headers)))
        return {profile["attributes"][self._by]: profile for profile in told["data"]}

    async def _update(self, profile: str, properties: dict[str, Any]) -> None:
        await self._patch.take()
        data = {"type": "profile", "id": profile, "attributes": {"properties": properties}}
        url = f"{self._url}/api/profiles/{quote(profile)}"
        checked(await self._send(json_request("PATCH", url, self._headers, {"data": data})))
