"""Who may ask what: bearer tokens for programs, a session after log-in for people. Nothing is open by default.

Only hashes of tokens are kept, in a file of one line each: `role,role  sha256  name`. A token has 256 random bits, so
a plain SHA-256 of it cannot be searched for.
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from app.clock import HOUR, Instant
from app.errors import SetupError

_PREFIX: Final = "mg_"
_LINE: Final = re.compile(r"([a-z,]+)\s+([0-9a-f]{64})\s+(\S.*)")
SESSION_LASTS: Final = 12 * HOUR
_MOST_SESSIONS: Final = 1_000
_OWNER_ONLY: Final = 0o600


class Role(StrEnum):
    """What a token lets its bearer do.

    gate: ask whether a message may go. operator: see the boards, customers by their id, and the planners' lists.
    auditor: beside that the words that were said to customers and the inputs of every rule.
    """

    GATE = "gate"
    OPERATOR = "operator"
    AUDITOR = "auditor"


IMPLIED: Final = {Role.AUDITOR: frozenset({Role.AUDITOR, Role.OPERATOR})}


class Bearer(NamedTuple):
    """Somebody whose token is known."""

    name: str
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        """Say whether this bearer has a role, by itself or by a higher one."""
        return any(role in IMPLIED.get(mine, {mine}) for mine in self.roles)


class _Known(NamedTuple):
    digest: str
    bearer: Bearer


class _Session(NamedTuple):
    """Who logged in until when; `digest` is the token's, None for a one-time token."""

    bearer: Bearer
    until: Instant
    digest: str | None


def new_token() -> str:
    """Return a new token; it is shown once and kept nowhere."""
    return _PREFIX + secrets.token_urlsafe(32)


def line_of(token: str, roles: Iterable[Role], name: str) -> str:
    """Return the line that lets a token in, without the token."""
    return f"{','.join(sorted(roles))}  {_digest(token)}  {name}\n"


def add_line(file: Path, line: str) -> None:
    """Append a line to the tokens' file, which only its owner may read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWNER_ONLY), "a", encoding="utf-8") as out:
        out.write(line)


class Access:
    """Tokens and sessions. `one_time` tokens let their bearer log in once."""

    def __init__(self, lines: Iterable[str], where: str = "tokens") -> None:
        self._known = _all_read(lines, where)
        self._one_time: list[_Known] = []
        self._sessions: dict[str, _Session] = {}

    def renew(self, lines: Iterable[str], where: str = "tokens") -> None:
        """Know these tokens instead; who logged in with one that is gone is logged out.

        SetupError for a line that is none of ours, and then nothing changes.
        """
        self._known = _all_read(lines, where)
        left = {known.digest for known in self._known}
        self._sessions = {key: one for key, one in self._sessions.items() if one.digest is None or one.digest in left}

    def bearers(self) -> tuple[Bearer, ...]:
        """Return everybody whose token is known, in the order of the file."""
        return tuple(known.bearer for known in self._known)

    def of_token(self, token: str) -> Bearer | None:
        """Return whose token this is. Every known one is compared, in constant time."""
        return _match(self._known, token)

    def one_time_token(self, roles: Iterable[Role], name: str, token: str | None = None) -> str:
        """Return a token that logs in once: a new one, or the one that is given."""
        token = new_token() if token is None else token
        self._one_time.append(_Known(_digest(token), Bearer(name, frozenset(roles))))
        return token

    def log_in(self, token: str, now: Instant) -> str | None:
        """Return a new session's id for a token, None for an unknown one."""
        bearer = self.of_token(token)
        return None if bearer is None else self._session(bearer, now, _digest(token))

    def log_in_once(self, token: str, now: Instant) -> str | None:
        """Return a new session's id for a one-time token, which is used up; None for any other."""
        bearer = _match(self._one_time, token)
        self._one_time = [known for known in self._one_time if known.bearer is not bearer]
        return None if bearer is None else self._session(bearer, now)

    def _session(self, bearer: Bearer, now: Instant, digest: str | None = None) -> str:
        self._sessions = {key: held for key, held in self._sessions.items() if held.until > now}
        while len(self._sessions) >= _MOST_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        session = secrets.token_urlsafe(32)
        self._sessions[_digest(session)] = _Session(bearer, Instant(now + SESSION_LASTS), digest)
        return session

    def of_session(self, session: str, now: Instant) -> Bearer | None:
        """Return who logged in to a session that still lasts."""
        held = self._sessions.get(_digest(session))
        return held.bearer if held is not None and held.until > now else None

    def log_out(self, session: str) -> None:
        """End a session."""
        self._sessions.pop(_digest(session), None)


def access_from(file: Path) -> Access:
    """Read the tokens' file; without one nobody is let in. SetupError for a line that is none of ours."""
    return Access(lines_of(file), str(file))


def lines_of(file: Path) -> list[str]:
    """Return the lines of the tokens' file, none when there is no file."""
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _digest(token: str) -> str:
    # a header may hold bytes that are no text; they are nobody's token, not an error of ours
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _match(known: Iterable[_Known], token: str) -> Bearer | None:
    digest = _digest(token)
    found: Bearer | None = None
    for one in known:
        if hmac.compare_digest(one.digest, digest):
            found = one.bearer
    return found


def _all_read(lines: Iterable[str], where: str) -> tuple[_Known, ...]:
    return tuple(_read(line, f"{where}:{number}") for number, line in enumerate(lines, 1) if _counts(line))


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _read(line: str, where: str) -> _Known:
    parts = _LINE.fullmatch(line.strip())
    roles = set(parts[1].split(",")) if parts else set()
    if parts is None or not roles <= {role.value for role in Role}:
        raise SetupError(
            f"{where}: a line is `role  sha256  name`, roles are {', '.join(Role)}: "
            "make one with `makegood web token new ROLE`"
        )
    return _Known(parts[2], Bearer(parts[3].strip(), frozenset(Role(role) for role in roles)))
