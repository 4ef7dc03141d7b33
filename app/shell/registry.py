"""A Confluent-compatible schema registry: our schemas registered at start, writers' schemas fetched by id.

Synchronous and on the standard library: it is asked at start and once per writer schema, never per record.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any, Final

from app.errors import SetupError
from app.wire.catalog import EventSchema, JsonSchema

TIMEOUT_SECONDS: Final = 5.0
"""How long one answer may take. A worker that meets an unknown writer stands still meanwhile, so well below the session
timeout of 8 s."""

_MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"
_NOT_FOUND: Final = 404


class RegistryClient:
    """Implements `wire.codec.Registry`. Subjects are `<topic>-<record name>`: a topic carries several events."""

    def __init__(self, url: str, topic_prefix: str = "") -> None:
        if not url.startswith(("http://", "https://")):
            msg = f"MAKEGOOD_SCHEMA_REGISTRY_URL must begin with http:// or https://, is {url!r}"
            raise SetupError(msg)
        self._url = url.rstrip("/")
        self._prefix = topic_prefix
        self._ids: dict[str, int] = {}

    def register(self, schemas: Iterable[EventSchema]) -> None:
        """Register schemas and ask for backward compatibility; SetupError names the subject that is refused."""
        for schema in schemas:
            subject = self.subject(schema)
            # Apicurio answers for a subject only once it has a version
            answer = self._ask("POST", f"/subjects/{subject}/versions", _body(schema.declared))
            self._ask("PUT", f"/config/{subject}", {"compatibility": "BACKWARD"})
            self._ids[schema.label] = int(answer["id"])

    def subject(self, schema: EventSchema) -> str:
        """Return the subject of a schema (TopicRecordNameStrategy)."""
        return f"{self._prefix}{schema.topic}-{schema.fullname}"

    def id_of(self, schema: EventSchema) -> int:
        """Return the registry's id of a schema of ours, registering it when that was not done yet."""
        if schema.label not in self._ids:
            self.register([schema])
        return self._ids[schema.label]

    def writer(self, schema_id: int) -> JsonSchema | None:
        """Return a writer's schema, None when the registry does not know the id or it is no Avro record.

        SetupError when the registry does not answer: records must not be refused because it is away.
        """
        try:
            answer = self._ask("GET", f"/schemas/ids/{schema_id}")
        except _UnknownError:
            return None
        if answer.get("schemaType", "AVRO") != "AVRO":
            return None
        declared = json.loads(answer["schema"])
        return declared if isinstance(declared, dict) else None

    def compatibility(self, schema: EventSchema) -> str:
        """Return the compatibility that the registry holds a subject to."""
        answer = self._ask("GET", f"/config/{self.subject(schema)}")
        return str(answer["compatibilityLevel"])

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": _MEDIA_TYPE, "Accept": _MEDIA_TYPE},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                answer: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            raise self._refused(method, path, error) from None
        except (OSError, ValueError) as error:
            msg = f"the schema registry at {self._url} does not answer ({error}): start it or mend its URL"
            raise SetupError(msg) from error
        return answer

    def _refused(self, method: str, path: str, error: urllib.error.HTTPError) -> SetupError:
        text = error.read().decode(errors="replace").strip()
        msg = f"the schema registry at {self._url} refused {method} {path} with {error.code}: {text}"
        return _UnknownError(msg) if error.code == _NOT_FOUND else SetupError(msg)


class _UnknownError(SetupError):
    """The registry has no such thing."""


def _body(declared: JsonSchema) -> dict[str, Any]:
    return {"schema": json.dumps(declared), "schemaType": "AVRO"}
