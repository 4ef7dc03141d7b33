"""Salesforce Marketing Cloud as a local server: tokens that end, a SOAP list, exits that answer 202 with errors inside.

No Salesforce instance was reached to make or check it.
"""

from typing import Final
from xml.etree import ElementTree as ET

from aiohttp import web

from app.sinks.pace import Rate
from tests.support.marketing_tools import Tool, VirtualTime, unauthorised

API: Final = "{http://exacttarget.com/wsdl/partnerAPI}"
_ANSWER: Final = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<Answer xmlns="http://exacttarget.com/wsdl/partnerAPI">{}</Answer></soap:Body></soap:Envelope>'
)
_EXPIRED: Final = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
    "<faultcode>q0:Security</faultcode><faultstring>Token Expired</faultstring></soap:Fault>"
    "</soap:Body></soap:Envelope>"
)


class MarketingCloudTool(Tool):
    """`on_list` is who is on the auto-suppression list; subscribers' Status is consent and must never be sent."""

    secret: Final = "sfmc-secret"
    list_id: Final = 42

    def __init__(self, clock: VirtualTime, *people: str) -> None:
        super().__init__(clock, {"soap": (Rate(2_000, 60.0),), "rest": (Rate(2_000, 60.0),)}, *people)
        self.on_list: set[str] = set()
        self.exits: list[tuple[str, str]] = []
        self.stuck: set[str] = set()
        self.tokens = 0
        self.until = 0.0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v2/token", self.token),
            web.post("/Service.asmx", self.limited("soap", self.soap)),
            web.post("/interaction/v1/interactions/contactexit", self.limited("rest", self.leave)),
        ]

    async def token(self, request: web.Request) -> web.Response:
        told = await request.json()
        if (told["client_id"], told["client_secret"], told["account_id"]) != ("app", self.secret, "1234"):
            return unauthorised()
        self.tokens += 1
        self.until = self.clock.now + 1_079
        return web.json_response({"access_token": f"t{self.tokens}", "expires_in": 1_079, "token_type": "Bearer"})

    def valid(self, token: str) -> bool:
        return token == f"t{self.tokens}" and self.clock.now < self.until

    async def soap(self, request: web.Request) -> web.Response:
        message = ET.fromstring(await request.text())
        if not self.valid(message.findtext(".//{http://exacttarget.com}fueloauth") or ""):
            return web.Response(status=500, text=_EXPIRED, content_type="text/xml")
        if request.headers["SOAPAction"] == "Update":
            return self.answer("".join(self.updated(each) for each in message.iter(f"{API}Objects")))
        assert request.headers["SOAPAction"] == "Retrieve"
        asked = [value.text or "" for value in message.findall(f".//{API}RightOperand/{API}Value")]
        assert message.findtext(f".//{API}LeftOperand/{API}Value") == str(self.list_id)
        members = [person for person in asked if person in self.on_list]
        return self.answer("".join(f"<Results><SubscriberKey>{who}</SubscriberKey></Results>" for who in members))

    def updated(self, subscriber: ET.Element) -> str:
        assert subscriber.find(f".//{API}Status") is None, "Status is consent"
        assert subscriber.find(f".//{API}EmailAddress") is None, "it would change the address"
        who = subscriber.findtext(f"{API}SubscriberKey") or ""
        (named,) = subscriber.findall(f"{API}Lists")
        assert named.findtext(f"{API}ID") == str(self.list_id), "not our list"
        action = named.findtext(f"{API}Action")
        if who not in self.people:
            return self.result("Error", "12014")
        if (action == "create") == (who in self.on_list):
            return self.result("Error", "13000")
        if action == "create":
            self.on_list.add(who)
        else:
            self.on_list.discard(who)
        return self.result("OK", "")

    def result(self, status: str, code: str) -> str:
        return f"<Results><StatusCode>{status}</StatusCode><ErrorCode>{code}</ErrorCode></Results>"

    def answer(self, inner: str) -> web.Response:
        return web.Response(text=_ANSWER.format(inner), content_type="text/xml")

    async def leave(self, request: web.Request) -> web.Response:
        if not self.valid(request.headers["Authorization"].removeprefix("Bearer ")):
            return unauthorised()
        contacts = await request.json()
        if len(contacts) > 50:
            return web.json_response({"message": "at most 50"}, status=400)
        errors = [{"contactKey": each["ContactKey"]} for each in contacts if each["ContactKey"] in self.stuck]
        self.exits += [
            (each["ContactKey"], each["DefinitionKey"]) for each in contacts if each["ContactKey"] not in self.stuck
        ]
        return web.json_response({"errors": errors}, status=202)
