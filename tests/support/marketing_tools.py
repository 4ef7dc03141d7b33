"""Marketing tools as local HTTP servers that hold callers to what each vendor documents: limits, log-in, errors.

No vendor was reached to make or check these: they emulate documented behaviour (docs/adapters.md names what was only
recalled). A call that is not listed, or one that would touch consent, fails the test.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from app.sinks.pace import Rate, Time

Handler = Callable[[web.Request], Awaitable[web.Response]]


class VirtualTime:
    """A clock that only sleeping moves, so that minutes of rate limits pass at once."""

    def __init__(self, wall: float = 1_790_000_000.0) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self._wall = wall

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    @property
    def time(self) -> Time:
        return Time(lambda: self.now, lambda: self._wall + self.now, self.sleep)


class Tool:
    """A vendor's server: who it knows, what it was asked, and what it answers wrongly when told to."""

    def __init__(self, clock: VirtualTime, limits: dict[str, tuple[Rate, ...]], *people: str) -> None:
        self.clock = clock
        self.people: dict[str, dict[str, Any]] = {person: {} for person in people}
        self.asked: list[tuple[str, str, Any]] = []
        self.strangers: list[str] = []
        self.too_many = 0
        self.troubles: deque[web.Response | None] = deque()
        self.lag = 0
        """How many reads still see what was there before the last write, as tools that apply later do."""
        self.url = ""
        self._limits = limits
        self._taken: dict[str, list[float]] = {}

    def routes(self) -> list[web.RouteDef]:
        raise NotImplementedError

    def too_many_answer(self) -> web.Response:
        return web.json_response({"message": "too many"}, status=429)

    def limited(self, name: str, handler: Handler) -> Handler:
        """Hold a handler to its limits, in fixed windows and in any window, and let troubles come first."""

        async def handle(request: web.Request) -> web.Response:
            body = await request.read()
            self.asked.append((request.method, request.path, body))
            taken = self._taken.setdefault(name, [])
            for rate in self._limits.get(name, ()):
                if sum(1 for at in taken if at > self.clock.now - rate.seconds) >= rate.most:
                    self.too_many += 1
                    return self.too_many_answer()
            taken.append(self.clock.now)
            if self.troubles:
                trouble = self.troubles.popleft()
                if trouble is None:
                    assert request.transport is not None
                    request.transport.abort()
                    return web.Response()
                return trouble
            return await handler(request)

        return handle

    async def stranger(self, request: web.Request) -> web.Response:
        self.strangers.append(f"{request.method} {request.path}")
        return web.Response(status=404)


@asynccontextmanager
async def served(tool: Tool) -> AsyncIterator[Tool]:
    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.add_routes(tool.routes())
    app.router.add_route("*", "/{rest:.*}", tool.stranger)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tool.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield tool
    finally:
        await runner.cleanup()
    assert tool.strangers == [], "a call that is not the documented one"


def unauthorised() -> web.Response:
    return web.json_response({"message": "unauthorised"}, status=401)


class BrazeTool(Tool):
    """Braze: no Retry-After but the end of the window; errors beside a 201; nobody created when told not to."""

    key: Final = "braze-key"

    def __init__(self, clock: VirtualTime, *people: str) -> None:
        super().__init__(clock, {"track": (Rate(3_000, 3.0),), "export": (Rate(250, 60.0),)}, *people)
        self.banned: set[str] = set()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/users/track", self.limited("track", self.track)),
            web.post("/users/export/ids", self.limited("export", self.export)),
        ]

    def too_many_answer(self) -> web.Response:
        reset = str(int(self.clock.time.wall()) + 3)
        return web.json_response({"message": "rate limited"}, status=429, headers={"X-RateLimit-Reset": reset})

    async def track(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return unauthorised()
        told = await request.json()
        objects = told.get("attributes", [])
        if set(told) != {"attributes"} or not 0 < len(objects) <= 75:
            return web.json_response({"message": "at most 75 objects"}, status=400)
        errors = []
        for index, each in enumerate(objects):
            assert each.pop("_update_existing_only") is True, "it would create a profile"
            assert not {name for name in each if "subscribe" in name}, "it would change consent"
            person = each.pop("external_id")
            if person in self.banned:
                errors.append({"type": "'external_id' is invalid", "input_array": "attributes", "index": index})
            elif person in self.people:
                self.people[person].update(each)
        answer = {"message": "success", "attributes_processed": len(objects) - len(errors)}
        return web.json_response(answer | ({"errors": errors} if errors else {}), status=201)

    async def export(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return unauthorised()
        ids = (await request.json())["external_ids"]
        if len(ids) > 50:
            return web.json_response({"message": "at most 50 ids"}, status=400)
        old = self.lag > 0
        self.lag -= old
        found = [
            {"external_id": person, "custom_attributes": {} if old else self.people[person]}
            for person in ids
            if person in self.people
        ]
        unknown = [person for person in ids if person not in self.people]
        return web.json_response({"message": "success", "users": found, "invalid_user_ids": unknown}, status=201)


class KlaviyoTool(Tool):
    """Klaviyo: fixed windows of a second and a minute for each endpoint; Retry-After with its 429."""

    key: Final = "klaviyo-key"

    def __init__(self, clock: VirtualTime, *people: str) -> None:
        large = (Rate(75, 1.0), Rate(700, 60.0))
        super().__init__(clock, {"get": large, "patch": large}, *people)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/profiles", self.limited("get", self.profiles)),
            web.patch("/api/profiles/{id}", self.limited("patch", self.update)),
        ]

    def too_many_answer(self) -> web.Response:
        return web.json_response({"errors": []}, status=429, headers={"Retry-After": "1"})

    def refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Klaviyo-API-Key {self.key}":
            return unauthorised()
        if "revision" not in request.headers:
            return web.json_response({"errors": [{"code": "revision_required"}]}, status=400)
        return None

    async def profiles(self, request: web.Request) -> web.Response:
        if refused := self.refused(request):
            return refused
        asked = request.query["filter"].removeprefix("any(external_id,").removesuffix(")")
        ids = json.loads(asked)
        if len(ids) > 100 or request.query["page[size]"] != "100":
            return web.json_response({"errors": [{"code": "invalid"}]}, status=400)
        data = [
            {"type": "profile", "id": f"K-{person}", "attributes": {"external_id": person, "properties": known}}
            for person in ids
            if (known := self.people.get(person)) is not None
        ]
        return web.json_response({"data": data})

    async def update(self, request: web.Request) -> web.Response:
        if refused := self.refused(request):
            return refused
        data = (await request.json())["data"]
        assert set(data["attributes"]) == {"properties"}, "it would change more than properties"
        assert data["id"] == request.match_info["id"]
        self.people[data["id"].removeprefix("K-")].update(data["attributes"]["properties"])
        return web.json_response({"data": data})


class CustomerIoTool(Tool):
    """Customer.io: a PUT creates a person unless `_update` says no; the App API gives attributes as text."""

    site: Final = "site"
    key: Final = "track-key"
    app_key: Final = "app-key"

    def __init__(self, clock: VirtualTime, *people: str) -> None:
        super().__init__(clock, {"track": (Rate(100, 1.0),), "app": (Rate(10, 1.0),)}, *people)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.put("/api/v1/customers/{id}", self.limited("track", self.put)),
            web.get("/v1/customers/{id}/attributes", self.limited("app", self.attributes)),
        ]

    async def put(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Basic c2l0ZTp0cmFjay1rZXk=":
            return unauthorised()
        told = await request.json()
        update = told.pop("_update", False)
        person = request.match_info["id"]
        if update and person not in self.people:
            return web.json_response({})
        assert "unsubscribed" not in told, "it would change consent"
        self.people.setdefault(person, {}).update(told)
        return web.json_response({})

    async def attributes(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.app_key}":
            return unauthorised()
        person = request.match_info["id"]
        if person not in self.people:
            return web.json_response({"errors": [{"detail": "not found"}]}, status=404)
        as_text = {name: str(value).lower() for name, value in self.people[person].items()}
        return web.json_response({"customer": {"id": person, "attributes": as_text, "unsubscribed": False}})


class IterableTool(Tool):
    """Iterable: one list of ours beside others; 429 beyond five list calls a second."""

    key: Final = "iterable-key"
    list_id: Final = 77

    def __init__(self, clock: VirtualTime, *people: str) -> None:
        super().__init__(clock, {"lists": (Rate(5, 1.0),), "users": (Rate(50, 1.0),)}, *people)
        for person in people:
            self.people[person] = {"emailListIds": [5], "unsubscribedChannelIds": [9]}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/lists/subscribe", self.limited("lists", self.subscribe)),
            web.post("/api/lists/unsubscribe", self.limited("lists", self.unsubscribe)),
            web.get("/api/users/byUserId/{id}", self.limited("users", self.user)),
        ]

    async def subscribe(self, request: web.Request) -> web.Response:
        told = await request.json()
        assert told["updateExistingUsersOnly"] is True, "it would create users"
        return await self.changed(request, told, lambda lists: [*{*lists, told["listId"]}])

    async def unsubscribe(self, request: web.Request) -> web.Response:
        told = await request.json()
        assert told["channelUnsubscribe"] is False, "it would unsubscribe from the channel"
        return await self.changed(request, told, lambda lists: [each for each in lists if each != told["listId"]])

    async def changed(
        self, request: web.Request, told: dict[str, Any], change: Callable[[list[int]], list[int]]
    ) -> web.Response:
        if request.headers.get("Api-Key") != self.key:
            return unauthorised()
        assert told["listId"] == self.list_id, "not our list"
        wrong = [each["userId"] for each in told["subscribers"] if " " in each["userId"]]
        for each in told["subscribers"]:
            if each["userId"] in self.people:
                person = self.people[each["userId"]]
                person["emailListIds"] = change(person["emailListIds"])
        return web.json_response({"successCount": 1, "failCount": len(wrong), "invalidUserIds": wrong})

    async def user(self, request: web.Request) -> web.Response:
        person = request.match_info["id"]
        if request.headers.get("Api-Key") != self.key:
            return unauthorised()
        if person not in self.people:
            return web.json_response({})
        return web.json_response({"user": {"userId": person, "dataFields": self.people[person]}})
