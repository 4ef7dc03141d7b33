"""`makegood schemas`: what may be sent and said, and whether it still fits what was released."""

import click

from app.cli._json import json_option, say
from app.errors import SetupError
from app.settings import WorkerSettings
from app.shell.registry import RegistryClient
from app.wire.catalog import Catalog, load
from app.wire.compatibility import documents, problems, release


@click.group("schemas")
def command() -> None:
    """Avro schemas of every event and output: list, check, release, document, register."""


@command.command("list")
@json_option
def list_(*, in_json: bool) -> None:
    """Print every event with the fingerprint its records begin with.

    \b
    Example:
      makegood schemas list | grep suppression
    """
    for schema in _catalog().all():
        if in_json:
            say(
                {
                    "topic": schema.topic,
                    "event": schema.event,
                    "major": schema.major,
                    "name": schema.fullname,
                    "fingerprint": schema.fingerprint.hex(),
                }
            )
            continue
        print(f"{schema.label:<45} {schema.fingerprint.hex()}  {schema.fullname}")


@command.command()
@json_option
def check(*, in_json: bool) -> None:
    """Check docs, examples, releases and compatibility; exit code 1 when something is wrong.

    \b
    Example, before a change of a schema is committed:
      makegood schemas release && makegood schemas doc && makegood schemas check
    """
    catalog = _catalog()
    found = problems(catalog)
    for problem in found:
        if in_json:
            say({"problem": problem})
        else:
            print(problem)
    if found:
        raise SystemExit(1)
    if in_json:
        return
    print(f"{len(catalog.all())} schemas: documented, with examples, released, able to read every release")


@command.command("release")
@json_option
def release_(*, in_json: bool) -> None:
    """Copy the schemas that changed into a new folder of schemas/released.

    \b
    Example, once a field with a default was added:
      makegood schemas release
    """
    folder = release(_catalog())
    if in_json:
        say({"released": folder is not None, "folder": folder})
        return
    print("nothing changed since the last release" if folder is None else f"released into {folder}")


@command.command()
@json_option
def doc(*, in_json: bool) -> None:
    """Write docs/events.md and docs/asyncapi.yaml (AsyncAPI 3.0, every topic) from the schemas and topics.

    \b
    Example:
      makegood schemas doc
    """
    catalog = _catalog()
    for place, text in documents(catalog).items():
        file = catalog.folder.parent / place
        file.write_text(text, encoding="utf-8")
        if in_json:
            say({"wrote": file})
        else:
            print(f"wrote {file}")


@command.command()
@json_option
def register(*, in_json: bool) -> None:
    """Register every schema with MAKEGOOD_SCHEMA_REGISTRY_URL; doing it twice changes nothing.

    \b
    Example:
      MAKEGOOD_SCHEMA_REGISTRY_URL=http://127.0.0.1:8080/apis/ccompat/v7 makegood schemas register
    """
    worker = WorkerSettings()
    url = worker.schema_registry_url
    if url is None:
        raise SetupError("no registry: set MAKEGOOD_SCHEMA_REGISTRY_URL, e.g. http://127.0.0.1:8080/apis/ccompat/v7")
    client = RegistryClient(url, worker.topic_prefix)
    schemas = load(worker.schema_dir).all()
    client.register(schemas)
    for schema in schemas:
        if in_json:
            say({"id": client.id_of(schema), "subject": client.subject(schema)})
        else:
            print(f"{client.id_of(schema):>6}  {client.subject(schema)}")


def _catalog() -> Catalog:
    return load(WorkerSettings().schema_dir)
