"""Lines over two axes as SVG: no library, readable in light and dark."""

from collections.abc import Callable, Mapping
from math import log10
from typing import Final

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 392, 64, 190, 56, 52
_COLOURS: Final = ("#1f77b4", "#d95f02", "#2a9d60", "#8e44ad", "#7f6000")
_SVG: Final = 'font-family="sans-serif" font-size="12" role="img"'
_STEPS: Final = 5
_NEAT: Final = (1, 2, 2.5, 5, 10)
_ASIDE: Final = 24

Across = Callable[[float], float]
"""Where a value stands across the drawing."""


def lines(
    title: str, across: str, up: str, series: Mapping[str, Mapping[int, float]], *, in_decades: bool = False
) -> str:
    """Return a drawing of series of points; one named `state_bytes` is left out, it has another unit.

    `in_decades`: each factor of ten takes as much room across as the next.
    """
    shown = {name: points for name, points in series.items() if name != "state_bytes"}
    every_x = sorted({x for points in shown.values() for x in points})
    across_to = _decades(every_x[0], every_x[-1]) if in_decades else _linear(every_x[-1])
    most_y = _neat(max(y for points in shown.values() for y in points.values()))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_SVG} aria-label="{title}">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15" fill="#222">{title}</text>',
        *_grid(most_y, up),
        *_ticks(every_x, across_to, across),
    ]
    ends: list[tuple[float, float, str, str]] = []
    for number, (name, points) in enumerate(shown.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        places = [(across_to(x), _y(y, most_y)) for x, y in points.items()]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        ends.append((places[-1][1], places[-1][0], name, colour))
    taken: list[float] = []
    # from the lowest line up: a label that must give way goes up, and stays in the lines' order
    for y, x, name, colour in sorted(ends, reverse=True):
        parts.append(f'<text x="{x + 8:.1f}" y="{_apart(y, taken) + 4:.1f}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _grid(most: float, up: str) -> list[str]:
    parts = [f'<text x="{_LEFT - 48}" y="{_TOP - 14}" fill="#555">{up}</text>']
    for step in range(_STEPS + 1):
        value = most * step / _STEPS
        y = _y(value, most)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{value:,.0f}</text>')
    return parts


def _ticks(values: list[int], across_to: Across, across: str) -> list[str]:
    y = _HEIGHT - _BOTTOM
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts = [f'<text x="{middle:.0f}" y="{_HEIGHT - 12}" text-anchor="middle" fill="#555">{across}</text>']
    last = -100.0
    for value in values:
        x = across_to(value)
        if x - last > 24:
            last = x
            parts.append(f'<text x="{x:.1f}" y="{y + 18}" text-anchor="middle" fill="#555">{value:,}</text>')
    return parts


def _apart(y: float, taken: list[float]) -> float:
    """Return where a label stands so that it covers no other."""
    while any(abs(y - other) < 15 for other in taken):
        y -= 1
    taken.append(y)
    return y


def _neat(value: float) -> float:
    power = 10.0 ** (len(str(int(value))) - 1)
    return next(step * power for step in _NEAT if step * power >= value)


def _linear(most: float) -> Across:
    return lambda value: _LEFT + (_WIDTH - _RIGHT - _LEFT) * value / most


def _decades(least: float, most: float) -> Across:
    # the first point stands apart from the axis, where its value is not nought
    span = log10(most / least) or 1.0
    return lambda value: _LEFT + _ASIDE + (_WIDTH - _RIGHT - _LEFT - _ASIDE) * log10(value / least) / span


def _y(value: float, most: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * value / most
