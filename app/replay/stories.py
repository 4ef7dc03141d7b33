"""Stories: timelines in YAML, read and checked. The bundled ones stand in `stories/` beside this module.

A story gives `title`, `narrative`, `brand`, `zone`, `customers` (id: who) and `timeline`; `decisions: spoken` when the
decisions that say nothing are not listed, `policy` when it is not the default one. An entry of the timeline has
`at` (local time with its offset) and `say`, and is either an event (`topic`, `event`, `payload`) or, without a topic,
a move of the clock. An event's `occurred_at` is the entry's `at` unless the payload has one (it became known late),
its `event_id` the story's name and the entry's place. `expect` lists what must come out, each with the rows that yield
it (`rule`) and the computation (`because`). `!id [remedy, C-1, ...]` is the deterministic id of those parts.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from importlib import resources
from typing import Any, Final, TypeVar

import msgspec
import yaml

from app.clock import Instant, from_iso
from app.errors import MakegoodError
from app.ids import name_based
from app.replay.timeline import (
    AnyExpected,
    Entry,
    Event,
    ExpectedBriefing,
    ExpectedDeadLetter,
    ExpectedDecision,
    ExpectedEscalation,
    ExpectedGesture,
    ExpectedHold,
    ExpectedLedger,
    ExpectedNotice,
    ExpectedRamp,
    ExpectedRelease,
    ExpectedRemedy,
    ExpectedTombstone,
    Story,
)
from app.topics import INPUTS, Topic

Raw = dict[str, Any]
Built = TypeVar("Built")

_INPUT_NAMES: Final = tuple(topic.value for topic in INPUTS)
_STORY_KEYS: Final = {"title", "narrative", "brand", "zone", "policy", "decisions", "customers", "timeline"}
_ENTRY_KEYS: Final = {"at", "say", "topic", "event", "key", "payload", "expect", "line"}
_COMMON_KEYS: Final = {"customer", "at", "rule", "because", "line"}


class StoryError(MakegoodError):
    """A story file that cannot be played; the message names file, line and what to mend."""


def bundled() -> tuple[Story, ...]:
    """Return the stories that ship with the product, in the order of their names; StoryError for a broken one."""
    folder = resources.files("app.replay").joinpath("stories")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name)
    return tuple(parse(file.read_text(encoding="utf-8"), file.name) for file in files)


def parse(text: str, name: str) -> Story:
    """Read a story from YAML text; `name` is the file's, for messages. StoryError when it cannot be played."""
    try:
        raw = yaml.load(text, _Loader)  # noqa: S506 - the loader is safe: plain values and `!id` only
    except yaml.YAMLError as error:
        raise StoryError(f"{name}: not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise StoryError(f"{name}: a story is a mapping with title, narrative, brand, zone, customers and timeline")
    return _story(raw, _At(name, 1))


class _Loader(yaml.SafeLoader):
    """Plain YAML without dates, floats, `on` and `no`: what is not a whole number, true or false stays as written."""


def _mapping_with_line(loader: _Loader, node: yaml.MappingNode) -> Raw:
    mapping: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    if len(mapping) != len(node.value):
        raise yaml.constructor.ConstructorError(None, None, "a key stands twice in this mapping", node.start_mark)
    return _Lined(mapping, node.start_mark.line + 1)


def _id_of_parts(loader: _Loader, node: yaml.SequenceNode) -> str:
    return name_based(*(str(part) for part in loader.construct_sequence(node)))


class _Lined(dict[str, Any]):
    """A mapping that remembers the line it begins at."""

    def __init__(self, values: Mapping[str, Any], line: int) -> None:
        super().__init__(values)
        self.line = line


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag.rpartition(":")[2] not in {"timestamp", "float"} and not (tag.endswith(":bool") and first not in "tfTF")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_with_line)
_Loader.add_constructor("!id", _id_of_parts)


class _At:
    """Where in which file we are, for messages and for the defaults that an entry hands down."""

    def __init__(self, name: str, line: int) -> None:
        self.name = name
        self.line = line

    def inside(self, raw: object) -> "_At":
        return _At(self.name, raw.line if isinstance(raw, _Lined) else self.line)

    def fail(self, what: str) -> StoryError:
        return StoryError(f"{self.name}:{self.line}: {what}")

    def need(self, raw: Raw, key: str) -> Any:
        if key not in raw:
            raise self.fail(f"`{key}` is missing; there is {', '.join(raw) or 'nothing'}")
        return raw[key]

    def text(self, raw: Raw, key: str) -> str:
        value = self.need(raw, key)
        if not isinstance(value, str):
            raise self.fail(f"`{key}` must be text (put it in quotes), not {type(value).__name__}")
        return value.strip()

    def instant(self, raw: Raw, key: str) -> Instant:
        text = self.text(raw, key)
        try:
            return from_iso(text)
        except ValueError as error:
            raise self.fail(f"`{key}`: {text} is no time with an offset (2026-07-10T09:12:00+02:00)") from error

    def only(self, raw: Raw, known: set[str]) -> None:
        if unknown := set(raw) - known:
            raise self.fail(f"unknown key {', '.join(sorted(unknown))}; known here: {', '.join(sorted(known))}")


def _story(raw: Raw, at: _At) -> Story:
    at.only(raw, _STORY_KEYS)
    customers = at.need(raw, "customers")
    if not isinstance(customers, dict) or not all(isinstance(who, str) for who in customers.values()):
        raise at.fail("`customers` must map each customer's id to a few words about them")
    timeline = tuple(_entries(at.need(raw, "timeline"), at))
    return Story(
        name=at.name.removesuffix(".yaml"),
        title=at.text(raw, "title"),
        narrative=at.text(raw, "narrative"),
        brand=at.text(raw, "brand"),
        zone=at.text(raw, "zone"),
        policy=raw.get("policy", "default"),
        all_decisions=raw.get("decisions", "all") == "all",
        customers=dict(customers),
        timeline=timeline,
    )


def _entries(raw: object, at: _At) -> Iterator[Entry]:
    if not isinstance(raw, list) or not raw:
        raise at.fail("`timeline` must be a list of entries")
    before: Instant | None = None
    for place, item in enumerate(raw, 1):
        here = at.inside(item)
        if not isinstance(item, dict):
            raise here.fail("an entry of the timeline is a mapping with `at` and `say`")
        entry = _entry(item, here, f"{at.name.removesuffix('.yaml')}-{place}")
        if before is not None and entry.at < before:
            raise here.fail(f"`at` {item['at']} lies before the entry above it; entries stand in the order of time")
        before = entry.at
        yield entry


def _entry(raw: Raw, at: _At, event_id: str) -> Entry:
    at.only(raw, _ENTRY_KEYS)
    moment = at.instant(raw, "at")
    event = _event(raw, at, event_id)
    expect = tuple(_expected(item, moment, at.inside(item)) for item in raw.get("expect") or ())
    return Entry(line=at.line, at=moment, say=at.text(raw, "say"), event=event, expect=expect)


def _event(raw: Raw, at: _At, event_id: str) -> Event | None:
    if "topic" not in raw:
        if "event" in raw or "payload" in raw:
            raise at.fail("an event needs its `topic`; an entry without one only moves the clock")
        return None
    topic = at.text(raw, "topic")
    if topic not in _INPUT_NAMES:
        raise at.fail(f"topic {topic} is no input; inputs are {', '.join(_INPUT_NAMES)}")
    payload = at.need(raw, "payload")
    if not isinstance(payload, dict):
        raise at.fail("`payload` must be a mapping of the event's fields")
    whole = {"event_id": event_id, "occurred_at": raw["at"], **_plain(payload)}
    return Event(topic=Topic(topic), type=at.text(raw, "event"), payload=whole, key=raw.get("key"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _expected(raw: object, moment: Instant, at: _At) -> AnyExpected:
    if not isinstance(raw, dict):
        raise at.fail("an expectation is a mapping that begins with what is expected, such as `notice: ...`")
    kind = next((known for known in _READERS if known in raw), None)
    if kind is None:
        raise at.fail(f"what is expected? It must have one of {', '.join(_READERS)}")
    reader, keys = _READERS[kind]
    at.only(raw, keys | _COMMON_KEYS | {kind})
    rules = raw.get("rule", [])
    common = {
        "line": at.line,
        "customer": raw.get("customer"),
        "at": at.instant(raw, "at") if "at" in raw else moment,
        "rules": tuple([rules] if isinstance(rules, str) else rules),
        "because": str(raw.get("because", "")).strip(),
    }
    return reader(raw, at, common)


def _ledger(raw: Raw, at: _At, common: Raw) -> ExpectedLedger:
    holds = tuple(_hold(item, at.inside(item)) for item in raw["suppressed"])
    return ExpectedLedger(holds=holds, hold_audio=tuple(raw.get("hold_audio", ())), **common)


def _hold(raw: Raw, at: _At) -> ExpectedHold:
    return _checked(ExpectedHold, {**raw, "since": at.instant(raw, "since")}, at)


def _release(raw: Raw, at: _At, common: Raw) -> ExpectedRelease:
    return ExpectedRelease(ramp=tuple(_ramp(item, at.inside(item)) for item in raw["released"]), **common)


def _ramp(raw: Raw, at: _At) -> ExpectedRamp:
    rest = {key: value for key, value in raw.items() if key != "from"}
    return _checked(ExpectedRamp, {**rest, "from_": at.instant(raw, "from")}, at)


def _tombstone(raw: Raw, at: _At, common: Raw) -> ExpectedTombstone:
    return ExpectedTombstone(**{**common, "customer": at.text(raw, "forgotten")})


def _notice(raw: Raw, at: _At, common: Raw) -> ExpectedNotice:
    text = raw.get("text", [])
    return ExpectedNotice(
        template=at.text(raw, "notice"),
        to=at.text(raw, "to"),
        fields={key: str(value) for key, value in raw.get("fields", {}).items()},
        text=tuple([text] if isinstance(text, str) else text),
        ordinal=int(raw.get("ordinal", 1)),
        **common,
    )


def _remedy(raw: Raw, at: _At, common: Raw) -> ExpectedRemedy:
    return ExpectedRemedy(
        occasion=at.text(raw, "remedy"),
        apology=raw.get("apology"),
        gestures=tuple(_gesture(item, at.inside(item)) for item in raw.get("gestures", ())),
        remedy=raw.get("id"),
        attempt=int(raw.get("attempt", 1)),
        **common,
    )


def _gesture(raw: Raw, at: _At) -> ExpectedGesture:
    money: Raw = {key: _amount(raw, key, at) for key in ("amount", "cost") if key in raw}
    terms = {key: str(value) for key, value in raw.get("terms", {}).items()}
    return _checked(ExpectedGesture, {**raw, **money, "terms": terms}, at)


def _amount(raw: Raw, key: str, at: _At) -> Decimal:
    try:
        return Decimal(str(raw[key]))
    except InvalidOperation as error:
        raise at.fail(f"`{key}` must be a decimal amount such as 20.00") from error


def _escalation(raw: Raw, at: _At, common: Raw) -> ExpectedEscalation:
    return ExpectedEscalation(
        reason=at.text(raw, "escalation"),
        owner=at.text(raw, "owner"),
        authority=raw.get("authority"),
        act_by=at.instant(raw, "act_by") if "act_by" in raw else None,
        budget=_amount(raw, "budget", at) if "budget" in raw else None,
        freeze=raw.get("freeze"),
        **common,
    )


def _briefing(raw: Raw, _at: _At, common: Raw) -> ExpectedBriefing:
    return ExpectedBriefing(summary=_pieces(raw["briefing"]), **common)


def _decision(raw: Raw, _at: _At, common: Raw) -> ExpectedDecision:
    return ExpectedDecision(changes=_pieces(raw["decided"]), **common)


def _dead_letter(raw: Raw, at: _At, common: Raw) -> ExpectedDeadLetter:
    return ExpectedDeadLetter(reason=at.text(raw, "dead_letter"), field=raw.get("field"), **common)


def _pieces(raw: object) -> tuple[str, ...]:
    return tuple(str(piece) for piece in raw) if isinstance(raw, list) else (str(raw),)


def _checked(kind: type[Built], raw: Raw, at: _At) -> Built:
    try:
        return msgspec.convert(dict(raw), kind)
    except msgspec.ValidationError as error:
        raise at.fail(f"{kind.__name__.removeprefix('Expected').lower()}: {error}") from error


_Reader = Callable[[Raw, _At, Raw], AnyExpected]
_READERS: Final[dict[str, tuple[_Reader, set[str]]]] = {
    "suppressed": (_ledger, {"hold_audio"}),
    "released": (_release, set()),
    "forgotten": (_tombstone, set()),
    "notice": (_notice, {"to", "fields", "text", "ordinal"}),
    "remedy": (_remedy, {"apology", "gestures", "id", "attempt"}),
    "escalation": (_escalation, {"owner", "authority", "act_by", "budget", "freeze"}),
    "briefing": (_briefing, set()),
    "decided": (_decision, set()),
    "dead_letter": (_dead_letter, {"field"}),
}
