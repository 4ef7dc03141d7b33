"""`makegood schemas`: what may be sent and said, and whether it still fits what was released."""

from importlib.metadata import version

import click

from app.errors import SetupError
from app.settings import WorkerSettings
from app.shell.registry import RegistryClient
from app.wire.asyncapi import ASYNCAPI_DOCUMENT, asyncapi_document
from app.wire.catalog import Catalog, load
from app.wire.compatibility import EVENTS_DOCUMENT, problems, release
from app.wire.document import document


@click.group("schemas")
def command() -> None:
    """Avro schemas of every event and output: list, check, release, document, register."""


@command.command("list")
def list_() -> None:
    """Print every event with the fingerprint its records begin with."""
    for schema in _catalog().all():
        print(f"{schema.label:<45} {schema.fingerprint.hex()}  {schema.fullname}")


@command.command()
def check() -> None:
    """Check docs, examples, releases and compatibility; exit code 1 when something is wrong."""
    catalog = _catalog()
    found = problems(catalog)
    for problem in found:
        print(problem)
    if found:
        raise SystemExit(1)
    print(f"{len(catalog.all())} schemas: documented, with examples, released, able to read every release")


@command.command("release")
def release_() -> None:
    """Copy the schemas that changed into a new folder of schemas/released."""
    folder = release(_catalog())
    print("nothing changed since the last release" if folder is None else f"released into {folder}")


@command.command()
def doc() -> None:
    """Write docs/events.md from the schemas."""
    catalog = _catalog()
    file = catalog.folder.parent / EVENTS_DOCUMENT
    file.write_text(document(catalog), encoding="utf-8")
    print(f"wrote {file}")


@command.command("asyncapi")
def asyncapi_() -> None:
    """Write docs/asyncapi.yaml (AsyncAPI 3.0, every topic) from the schemas and the topics' declaration."""
    catalog = _catalog()
    file = catalog.folder.parent / ASYNCAPI_DOCUMENT
    file.write_text(asyncapi_document(catalog, version("makegood")), encoding="utf-8")
    print(f"wrote {file}")


@command.command()
def register() -> None:
    """Register every schema with MAKEGOOD_SCHEMA_REGISTRY_URL; doing it twice changes nothing."""
    worker = WorkerSettings()
    url = worker.schema_registry_url
    if url is None:
        raise SetupError("no registry: set MAKEGOOD_SCHEMA_REGISTRY_URL, e.g. http://127.0.0.1:8080/apis/ccompat/v7")
    client = RegistryClient(url, worker.topic_prefix)
    schemas = load(worker.schema_dir).all()
    client.register(schemas)
    for schema in schemas:
        print(f"{client.id_of(schema):>6}  {client.subject(schema)}")


def _catalog() -> Catalog:
    return load(WorkerSettings().schema_dir)
