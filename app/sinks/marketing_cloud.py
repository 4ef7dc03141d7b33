"""Salesforce Marketing Cloud: membership of one auto-suppression list that is ours alone, and exits from journeys.

Never a subscriber's Status (it is consent), never a contact's deletion. An exit from a journey cannot be undone, so it
only happens for the journeys that the settings name, and only when a hold begins.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from app.settings import MarketingCloudSettings, SinkSettings
from app.sinks import soap
from app.sinks.pace import Pace, Rate, Time
from app.sinks.talking import Answer, Refused, Request, Transport, TryLater, checked, content, json_request
from app.sinks.wanted import Wanted

CALLS: Final = Rate(2_000, 60.0)
"""Our choice: Salesforce's limits are by contract; 429 and its word on when to come back are heeded."""

_EXITS: Final = 50
"""Contacts in one contactexit call."""

_EARLY: Final = 60.0
"""Seconds before its end that a token is renewed."""

_LOCKED: Final = 401


class MarketingCloud:
    """Implements `courier.Vendor`."""

    name = "sfmc"
    most = _EXITS
    reads = True

    def __init__(self, settings: MarketingCloudSettings, sinks: SinkSettings, send: Transport, time: Time) -> None:
        assert settings.client_secret is not None
        self._settings = settings
        self._secret = settings.client_secret.get_secret_value()
        self._address = sinks.address
        self._send = send
        self._time = time
        self._pace = Pace(time, CALLS)
        self._token = ""
        self._until = 0.0

    async def write(self, batch: Sequence[Wanted]) -> Mapping[str, str]:
        """Put the held on our list, take the free off it, and take the held out of the journeys named."""
        refused: dict[str, str] = {}
        for action, people in (("create", [w for w in batch if w.held]), ("delete", [w for w in batch if not w.held])):
            if people:
                refused |= await self._change(action, [each.person for each in people])
        await self._leave([each.person for each in batch if each.held and each.person not in refused])
        return refused

    async def read(self, persons: Sequence[str]) -> Mapping[str, bool]:
        """Return whether each is on our list; Marketing Cloud does not say who is no subscriber at all."""
        answer = await self._soap("Retrieve", soap.retrieve(self._settings.list_id, persons))
        on_list = soap.members(answer.body)
        return {person: person in on_list for person in persons}

    async def _change(self, action: str, persons: Sequence[str]) -> dict[str, str]:
        answer = await self._soap("Update", soap.update(self._settings.list_id, action, persons))
        results = soap.results(answer.body)
        if len(results) != len(persons):
            raise TryLater(f"{len(results)} results for {len(persons)} subscribers")
        failed = {who: code for who, (status, code) in zip(persons, results, strict=True) if status != "OK"}
        # already on the list, or already off it, is an error there and what was wanted here
        there = await self.read(list(failed)) if failed else {}
        return {
            who: f"list update failed with error {code}"
            for who, code in failed.items()
            if there[who] != (action == "create")
        }

    async def _leave(self, persons: Sequence[str]) -> None:
        """Ask for exits; 202 only means queued, and the body of a 202 may hold errors."""
        for journey in self._settings.exit_journeys:
            if persons:
                exits = [{"ContactKey": person, "DefinitionKey": journey} for person in persons]
                told = content(await self._rest("/interaction/v1/interactions/contactexit", exits))
                if told.get("errors"):
                    raise Refused(f"{len(told['errors'])} exits from a journey failed inside a 202")

    async def _rest(self, path: str, body: object) -> Answer:
        await self._pace.take()
        headers = {"Authorization": f"Bearer {await self._bearer()}"}
        return self._known(
            await self._send(json_request("POST", self._settings.rest_url.rstrip("/") + path, headers, body))
        )

    async def _soap(self, action: str, body: str) -> Answer:
        await self._pace.take()
        envelope = soap.envelope(action, await self._bearer(), body)
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action}
        url = self._settings.soap_url.rstrip("/") + "/Service.asmx"
        return checked(self._known(await self._send(Request("POST", url, headers, envelope))))

    def _known(self, answer: Answer) -> Answer:
        """Forget a token that is refused, so that the next try gets a new one."""
        if answer.status == _LOCKED or soap.expired(answer.body):
            self._until = 0.0
            raise TryLater("the access token is refused; a new one is asked for")
        return answer

    async def _bearer(self) -> str:
        if self._time.monotonic() >= self._until:
            body = {
                "grant_type": "client_credentials",
                "client_id": self._settings.client_id,
                "client_secret": self._secret,
                **({} if self._settings.account_id is None else {"account_id": self._settings.account_id}),
            }
            url = self._settings.auth_url.rstrip("/") + "/v2/token"
            told = content(await self._send(json_request("POST", url, {}, body)))
            self._token = told["access_token"]
            self._until = self._time.monotonic() + max(float(told["expires_in"]) - _EARLY, 1.0)
        return self._token
