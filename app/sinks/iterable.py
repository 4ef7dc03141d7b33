"""Iterable: membership of one list that is ours alone and that the merchant made a global suppression list.

Leaving our list is not an unsubscribe: `channelUnsubscribe` is always false. Never /users/delete or a subscription.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from app.settings import IterableSettings, SinkSettings
from app.sinks.pace import Pace, Rate, Time
from app.sinks.talking import Transport, content, json_request
from app.sinks.wanted import Wanted

LISTS: Final = Rate(5, 1.0)
"""Subscribing to and leaving lists: 5 requests a second for the project (recalled, to be verified)."""

USERS: Final = Rate(50, 1.0)
"""Looking a user up: 50 requests a second (recalled, to be verified)."""

_AT_ONCE: Final = 1_000
_NOT_FOUND: Final = 404


class Iterable:
    """Implements `courier.Vendor`."""

    name = "iterable"
    most = _AT_ONCE
    reads = True

    def __init__(self, settings: IterableSettings, sinks: SinkSettings, send: Transport, time: Time) -> None:
        assert settings.key is not None
        self._url = settings.url.rstrip("/")
        self._headers = {"Api-Key": settings.key.get_secret_value()}
        self._list = settings.list_id
        self._by = "email" if sinks.address == "email" else "userId"
        self._look_up = "" if sinks.address == "email" else "byUserId/"
        self._send = send
        self._lists = Pace(time, LISTS)
        self._users = Pace(time, USERS)

    async def write(self, batch: Sequence[Wanted]) -> Mapping[str, str]:
        """Put the held on our list and take the free off it; nobody is created."""
        refused: dict[str, str] = {}
        held = [each.person for each in batch if each.held]
        free = [each.person for each in batch if not each.held]
        if held:
            refused |= await self._change("subscribe", held, {"updateExistingUsersOnly": True})
        if free:
            refused |= await self._change("unsubscribe", free, {"channelUnsubscribe": False})
        return refused

    async def read(self, persons: Sequence[str]) -> Mapping[str, bool]:
        """Return whether our list is among each user's."""
        known: dict[str, bool] = {}
        for person in persons:
            await self._users.take()
            url = f"{self._url}/api/users/{self._look_up}{quote(person, safe='')}"
            answer = await self._send(json_request("GET", url, self._headers))
            user = {} if answer.status == _NOT_FOUND else content(answer).get("user") or {}
            if user:
                known[person] = self._list in (user.get("dataFields") or {}).get("emailListIds", [])
        return known

    async def _change(self, call: str, persons: Sequence[str], more: dict[str, Any]) -> dict[str, str]:
        await self._lists.take()
        body = {"listId": self._list, "subscribers": [{self._by: person} for person in persons], **more}
        told = content(await self._send(json_request("POST", f"{self._url}/api/lists/{call}", self._headers, body)))
        wrong = [*told.get("invalidEmails", []), *told.get("invalidUserIds", [])]
        return {person: "no valid address" for person in wrong if person in persons}
