"""A site served for a test leaves nothing behind that a later test would be blamed for."""

import asyncio
import gc
import http.client
import threading
from typing import Any

import pytest
from aiohttp import web

from app.errors import SetupError
from app.web import pages
from app.web.access import Role
from tests.support.error_log import errors_logged
from tests.support.told_site import TOKENS, empty_site, served


def test_a_page_whose_reader_has_gone_is_ended_with_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    async def never_ready(_: web.Request) -> dict[str, Any]:
        begun.set()
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(pages, "_board_values", never_ready)
    with errors_logged() as seen:
        with served(empty_site()) as address:
            reader = http.client.HTTPConnection(address.removeprefix("http://"))
            reader.request("GET", "/board", headers={"Authorization": f"Bearer {TOKENS[Role.OPERATOR]}"})
            assert begun.wait(20)
            reader.close()
        gc.collect()
    assert [record.getMessage() for record in seen] == []


def test_a_site_that_cannot_be_served_says_so_at_once() -> None:
    with served(empty_site()) as address:
        other = empty_site()
        same_port = other.settings.model_copy(update={"port": int(address.rpartition(":")[2])})
        with pytest.raises(SetupError, match="cannot serve on"), served(other._replace(settings=same_port)):
            pass
