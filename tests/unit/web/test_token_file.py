"""Tokens made or taken out while the process runs."""

import asyncio
from pathlib import Path

import pytest

from app.clock import Instant
from app.web.access import Access, Role, access_from, add_line, line_of
from app.web.token_file import keep_tokens

NOW = Instant(1_790_000_000_000)
PATIENCE = 20.0


async def until(access: Access, token: str, *, known: bool) -> None:
    async with asyncio.timeout(PATIENCE):
        while (access.of_token(token) is not None) is not known:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.01)


def kept(file: Path, access: Access) -> asyncio.Task[None]:
    return asyncio.create_task(keep_tokens(access, file, every=0.01))


def test_a_token_counts_once_it_is_made_and_no_longer_once_it_is_taken_out(tmp_path: Path) -> None:
    file = tmp_path / "tokens"

    async def run() -> None:
        access = access_from(file)
        task = kept(file, access)
        add_line(file, line_of("first", [Role.OPERATOR], "first"))
        await until(access, "first", known=True)
        session = access.log_in("first", NOW)
        assert session is not None
        assert access.of_session(session, NOW) is not None
        file.write_text(line_of("second", [Role.GATE], "second"), encoding="utf-8")
        await until(access, "first", known=False)
        assert access.of_token("second") is not None
        assert access.of_session(session, NOW) is None
        file.unlink()
        await until(access, "second", known=False)
        task.cancel()

    asyncio.run(run())


def test_who_came_by_a_one_time_link_stays_when_tokens_change(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    access = access_from(file)
    session = access.log_in_once(access.one_time_token([Role.OPERATOR], "link"), NOW)
    assert session is not None
    access.renew([line_of("new", [Role.GATE], "new")])
    assert access.of_session(session, NOW) is not None


@pytest.mark.expects_error_log("tokens_not_read")
def test_a_broken_file_is_told_and_the_old_tokens_count(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    add_line(file, line_of("first", [Role.GATE], "first"))

    async def run() -> None:
        access = access_from(file)
        task = kept(file, access)
        broken = tmp_path / "broken"
        broken.write_text("root 1234 me\n", encoding="utf-8")
        broken.replace(file)
        await asyncio.sleep(0.2)
        assert access.of_token("first") is not None
        file.write_text(line_of("second", [Role.GATE], "second"), encoding="utf-8")
        await until(access, "second", known=True)
        task.cancel()

    asyncio.run(run())
