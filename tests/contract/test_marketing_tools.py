"""Holds through each tool's sink into a local server that holds it to the vendor's documented limits and errors.

Real sockets, virtual time. Only documented behaviour is emulated: no vendor was reached.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest
from aiohttp import web
from pydantic import SecretStr

from app.ids import CustomerId, OutputId
from app.settings import (
    BrazeSettings,
    CustomerIoSettings,
    IterableSettings,
    KlaviyoSettings,
    MarketingCloudSettings,
    SinkSettings,
)
from app.shell.sink_http import transport
from app.sinks.braze import Braze
from app.sinks.courier import Courier, Delivered, Told, Vendor
from app.sinks.customerio import CustomerIo
from app.sinks.iterable import Iterable
from app.sinks.klaviyo import Klaviyo
from app.sinks.marketing_cloud import MarketingCloud
from app.sinks.talking import Transport
from app.sinks.wanted import Wanted
from tests.support.marketing_cloud_tool import MarketingCloudTool
from tests.support.marketing_tools import (
    BrazeTool,
    CustomerIoTool,
    IterableTool,
    KlaviyoTool,
    Tool,
    VirtualTime,
    served,
)

SINKS = SinkSettings()


class Pair(NamedTuple):
    """A tool's server, the sink for it, and how to see on the server who is held."""

    tool: Callable[..., Tool]
    sink: Callable[[Tool, Transport, VirtualTime], Vendor]
    held: Callable[[Tool, str], bool]


def _by_property(tool: Tool, person: str) -> bool:
    return bool(tool.people[person].get("recovery_hold"))


def _cloud(tool: Tool, send: Transport, clock: VirtualTime, *journeys: str) -> MarketingCloud:
    settings = MarketingCloudSettings(
        auth_url=tool.url,
        rest_url=tool.url,
        soap_url=tool.url,
        client_id="app",
        client_secret=SecretStr(MarketingCloudTool.secret),
        account_id="1234",
        list_id=MarketingCloudTool.list_id,
        exit_journeys=list(journeys),
    )
    return MarketingCloud(settings, SINKS, send, clock.time)


def _on_cloud_list(tool: Tool, person: str) -> bool:
    assert isinstance(tool, MarketingCloudTool)
    return person in tool.on_list


PAIRS = {
    "braze": Pair(
        BrazeTool,
        lambda tool, send, clock: Braze(
            BrazeSettings(url=tool.url, key=SecretStr(BrazeTool.key)), SINKS, send, clock.time
        ),
        _by_property,
    ),
    "klaviyo": Pair(
        KlaviyoTool,
        lambda tool, send, clock: Klaviyo(
            KlaviyoSettings(url=tool.url, key=SecretStr(KlaviyoTool.key)), SINKS, send, clock.time
        ),
        _by_property,
    ),
    "customerio": Pair(
        CustomerIoTool,
        lambda tool, send, clock: CustomerIo(
            CustomerIoSettings(
                url=tool.url,
                site_id=CustomerIoTool.site,
                key=SecretStr(CustomerIoTool.key),
                app_url=tool.url,
                app_key=SecretStr(CustomerIoTool.app_key),
            ),
            SINKS,
            send,
            clock.time,
        ),
        _by_property,
    ),
    "iterable": Pair(
        IterableTool,
        lambda tool, send, clock: Iterable(
            IterableSettings(url=tool.url, key=SecretStr(IterableTool.key), list_id=IterableTool.list_id),
            SINKS,
            send,
            clock.time,
        ),
        lambda tool, person: IterableTool.list_id in tool.people[person]["emailListIds"],
    ),
    "sfmc": Pair(MarketingCloudTool, _cloud, _on_cloud_list),
}
BY_PROPERTY = ("braze", "klaviyo", "customerio")


def want(person: str, *, held: bool, number: int = 1) -> Wanted:
    return Wanted(person, CustomerId(person), OutputId(f"s-{person}-{number}"), held, ("promotion",), ("*",), ("lost",))


class Run(NamedTuple):
    """What a delivery came to."""

    done: Sequence[Delivered]
    told: list[Told]
    tool: Tool
    clock: VirtualTime

    def said(self, what: str) -> list[Told]:
        return [each for each in self.told if each.what == what]


def run(
    pair: Pair,
    people: Sequence[str],
    *batches: Sequence[Wanted],
    prepare: Callable[[Tool], None] = lambda _: None,
    settings: SinkSettings = SINKS,
) -> Run:
    """Deliver batches, one after the other, to a tool that knows these people."""
    clock, told = VirtualTime(), list[Told]()

    async def deliver() -> Run:
        async with served(pair.tool(clock, *people)) as tool, transport(5.0) as send:
            prepare(tool)
            courier = Courier(pair.sink(tool, send, clock), settings, clock.time, told.append)
            done = [await courier.deliver(batch) for batch in batches]
            return Run(done, told, tool, clock)

    return asyncio.run(deliver())


@pytest.mark.parametrize("name", PAIRS)
def test_a_hold_arrives_is_read_back_and_a_release_takes_only_it_away(name: str) -> None:
    pair = PAIRS[name]
    held = run(pair, ["ann", "bob"], [want("ann", held=True)])
    assert held.done == [Delivered(written=1)]
    assert pair.held(held.tool, "ann")
    assert not pair.held(held.tool, "bob")
    freed = run(pair, ["ann"], [want("ann", held=True)], [want("ann", held=False, number=2)])
    assert freed.done == [Delivered(written=1)] * 2
    assert not pair.held(freed.tool, "ann")
    assert freed.told == []


def test_the_merchants_own_lists_and_unsubscribes_stay_as_they_were() -> None:
    done = run(PAIRS["iterable"], ["ann"], [want("ann", held=True)], [want("ann", held=False)])
    assert done.tool.people["ann"] == {"emailListIds": [5], "unsubscribedChannelIds": [9]}


@pytest.mark.parametrize("name", BY_PROPERTY)
def test_what_the_merchant_keeps_on_a_profile_stays(name: str) -> None:
    def prepare(tool: Tool) -> None:
        tool.people["ann"]["favourite_colour"] = "green"

    done = run(PAIRS[name], ["ann"], [want("ann", held=True)], [want("ann", held=False, number=2)], prepare=prepare)
    assert done.tool.people["ann"]["favourite_colour"] == "green"
    assert {key for key in done.tool.people["ann"] if key != "favourite_colour"} == {
        "recovery_hold",
        *(f"recovery_hold_{part}" for part in ("classes", "channels", "reasons", "since", "ramp_until", "id")),
    }
    assert done.tool.people["ann"]["recovery_hold_id"] == "s-ann-2"


@pytest.mark.parametrize("name", [*BY_PROPERTY, "iterable"])
def test_somebody_the_tool_does_not_know_is_told_and_never_created(name: str) -> None:
    done = run(PAIRS[name], ["ann"], [want("ann", held=True), want("zoe", held=True)])
    assert set(done.tool.people) == {"ann"}
    assert done.done == [Delivered(written=2, unknown=1)]
    assert [told.suppression for told in done.said("unknown_person")] == ["s-zoe-1"]


MANY = {"braze": 2_000, "klaviyo": 800, "customerio": 400, "iterable": 200, "sfmc": 300}


@pytest.mark.parametrize("name", PAIRS)
def test_a_crowd_is_batched_within_the_limits_and_the_tool_never_says_too_many(name: str) -> None:
    pair, people = PAIRS[name], [f"c{number}" for number in range(MANY[name])]
    done = run(pair, people, [want(person, held=True) for person in people])
    assert done.tool.too_many == 0
    assert done.told == []
    assert done.done == [Delivered(written=len(people))]
    assert all(pair.held(done.tool, person) for person in people)


def test_braze_takes_75_a_request_and_klaviyo_no_more_than_700_updates_a_minute() -> None:
    people = [f"c{number}" for number in range(150)]
    tracked = [body for _, path, body in run(PAIRS["braze"], people, [want(p, held=True) for p in people]).tool.asked
               if path == "/users/track"]  # fmt: skip
    assert [len(json.loads(body)["attributes"]) for body in tracked] == [75, 75]
    crowd = [f"c{number}" for number in range(MANY["klaviyo"])]
    assert run(PAIRS["klaviyo"], crowd, [want(p, held=True) for p in crowd]).clock.now >= 60


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("status", [500, 503, None])
def test_a_tool_that_is_down_is_tried_again_with_growing_pauses(name: str, status: int | None) -> None:
    def prepare(tool: Tool) -> None:
        tool.troubles.extend(None if status is None else web.Response(status=status) for _ in range(4))

    pair = PAIRS[name]
    done = run(pair, ["ann"], [want("ann", held=True)], prepare=prepare)
    assert done.done == [Delivered(written=1)]
    assert pair.held(done.tool, "ann")
    # the client itself sends a GET or PUT once more when a kept connection breaks
    tries = len(done.said("retrying"))
    assert tries == 4 if status is not None else tries >= 2
    assert done.clock.slept[:tries] == [1, 2, 4, 8][:tries]


@pytest.mark.parametrize("name", ["klaviyo", "customerio", "iterable", "sfmc"])
def test_a_tool_that_says_when_to_come_back_is_left_alone_until_then(name: str) -> None:
    def prepare(tool: Tool) -> None:
        tool.troubles.append(web.Response(status=429, headers={"Retry-After": "17"}))

    done = run(PAIRS[name], ["ann"], [want("ann", held=True)], prepare=prepare)
    assert done.clock.slept[0] == 17


def test_a_word_of_0_is_not_taken_and_the_tools_word_makes_our_own_pauses_no_longer() -> None:
    def prepare(tool: Tool) -> None:
        tool.troubles.extend(web.Response(status=429, headers={"Retry-After": "0"}) for _ in range(5))
        tool.troubles.append(web.Response(status=503))

    done = run(PAIRS["klaviyo"], ["ann"], [want("ann", held=True)], prepare=prepare)
    assert done.clock.slept[:6] == [1, 1, 1, 1, 1, 1]


def test_braze_says_it_by_the_end_of_its_window_or_means_the_clock_hour() -> None:
    def reset(tool: Tool) -> None:
        stamp = str(int(tool.clock.time.wall()) + 40)
        tool.troubles.append(web.Response(status=429, headers={"X-RateLimit-Reset": stamp}))

    def silent(tool: Tool) -> None:
        tool.troubles.append(web.Response(status=429))

    pair, batch = PAIRS["braze"], [want("ann", held=True)]
    assert run(pair, ["ann"], batch, prepare=reset).clock.slept[0] == 41
    until_the_hour = 3_600 - VirtualTime().time.wall() % 3_600
    assert run(pair, ["ann"], batch, prepare=silent).clock.slept[0] == until_the_hour


def test_pauses_grow_no_longer_than_the_settings_say() -> None:
    def prepare(tool: Tool) -> None:
        tool.troubles.extend(web.Response(status=502) for _ in range(10))

    done = run(PAIRS["braze"], ["ann"], [want("ann", held=True)], prepare=prepare)
    assert done.clock.slept[:10] == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


@pytest.mark.parametrize("name", PAIRS)
def test_a_key_that_is_refused_is_waited_for_and_said_so(name: str) -> None:
    def prepare(tool: Tool) -> None:
        tool.troubles.append(web.Response(status=401))

    done = run(PAIRS[name], ["ann"], [want("ann", held=True)], prepare=prepare)
    assert done.done == [Delivered(written=1)]
    assert "refused" in done.said("retrying")[0].why


def test_nothing_that_is_told_names_a_person_or_a_key() -> None:
    def prepare(tool: Tool) -> None:
        assert isinstance(tool, BrazeTool)
        tool.banned.add("ann@example.com")
        tool.troubles.extend([web.Response(status=401), web.Response(status=500, text="ann@example.com"), None])

    done = run(PAIRS["braze"], [], [want("ann@example.com", held=True)], prepare=prepare)
    said = " ".join(f"{told.what} {told.why}" for told in done.told)
    assert "example.com" not in said
    assert BrazeTool.key not in said


def test_one_person_that_braze_refuses_does_not_keep_the_others_back() -> None:
    def prepare(tool: Tool) -> None:
        assert isinstance(tool, BrazeTool)
        tool.banned.add("bob")

    done = run(PAIRS["braze"], ["ann", "bob"], [want("bob", held=True), want("ann", held=True)], prepare=prepare)
    assert done.done == [Delivered(written=1, refused=1)]
    assert done.said("refused") == [Told("braze", "refused", "'external_id' is invalid", "s-bob-1")]


def test_a_request_refused_as_a_whole_is_halved_until_the_one_is_found() -> None:
    class Picky(BrazeTool):
        async def track(self, request: web.Request) -> web.Response:
            told = await request.json()
            if any(each["external_id"] == "c5" for each in told["attributes"]):
                return web.json_response({"message": "invalid"}, status=400)
            return await super().track(request)

    people = [f"c{number}" for number in range(8)]
    pair = PAIRS["braze"]._replace(tool=Picky)
    done = run(pair, people, [want(person, held=True) for person in people])
    assert done.done == [Delivered(written=7, refused=1)]
    assert [told.suppression for told in done.said("refused")] == ["s-c5-1"]
    assert [person for person in people if not pair.held(done.tool, person)] == ["c5"]


def test_a_tool_that_applies_later_is_read_again_and_one_that_never_does_is_told() -> None:
    def later(tool: Tool) -> None:
        tool.lag = 2

    def never(tool: Tool) -> None:
        tool.lag = 99

    pair, batch = PAIRS["braze"], [want("ann", held=True)]
    assert run(pair, ["ann"], batch, prepare=later).done == [Delivered(written=1)]
    denied = run(pair, ["ann"], batch, prepare=never)
    assert denied.done == [Delivered(written=1, unconfirmed=1)]
    assert [told.suppression for told in denied.said("unconfirmed")] == ["s-ann-1"]
    assert denied.clock.slept == [2, 4, 8, 16, 32]


def test_the_same_record_twice_writes_the_same_and_of_two_the_last_counts() -> None:
    once = want("ann", held=True)
    done = run(PAIRS["klaviyo"], ["ann"], [once], [once])
    assert done.tool.people["ann"]["recovery_hold_id"] == "s-ann-1"
    both = run(PAIRS["klaviyo"], ["ann"], [once, want("ann", held=False, number=2)])
    assert both.tool.people["ann"]["recovery_hold"] is False
    assert [method for method, _, _ in both.tool.asked].count("PATCH") == 1


def test_salesforce_takes_a_held_contact_out_of_the_named_journeys_fifty_a_call() -> None:
    pair = PAIRS["sfmc"]._replace(sink=lambda tool, send, clock: _cloud(tool, send, clock, "welcome"))
    people = [f"c{number}" for number in range(60)]
    done = run(pair, people, [want(person, held=True) for person in people], [want("c0", held=False, number=2)])
    assert isinstance(done.tool, MarketingCloudTool)
    assert done.tool.exits == [(person, "welcome") for person in people]
    assert done.told == []


def test_an_error_inside_a_202_is_found_and_the_hold_itself_stands() -> None:
    def prepare(tool: Tool) -> None:
        assert isinstance(tool, MarketingCloudTool)
        tool.stuck.add("c1")

    pair = PAIRS["sfmc"]._replace(sink=lambda tool, send, clock: _cloud(tool, send, clock, "welcome"))
    done = run(pair, ["c0", "c1"], [want("c0", held=True), want("c1", held=True)], prepare=prepare)
    assert [told.suppression for told in done.said("refused")] == ["s-c1-1"]
    assert isinstance(done.tool, MarketingCloudTool)
    assert done.tool.on_list == {"c0", "c1"}


def test_salesforces_token_is_renewed_when_it_ends() -> None:
    people = ["ann", "bob"]

    def prepare(tool: Tool) -> None:
        assert isinstance(tool, MarketingCloudTool)
        tool.troubles.extend(web.Response(status=503, headers={"Retry-After": "1100"}) for _ in range(1))

    done = run(PAIRS["sfmc"], people, [want("ann", held=True)], [want("bob", held=True)], prepare=prepare)
    assert isinstance(done.tool, MarketingCloudTool)
    assert done.tool.tokens == 2
    assert done.tool.on_list == {"ann", "bob"}


def test_somebody_salesforce_has_no_subscriber_for_is_refused_and_told() -> None:
    done = run(PAIRS["sfmc"], ["ann"], [want("zoe", held=True), want("ann", held=True)])
    assert done.done == [Delivered(written=1, refused=1)]
    assert done.said("refused")[0].why == "list update failed with error 12014"


def test_without_a_key_for_the_app_api_nothing_is_read_back_from_customerio() -> None:
    def sink(tool: Tool, send: Transport, clock: VirtualTime) -> CustomerIo:
        settings = CustomerIoSettings(url=tool.url, site_id=CustomerIoTool.site, key=SecretStr(CustomerIoTool.key))
        return CustomerIo(settings, SINKS, send, clock.time)

    done = run(PAIRS["customerio"]._replace(sink=sink), ["ann"], [want("ann", held=True)])
    assert done.done == [Delivered(written=1)]
    assert [method for method, _, _ in done.tool.asked] == ["PUT"]
