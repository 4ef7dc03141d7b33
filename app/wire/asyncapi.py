"""docs/asyncapi.yaml: every topic as AsyncAPI 3.0, written from the schemas and the topics' declaration."""

import json
from typing import Any, Final

import yaml

from app.topics import INPUTS, OUTPUTS, Declaration, Topic, declarations
from app.wire.catalog import Catalog, EventSchema, examples
from app.wire.record_keys import key_field

Json = dict[str, Any]


_BINDING: Final = "0.5.0"
_AVRO: Final = "application/vnd.apache.avro+json;version=1.9.0"
_WIDTH: Final = 120
_NUMBERS: Final = frozenset({"retention.ms", "delete.retention.ms"})
_SHOWN: Final = frozenset({"cleanup.policy", *_NUMBERS, "message.timestamp.type"})
"""What of a topic's configuration its readers and writers must know."""

_SAYS: Final = {
    Topic.ORDERS: "What happens to journeys of every kind: orders, reservations, trade-ins, returns.",
    Topic.TRACKING_SCANS: "What carriers say of parcels.",
    Topic.CASE_EVENTS: "What happens between a customer and the service desk.",
    Topic.CUSTOMERS: "Profile snapshots, merged customers, erasures.",
    Topic.CAMPAIGNS: "Planned sends, offers and coupon terms, hold-audio playlists.",
    Topic.REMEDY_OUTCOMES: "What became of a remedy, and what was given by hand.",
    Topic.OPERATOR_DECISIONS: "A person decided: hold, release, approve, refuse, write off, close, quarantine, act.",
    Topic.SUPPRESSIONS: "Who is held from which marketing, one record per customer as it stands now.",
    Topic.REMEDIES: "Apologies with their gestures, each once.",
    Topic.NOTICES: "What to tell whom, in words that name what is missing.",
    Topic.ESCALATIONS: "One named owner, and why.",
    Topic.BRIEFINGS: "The whole history for whoever talks to the customer next.",
    Topic.DECISIONS: "Each decision with its cause, the rules that fired and what they read.",
    Topic.DEAD_LETTERS: "What was refused, why, and where it stands.",
}
_OURS: Final = "Makegood's own working topic: neither write nor read it. Its form may change with any version."
_TITLE: Final = """Real-time service recovery on Kafka: what may be sent to Makegood, and what it says.
Values are Avro: single-object encoding (the bytes C3 01 and the schema's CRC-64-AVRO fingerprint, as x-fingerprint has
it) or Confluent's wire format (00, the registry's id in 4 bytes, big endian) if MAKEGOOD_SCHEMA_REGISTRY_URL is set.
Topic names begin with MAKEGOOD_TOPIC_PREFIX, empty by default. Read outputs with isolation.level=read_committed.
docs/events.md says the same for people, docs/roles who needs which part of it.""".replace("\n", " ")
_HEAD: Final = "# Written by `makegood schemas doc`; change the schemas or app/topics.py, not this file.\n"


def asyncapi_document(catalog: Catalog, version: str) -> str:
    """Return the whole of docs/asyncapi.yaml; `version` is the product's."""
    whole = asyncapi(catalog, version)
    return _HEAD + yaml.dump(whole, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


def asyncapi(catalog: Catalog, version: str) -> Json:
    """Return the document as AsyncAPI 3.0: a channel for each topic, a message for each event."""
    contract = [schema for schema in catalog.all() if schema.topic in _SAYS]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Makegood",
            "version": version,
            "description": _TITLE,
            "tags": [
                {"name": "input", "description": "Written by others, read by Makegood."},
                {"name": "output", "description": "Written by Makegood, read by others."},
                {"name": "internal", "description": _OURS},
            ],
        },
        "defaultContentType": "avro/binary",
        "servers": _servers(),
        "channels": {declared.topic.value: _channel(declared, contract) for declared in declarations()},
        "operations": {
            **{f"receive.{topic}": _operation("receive", topic, contract) for topic in INPUTS},
            **{f"send.{topic}": _operation("send", topic, contract) for topic in OUTPUTS},
        },
        "components": {"messages": {_name(schema): _message(catalog, schema) for schema in contract}},
    }


def _servers() -> Json:
    host = {
        "host": "{bootstrap}",
        "variables": {"bootstrap": {"default": "127.0.0.1:9092", "description": "KAFKA_BOOTSTRAP"}},
        "bindings": {"kafka": {"bindingVersion": _BINDING}},
    }
    plain = {"protocol": "kafka", "description": "KAFKA_SECURITY_PROTOCOL=PLAINTEXT: a laptop."}
    login = [{"type": "scramSha512"}, {"type": "scramSha256"}, {"type": "plain"}, {"type": "X509"}]
    secure = {
        "protocol": "kafka-secure",
        "description": "SASL_SSL or SSL: docs/managed-kafka.md.",
        "security": login,
    }
    return {"plain": host | plain, "secure": host | secure}


def _channel(declared: Declaration, contract: list[EventSchema]) -> Json:
    topic = declared.topic
    names = [_name(schema) for schema in contract if schema.topic is topic]
    return {
        "address": topic.value,
        "title": topic.value,
        "description": _SAYS.get(topic, _OURS),
        **({"messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names}} if names else {}),
        "tags": [{"name": "input" if topic in INPUTS else "output" if topic in OUTPUTS else "internal"}],
        "bindings": {"kafka": {"topicConfiguration": _configuration(declared), "bindingVersion": _BINDING}},
    }


def _configuration(declared: Declaration) -> Json:
    config = {name: value for name, value in declared.config().items() if name in _SHOWN}
    return {
        name: [value] if name == "cleanup.policy" else int(value) if name in _NUMBERS else value
        for name, value in config.items()
    }


def _operation(action: str, topic: Topic, contract: list[EventSchema]) -> Json:
    channel = f"#/channels/{topic}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": _SAYS[topic],
        "messages": [{"$ref": f"{channel}/messages/{_name(schema)}"} for schema in contract if schema.topic is topic],
        "bindings": {"kafka": {"bindingVersion": _BINDING}},
    }


def _message(catalog: Catalog, schema: EventSchema) -> Json:
    return {
        "name": schema.fullname,
        "title": schema.event,
        "summary": schema.declared["doc"],
        "payload": {"schemaFormat": _AVRO, "schema": schema.declared},
        "examples": [
            {"name": path.stem, "payload": json.loads(path.read_text(encoding="utf-8"))}
            for path in examples(catalog, schema, "good")[:1]
        ],
        "bindings": {"kafka": {"key": {"type": "string", "description": _key(schema)}, "bindingVersion": _BINDING}},
        "x-fingerprint": schema.fingerprint.hex(),
    }


def _key(schema: EventSchema) -> str:
    if schema.topic is Topic.DEAD_LETTERS:
        return "the dead letter's id"
    if schema.topic in OUTPUTS:
        return "customer"
    field = key_field(field["name"] for field in schema.declared["fields"])
    return f"the sender's choice; {field} keeps the order of what belongs together" if field else "the sender's choice"


def _name(schema: EventSchema) -> str:
    return f"{schema.topic}.{schema.event}.v{schema.major}"


class _Dumper(yaml.SafeDumper):
    """Writes the same part again where it stands again: references of YAML are no references of AsyncAPI."""

    def ignore_aliases(self, data: object) -> bool:
        """Return that nothing is replaced by an alias."""
        del data
        return True
