"""Ports for the embedded broker: its two listeners never share one."""

from collections.abc import Iterator

import pytest

from app.broker import ports


def test_the_second_port_is_another_one_even_when_chance_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ports.free_port()
    chance: Iterator[int] = iter([first - 20_000, first - 20_000, *range(12_000)])
    monkeypatch.setattr("secrets.randbelow", lambda _: next(chance))
    assert ports.free_port(but=first) != first
