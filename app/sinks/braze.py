"""Braze: a custom attribute of ours by /users/track, and one suppression list of theirs that filters on it.

Never /email/blocklist (it unsubscribes and marks a hard bounce), never a subscription state, never /users/delete.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.settings import BrazeSettings, SinkSettings
from app.sinks.pace import Pace, Rate, Time
from app.sinks.talking import Answer, Transport, TryLater, content, json_request
from app.sinks.wanted import Wanted

TRACK: Final = Rate(3_000, 3.0)
"""/users/track: 3,000 requests in 3 s, 75 objects in one."""

EXPORT: Final = Rate(250, 60.0)
"""/users/export/ids: 250 requests a minute, 50 ids in one."""

_OBJECTS: Final = 75
_IDS: Final = 50
_TOO_MANY: Final = 429
_HOUR: Final = 3_600


class Braze:
    """Implements `courier.Vendor`."""

    name = "braze"
    most = _OBJECTS
    reads = True

    def __init__(self, settings: BrazeSettings, sinks: SinkSettings, send: Transport, time: Time) -> None:
        assert settings.key is not None
        self._url = settings.url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {settings.key.get_secret_value()}"}
        self._prop = sinks.prop
        self._by = "email" if sinks.address == "email" else "external_id"
        self._send = send
        self._time = time
        self._track = Pace(time, TRACK)
        self._export = Pace(time, EXPORT)

    async def write(self, batch: Sequence[Wanted]) -> Mapping[str, str]:
        """Set the attribute on people that exist; nobody is created."""
        objects = [
            {self._by: each.person, "_update_existing_only": True, **each.attributes(self._prop)} for each in batch
        ]
        await self._track.take()
        told = await self._ask("/users/track", {"attributes": objects})
        return {
            batch[error["index"]].person: str(error.get("type", "refused"))
            for error in told.get("errors", [])
            if isinstance(error, dict) and error.get("input_array") == "attributes" and "index" in error
        }

    async def read(self, persons: Sequence[str]) -> Mapping[str, bool]:
        """Return the attribute as the profile has it."""
        known: dict[str, bool] = {}
        for start in range(0, len(persons), _IDS):
            known |= await self._exported(persons[start : start + _IDS])
        return known

    async def _exported(self, persons: Sequence[str]) -> dict[str, bool]:
        fields = {"fields_to_export": [self._by, "custom_attributes"]}
        if self._by == "email":
            # this endpoint takes one address at a time
            found = []
            for person in persons:
                await self._export.take()
                found += (await self._ask("/users/export/ids", {"email_address": person, **fields}))["users"]
        else:
            await self._export.take()
            found = (await self._ask("/users/export/ids", {"external_ids": list(persons), **fields}))["users"]
        return {user[self._by]: bool((user.get("custom_attributes") or {}).get(self._prop)) for user in found}

    async def _ask(self, path: str, body: Any) -> Any:
        answer = await self._send(json_request("POST", self._url + path, self._headers, body))
        if answer.status == _TOO_MANY:
            raise TryLater("too many requests (429)", self._reset(answer))
        return content(answer)

    def _reset(self, answer: Answer) -> float:
        """Return how long to wait: Braze sends no Retry-After but when its window ends; else on the clock hour."""
        stamp = answer.headers.get("X-RateLimit-Reset", "")
        now = self._time.wall()
        if stamp.isdecimal():
            return max(float(stamp) - now, 0.0) + 1.0
        return _HOUR - now % _HOUR
