"""A webhook's mapping declared in YAML (docs/adapters.md), checked against our schemas when it is loaded.

Every mistake is a PolicyError that names file and line: an unknown event or field, a required field left out, a path
that is no JSONPath, a word that an enumeration does not know.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jsonpath

from app.adapters.signatures import STANDARD, Scheme
from app.decide.source import Place, Tree, read_yaml
from app.errors import SetupError
from app.topics import INPUTS, Topic
from app.wire.catalog import Catalog, JsonSchema


class Taken(NamedTuple):
    """A JSONPath (RFC 9535) into the body, or with `of_item` into the thing that an `each` found."""

    written: str
    query: jsonpath.JSONPath | jsonpath.CompoundJSONPath
    of_item: bool
    place: Place


class Value(NamedTuple):
    """Where a field's value comes from: `paths` joined by `joint`, or with none of them the constant `text`.

    `words` translates what was found; `otherwise` stands for words not listed, None: they are kept as they are.
    `as_text`: the field is text, so a number found becomes text.
    """

    paths: tuple[Taken, ...]
    joint: str
    text: str | None
    words: Mapping[str, str]
    otherwise: str | None
    as_text: bool
    required: bool
    place: Place


class Record(NamedTuple):
    """A record within an event; with `each`, a list of them, one for each thing found."""

    fields: "Mapping[str, Value | Record]"
    each: Taken | None
    place: Place


class Rule(NamedTuple):
    """One event that a body may come to: `when` the value at a path is one of these words, for `each` thing found."""

    when: tuple[Taken, frozenset[str]] | None
    each: Taken | None
    topic: Topic
    event: str
    fields: "Mapping[str, Value | Record]"


class Mapped(NamedTuple):
    """A whole mapping; `source` is its name in the webhook's address."""

    source: str
    scheme: Scheme | None
    """None: Standard Webhooks."""
    rules: tuple[Rule, ...]


def load(path: Path, catalog: Catalog) -> Mapped:
    """Read a mapping file; PolicyError names the line that may not be used, SetupError a file that cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror or error}") from error
    tree = read_yaml(str(path), content).only("a mapping", ("source", "events"), ("signature",))
    source = tree["source"].text("source")
    if not source.replace("_", "").replace("-", "").isalnum() or not source.isascii():
        tree["source"].place.refuse("source must be letters, digits, _ and -: it stands in the webhook's address")
    rules = tuple(_rule(item, catalog) for item in tree["events"].items("events"))
    if not rules:
        tree["events"].place.refuse("events must name at least one event")
    return Mapped(source, _scheme(tree.get("signature")), rules)


def _scheme(tree: Tree | None) -> Scheme | None:
    if tree is None or tree.value == STANDARD:
        return None
    optional = ("encoding", "prefix", "timestamp_header", "template")
    given = tree.only(f"signature (or `{STANDARD}`)", ("header",), optional)
    encoding = given["encoding"].one_of("encoding", frozenset({"hex", "base64"})) if "encoding" in given else "hex"
    texts = {name: given[name].text(name) for name in ("prefix", "timestamp_header", "template") if name in given}
    if "template" in texts and texts["template"].count("{body}") != 1:
        given["template"].place.refuse("template must hold {body} once; {timestamp} is put in beside it")
    return Scheme(given["header"].text("header"), encoding, **texts)


def _rule(tree: Tree, catalog: Catalog) -> Rule:
    entry = tree.only("an event", ("topic", "event", "fields"), ("when", "each"))
    topics = {topic.value: topic for topic in INPUTS}
    topic = topics[entry["topic"].one_of("topic", topics)]
    known = {event: schema for (where, event), schema in catalog.events.items() if where is topic}
    event = entry["event"].one_of(f"event of {topic}", known)
    each = _taken(entry["each"]) if "each" in entry else None
    fields = _fields(entry["fields"], known[event].declared, _Names({}, each is not None))
    return Rule(_when(entry.get("when")), each, topic, event, fields)


def _when(tree: Tree | None) -> tuple[Taken, frozenset[str]] | None:
    if tree is None:
        return None
    entry = tree.only("when", ("path", "is"))
    words = entry["is"]
    chosen = (words.text("is"),) if isinstance(words.value, str) else words.words("is")
    return _taken(entry["path"]), frozenset(chosen)


class _Names(NamedTuple):
    """The named types met so far, and whether there is an item that `@` can mean."""

    types: dict[str, JsonSchema]
    item: bool


def _fields(tree: Tree, schema: JsonSchema, names: _Names) -> "dict[str, Value | Record]":
    known = {field["name"]: field for field in schema["fields"]}
    made: dict[str, Value | Record] = {}
    nodes = {name: _node(field["type"], names) for name, field in known.items()}
    for name, child in tree.mapping("fields").items():
        if name not in known:
            child.place.refuse(f"{schema['name']} has no field `{name}`; it has {', '.join(sorted(known))}")
        made[name] = _field(child, nodes[name], names, required="default" not in known[name])
    for name, field in known.items():
        if "default" not in field and name not in made:
            tree.place.refuse(f"{schema['name']} needs `{name}`: {field.get('doc', '')}")
    return made


def _node(declared: Any, names: _Names) -> JsonSchema:
    """Return a field's type without null; named types are found by name after their first use."""
    if isinstance(declared, list):
        declared = next(item for item in declared if item != "null")
    if isinstance(declared, str):
        return names.types.get(declared.rpartition(".")[2], {"type": declared})
    if "name" in declared:
        names.types[declared["name"]] = declared
    node: JsonSchema = declared
    return node


def _field(tree: Tree, node: JsonSchema, names: _Names, *, required: bool) -> "Value | Record":
    if node["type"] == "record":
        entry = tree.only(f"a {node['name']}", ("fields",))
        return Record(_fields(entry["fields"], node, names), None, tree.place)
    if node["type"] == "array":
        inner = _node(node["items"], names)
        if inner["type"] != "record":
            tree.place.refuse("a list of plain values cannot be mapped; leave it out")
        entry = tree.only("a list", ("each", "fields"))
        deeper = names._replace(item=True)
        return Record(_fields(entry["fields"], inner, deeper), _taken(entry["each"], item=names.item), tree.place)
    return _value(tree, node, names, required=required)


def _value(tree: Tree, node: JsonSchema, names: _Names, *, required: bool) -> Value:
    as_text = node["type"] in {"string", "enum"}
    symbols = frozenset(node["symbols"]) if node["type"] == "enum" else None
    if isinstance(tree.value, str):
        text = tree.text("a field")
        if text[0] in "$@":
            return Value((_taken(tree, item=names.item),), "", None, {}, None, as_text, required, tree.place)
        _word(tree, symbols)
        return Value((), "", text, {}, None, as_text, required, tree.place)
    entry = tree.only("a field", (), ("path", "join", "with", "words", "otherwise"))
    if ("path" in entry) == ("join" in entry):
        tree.place.refuse("a field is a text, or has `path` or `join` (one of them)")
    parts = [entry["path"]] if "path" in entry else entry["join"].items("join")
    listed = entry["words"].mapping("words") if "words" in entry else {}
    words = {word: _word(child, symbols) for word, child in listed.items()}
    otherwise = _word(entry["otherwise"], symbols) if "otherwise" in entry else None
    joint = entry["with"].text("with") if "with" in entry else "/"
    paths = tuple(_taken(part, item=names.item) for part in parts)
    return Value(paths, joint, None, words, otherwise, as_text, required, tree.place)


def _word(tree: Tree, symbols: frozenset[str] | None) -> str:
    return tree.text("a word") if symbols is None else tree.one_of("a word", symbols)


def _taken(tree: Tree, *, item: bool = False) -> Taken:
    """Return a path; `item`: there is something that `@` means here."""
    text = tree.text("a path")
    of_item = text.startswith("@")
    if not text.startswith(("$", "@")):
        tree.place.refuse(f"a path begins with $ (the body) or @ (what `each` found): `{text}`")
    if of_item and not item:
        tree.place.refuse("@ means what `each` found, and there is no `each` here")
    try:
        query = jsonpath.compile("$" + text[1:])
    except jsonpath.JSONPathError as error:
        tree.place.refuse(f"`{text}` is no JSONPath: {str(error).splitlines()[0]}")
    return Taken(text, query, of_item, tree.place)
