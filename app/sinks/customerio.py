"""Customer.io: an attribute of ours on the person, which campaigns filter on.

Never `suppress`: it deletes the person for good, and `unsuppress` does not bring them back.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from app.settings import CustomerIoSettings, SinkSettings
from app.sinks.pace import Pace, Rate, Time
from app.sinks.talking import Refused, Transport, checked, content, json_request
from app.sinks.wanted import Wanted

TRACK: Final = Rate(100, 1.0)
"""Track API, fair use: 100 requests a second."""

APP: Final = Rate(10, 1.0)
"""App API: 10 requests a second."""

_NOT_FOUND: Final = 404


class CustomerIo:
    """Implements `courier.Vendor`."""

    name = "customerio"
    most = 100

    def __init__(self, settings: CustomerIoSettings, sinks: SinkSettings, send: Transport, time: Time) -> None:
        assert settings.key is not None
        login = base64.b64encode(f"{settings.site_id}:{settings.key.get_secret_value()}".encode()).decode()
        self._url = settings.url.rstrip("/")
        self._headers = {"Authorization": f"Basic {login}"}
        self._app_url = settings.app_url.rstrip("/")
        app_key = None if settings.app_key is None else settings.app_key.get_secret_value()
        self._app_headers = {"Authorization": f"Bearer {app_key}"}
        self.reads = app_key is not None
        self._prop = sinks.prop
        self._by = "email" if sinks.address == "email" else "id"
        self._send = send
        self._track = Pace(time, TRACK)
        self._app = Pace(time, APP)

    async def write(self, batch: Sequence[Wanted]) -> Mapping[str, str]:
        """Set the attribute; `_update` keeps the call from creating a person."""
        refused: dict[str, str] = {}
        for each in batch:
            await self._track.take()
            url = f"{self._url}/api/v1/customers/{quote(each.person, safe='')}"
            body = {**each.attributes(self._prop), "_update": True}
            try:
                checked(await self._send(json_request("PUT", url, self._headers, body)))
            except Refused as error:
                refused[each.person] = str(error)
        return refused

    async def read(self, persons: Sequence[str]) -> Mapping[str, bool]:
        """Return the attribute as the person has it."""
        known: dict[str, bool] = {}
        for person in persons:
            await self._app.take()
            url = f"{self._app_url}/v1/customers/{quote(person, safe='')}/attributes?id_type={self._by}"
            answer = await self._send(json_request("GET", url, self._app_headers))
            if answer.status != _NOT_FOUND:
                attributes = content(answer)["customer"]["attributes"]
                # the App API gives attributes back as text
                known[person] = str(attributes.get(self._prop, "false")).lower() == "true"
        return known
