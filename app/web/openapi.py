"""The OpenAPI document of the gate, made from its handlers and types."""

from typing import Any, Final

import msgspec
from aiohttp import web

from app.web import api
from app.web.access import Role
from app.web.contract import Batch, BatchAnswer, Exclusion, HoldAudio, MaySend, Question, Refusal, SevereCase
from app.web.gate import CLASSES, KNOWN_CHANNELS
from app.web.requests import needed

Json = dict[str, Any]

_REF: Final = "#/components/schemas/{name}"
_TYPES: Final = (Question, Batch, BatchAnswer, MaySend, HoldAudio, Exclusion, SevereCase, Refusal)
_CLASS: Final = {"type": "string", "enum": list(CLASSES)}
_CHANNEL: Final = {"type": "string", "enum": [*KNOWN_CHANNELS, "*"], "default": "*"}
_REFUSALS: Final = {
    "400": "A word or field of the question is wrong.",
    "401": "No token, or none that is known.",
    "403": "The token lacks the role.",
    "413": "The body is too large.",
    "429": "Too many calls.",
}


def document(version: str) -> Json:
    """Return the document as OpenAPI 3.1."""
    _, components = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Makegood gate",
            "version": version,
            "description": "May this message go to this customer now? Asked just before a send.",
        },
        "paths": {path: {method: _operation(handler, path)} for method, path, handler in _handlers()},
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _handlers() -> list[tuple[str, str, Any]]:
    found = []
    for route in api.routes:
        assert isinstance(route, web.RouteDef)
        forms = ("csv", "json") if "{form" in route.path else ("",)
        found += [(route.method.lower(), route.path.replace("{form:csv|json}", form), route.handler) for form in forms]
    return found


def _operation(handler: Any, path: str) -> Json:
    roles = sorted(role.value for role in needed(handler) or (Role.GATE,))
    summary, _, more = handler.__doc__.partition("\n")
    operation: Json = {
        "operationId": handler.__name__ + {"csv": "_csv", "json": "_json"}.get(path.rpartition(".")[2], ""),
        "summary": summary,
        "description": f"{' '.join(more.split())} Roles: {', '.join(roles)}.".strip(),
        "parameters": _parameters(handler, path),
        "responses": {"200": _answer(handler, path), **{code: _refused(text) for code, text in _REFUSALS.items()}},
    }
    if body := _BODIES.get(handler.__name__):
        content, kind = body
        operation["requestBody"] = {"required": True, "content": {content: {"schema": _ref(kind)}}}
    return operation


_BODIES: Final = {"may_send_many": (api.JSON, Batch), "may_send_stream": (api.NDJSON, Question)}
_ANSWERS: Final = {
    "may_send_one": (api.JSON, MaySend),
    "may_send_many": (api.JSON, BatchAnswer),
    "may_send_stream": (api.NDJSON, MaySend),
    "hold_audio": (api.JSON, HoldAudio),
    "list_exclusions": ("", Exclusion),
    "list_campaign_exclusions": ("", Exclusion),
    "list_severe_cases": ("", SevereCase),
}


def _parameters(handler: Any, path: str) -> list[Json]:
    found: list[Json] = []
    if "{id}" in path:
        words = "The campaign." if "/campaigns/" in path else "The shop's own id of the customer, no other."
        found.append({"name": "id", "in": "path", "required": True, "description": words, "schema": {"type": "string"}})
    if handler.__name__ in {"may_send_one", "may_send_stream", "list_exclusions"}:
        must = handler is api.may_send_one
        words = "Message class." if must else "Message class; promotion if absent."
        found.append({"name": "class", "in": "query", "required": must, "description": words, "schema": _CLASS})
        found.append({"name": "channel", "in": "query", "description": "Channel; any if absent.", "schema": _CHANNEL})
    return found


def _answer(handler: Any, path: str) -> Json:
    content, kind = _ANSWERS[handler.__name__]
    if path.endswith(".csv"):
        return {"description": "A row a customer.", "content": {api.CSV: {"schema": {"type": "string"}}}}
    if content:
        return {"description": handler.__doc__.partition("\n")[0], "content": {content: {"schema": _ref(kind)}}}
    rows = {"type": "array", "items": _ref(kind)}
    listed = {
        "type": "object",
        "required": ["rows", "freshness"],
        "properties": {"rows": rows, "freshness": {"$ref": _REF.format(name="FreshnessShown")}},
    }
    return {"description": "A row a customer.", "content": {api.JSON: {"schema": listed}}}


def _refused(text: str) -> Json:
    return {"description": text, "content": {api.JSON: {"schema": _ref(Refusal)}}}


def _ref(kind: type[Any]) -> Json:
    return {"$ref": _REF.format(name=kind.__name__)}
