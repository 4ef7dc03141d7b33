"""The few SOAP messages of Marketing Cloud that we send, and what their answers say."""

from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from app.sinks.talking import TryLater

_API: Final = "http://exacttarget.com/wsdl/partnerAPI"
_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"


def envelope(action: str, token: str, body: str) -> bytes:
    """Return a whole message; the token stands in its header."""
    return (
        f'<s:Envelope xmlns:s="{_SOAP}" xmlns:xsi="{_XSI}"><s:Header>'
        f'<fueloauth xmlns="http://exacttarget.com">{escape(token)}</fueloauth></s:Header>'
        f"<s:Body><!-- {action} -->{body}</s:Body></s:Envelope>"
    ).encode()


def update(list_id: int, action: str, persons: Sequence[str]) -> str:
    """Return an update of subscribers that only touches one list: `action` is create or delete. No Status, ever."""
    objects = "".join(
        f'<Objects xsi:type="Subscriber"><SubscriberKey>{escape(person)}</SubscriberKey>'
        f"<Lists><ID>{list_id}</ID><Action>{action}</Action></Lists></Objects>"
        for person in persons
    )
    return f'<UpdateRequest xmlns="{_API}"><Options/>{objects}</UpdateRequest>'


def retrieve(list_id: int, persons: Sequence[str]) -> str:
    """Return a question: which of these are on the list."""
    operator = "IN" if len(persons) > 1 else "equals"
    values = "".join(f"<Value>{escape(person)}</Value>" for person in persons)
    return (
        f'<RetrieveRequestMsg xmlns="{_API}"><RetrieveRequest><ObjectType>ListSubscriber</ObjectType>'
        "<Properties>SubscriberKey</Properties><Properties>ListID</Properties>"
        '<Filter xsi:type="ComplexFilterPart">'
        f'<LeftOperand xsi:type="SimpleFilterPart"><Property>ListID</Property><SimpleOperator>equals</SimpleOperator>'
        f"<Value>{list_id}</Value></LeftOperand><LogicalOperator>AND</LogicalOperator>"
        '<RightOperand xsi:type="SimpleFilterPart"><Property>SubscriberKey</Property>'
        f"<SimpleOperator>{operator}</SimpleOperator>{values}</RightOperand></Filter>"
        "</RetrieveRequest></RetrieveRequestMsg>"
    )


def results(body: bytes) -> list[tuple[str, str]]:
    """Return (status, error code) of each object of an update, in order; its message may name a person."""
    found = _parsed(body).iter(f"{{{_API}}}Results")
    return [(_text(each, "StatusCode"), _text(each, "ErrorCode")) for each in found]


def members(body: bytes) -> frozenset[str]:
    """Return the subscribers that an answer names."""
    return frozenset(_text(each, "SubscriberKey") for each in _parsed(body).iter(f"{{{_API}}}Results"))


def expired(body: bytes) -> bool:
    """Say whether an answer is the fault of a token that is too old: it comes with status 500."""
    return b"<faultstring>Token Expired</faultstring>" in body


def _parsed(body: bytes) -> ET.Element:
    if b"<!DOCTYPE" in body:
        # the only use of a document type here would be to blow the answer up
        raise TryLater("an answer with a document type, which SOAP forbids")
    try:
        return ET.fromstring(body)  # noqa: S314 - no document type, so no entities
    except ET.ParseError:
        raise TryLater("an answer that is no XML") from None


def _text(element: ET.Element, name: str) -> str:
    return (element.findtext(f"{{{_API}}}{name}") or "").strip()
