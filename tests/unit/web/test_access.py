"""Tokens, sessions and rates: closed by default."""

from pathlib import Path

import pytest

from app.clock import Instant
from app.errors import SetupError
from app.web.access import SESSION_LASTS, Access, Role, access_from, add_line, line_of, new_token
from app.web.limits import Buckets

NOW = Instant(1_790_000_000_000)


def test_without_a_file_nobody_is_let_in(tmp_path: Path) -> None:
    assert access_from(tmp_path / "none").of_token("") is None


def test_a_token_is_kept_as_a_hash_that_only_its_owner_may_read(tmp_path: Path) -> None:
    token, file = new_token(), tmp_path / "run" / "tokens"
    add_line(file, line_of(token, [Role.GATE], "the mail tool"))
    assert token not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    bearer = access_from(file).of_token(token)
    assert bearer is not None
    assert bearer == ("the mail tool", frozenset({Role.GATE}))
    assert access_from(file).of_token(token + "x") is None


def test_a_line_that_is_none_of_ours_is_named_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("# ours\n\nroot  1234  me\n")
    with pytest.raises(SetupError, match=f"{file}:3: a line is"):
        access_from(file)


def test_an_auditor_may_what_an_operator_may_but_neither_asks_the_gate() -> None:
    lines = [line_of(role.value, [role], role.value) for role in Role]
    may = {}
    for role in Role:
        bearer = Access(lines).of_token(role.value)
        assert bearer is not None
        may[role] = {wanted for wanted in Role if bearer.may(wanted)}
    assert may == {
        Role.GATE: {Role.GATE},
        Role.OPERATOR: {Role.OPERATOR},
        Role.AUDITOR: {Role.OPERATOR, Role.AUDITOR},
    }


def test_a_one_time_link_works_once_and_only_as_one() -> None:
    access = Access(())
    token = access.one_time_token([Role.OPERATOR], "link")
    assert access.of_token(token) is None
    assert access.log_in(token, NOW) is None
    session = access.log_in_once(token, NOW)
    assert session is not None
    assert access.log_in_once(token, NOW) is None
    bearer = access.of_session(session, NOW)
    assert bearer is not None
    assert bearer.may(Role.OPERATOR)


def test_a_session_ends_when_its_time_is_over_or_its_bearer_leaves() -> None:
    access = Access([line_of("t", [Role.OPERATOR], "me")])
    session = access.log_in("t", NOW)
    assert session is not None
    assert access.of_session(session, Instant(NOW + SESSION_LASTS - 1)) is not None
    assert access.of_session(session, Instant(NOW + SESSION_LASTS)) is None
    access.log_out(session)
    assert access.of_session(session, NOW) is None


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Buckets(per_second=2, burst=3)
    assert [bucket.take("me", NOW) for _ in range(4)] == [True, True, True, False]
    assert bucket.empty("me", NOW)
    assert bucket.take("other", NOW)
    assert bucket.take("me", Instant(NOW + 500))
    assert not bucket.take("me", Instant(NOW + 500))
