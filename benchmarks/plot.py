"""Bars in SVG, with no library: who does how many events a second, from least to most of the rounds."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

_WIDTH: Final = 900
_LABELS: Final = 290
"""Pixels on the left for names."""
_NOTES: Final = 190
"""Pixels on the right for figures, beyond the longest bar."""
_ROW: Final = 34
_BAR: Final = 20
_TOP: Final = 56
_BOTTOM: Final = 34
_OURS: Final = "#0b6e4f"
_OTHERS: Final = "#5b7083"
_INK: Final = "#1c2430"
_FAINT: Final = "#5a6472"


class Bar(NamedTuple):
    """One bar: its middle value and the least and most there were; `ours` is drawn to be found, `weak` is hollow."""

    name: str
    value: float
    least: float
    most: float
    note: str
    ours: bool
    weak: bool = False


def bars(title: str, under: str, rows: Sequence[Bar], key: str) -> str:
    """Return a chart as an SVG document; `under` stands below the title, `key` below the bars.

    The axis begins at zero. ValueError without rows.
    """
    height = _TOP + _ROW * len(rows) + _BOTTOM
    scale = (_WIDTH - _LABELS - _NOTES) / max(row.most for row in rows)
    spoken = "; ".join(f"{row.name}: {row.value:,.0f}" for row in rows)
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    label = quoteattr(f"{title}. {spoken}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={label} font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(16, 24, title, size=16, weight="bold"),
        _text(16, 43, under, size=12, fill=_FAINT),
        *(part for place, row in enumerate(rows) for part in _row(row, _TOP + _ROW * place, scale)),
        f'<line x1="{_LABELS}" x2="{_LABELS}" y1="{_TOP}" y2="{height - _BOTTOM}" stroke="{_FAINT}"/>',
        _text(16, height - 12, key, size=12, fill=_FAINT),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _row(row: Bar, top: float, scale: float) -> list[str]:
    colour = _OURS if row.ours else _OTHERS
    fill = f'fill="#ffffff" stroke="{colour}" stroke-width="1.5"' if row.weak else f'fill="{colour}"'
    middle = top + _ROW / 2
    least, most = _LABELS + row.least * scale, _LABELS + row.most * scale
    weight = "bold" if row.ours else "normal"
    return [
        _text(_LABELS - 10, middle + 4, row.name, size=13, anchor="end", weight=weight),
        f'<rect x="{_LABELS}" y="{middle - _BAR / 2:g}" width="{row.value * scale:.1f}" height="{_BAR}" {fill}/>',
        f'<line x1="{least:.1f}" x2="{most:.1f}" y1="{middle:g}" y2="{middle:g}" stroke="{_INK}" stroke-width="1.5"/>',
        _text(most + 8, middle + 4, f"{row.value:,.0f}", size=13, weight=weight),
        _text(most + 8 + 8 * len(f"{row.value:,.0f}"), middle + 4, row.note, size=12, fill=_FAINT),
    ]


def _text(
    x: float, y: float, text: str, *, size: int, anchor: str = "start", weight: str = "normal", fill: str = _INK
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{fill}">{escape(text)}</text>'
    )
