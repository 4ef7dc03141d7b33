"""Records of an older version in today's encoding: a field added since says its default, and nothing differs."""

from dataclasses import replace

from aiokafka import ConsumerRecord

from app.directory import stored as aliases
from app.emit.records import Emit, decode_output
from app.facts import decode_entry, decode_fact, encode_entry, encode_fact
from app.journey import stored as customers
from app.journey.state import is_reserved
from app.register import state as register
from app.stage import tick_of
from app.topics import OUTPUTS, Topic
from app.wire.codec import bundled_codec

_emit = Emit(bundled_codec())


def in_todays_words(topic: Topic, record: ConsumerRecord) -> ConsumerRecord:
    """Return a record whose value is what today's code would have written for what it says."""
    if record.value is None or record.key is None or tick_of(record) is not None:
        return record
    value = _rewritten(topic, record.key, record.value)
    return record if value is None else replace(record, value=value)


def _rewritten(topic: Topic, key: bytes, value: bytes) -> bytes | None:
    if topic in OUTPUTS:
        output = decode_output(topic, value)
        return None if output is None else _emit.record(output).value
    match topic:
        case Topic.JOURNEY_LOG | Topic.REGISTER_LOG:
            return encode_fact(decode_fact(value))
        case Topic.DIRECTORY:
            return encode_entry(decode_entry(value))
        case Topic.DIRECTORY_CHANGELOG:
            return aliases.encode_state(aliases.decode_state(value), aliases.stored_due(value))
        case Topic.JOURNEY_CHANGELOG if not is_reserved(key):
            return customers.encode_state(customers.decode_state(value), customers.stored_due(value))
        case Topic.REGISTER_CHANGELOG if not is_reserved(key):
            return register.encode_entry(register.decode_entry(value), register.stored_due(value))
        case _:
            return None
