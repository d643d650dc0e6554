"""Bar charts as static SVG: a bar for each value, and a line at the goal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, LABELS, NUMBERS, ROW, TOP = 720, 230, 70, 26, 34
MEASURED, GOAL, INK = "#3b6ea5", "#c0392b", "#24292f"


class Value(NamedTuple):
    """A bar: its label and its length."""

    label: str
    number: float


def bar_chart(title: str, values: Sequence[Value], goal: float | None = None) -> str:
    """The chart as an SVG document. `goal` is drawn as a line over all bars."""
    most = max([each.number for each in values] + ([goal] if goal is not None else [])) or 1
    scale = (WIDTH - LABELS - NUMBERS) / most
    height = TOP + ROW * len(values) + (ROW if goal is not None else 8)
    parts = [_text(0, 18, title, weight="bold")]
    for row, each in enumerate(values):
        y = TOP + ROW * row
        parts.append(_text(LABELS - 8, y + 14, each.label, anchor="end"))
        parts.append(
            f'<rect x="{LABELS}" y="{y}" width="{each.number * scale:.1f}" height="{ROW - 8}" fill="{MEASURED}"/>'
        )
        parts.append(_text(LABELS + each.number * scale + 6, y + 14, f"{each.number:g}"))
    if goal is not None:
        x, end = LABELS + goal * scale, TOP + ROW * len(values)
        line = f'x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{end}" stroke="{GOAL}" stroke-width="2"'
        parts += [f"<line {line}/>", _text(x, end + 16, f"goal {goal:g}", anchor="middle", fill=GOAL)]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="13">\n<title>{escape(title)}</title>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _text(x: float, y: float, words: str, *, anchor: str = "start", fill: str = INK, weight: str = "normal") -> str:
    place = f'x="{x:.1f}" y="{y}" text-anchor="{anchor}" fill="{fill}" font-weight="{weight}"'
    return f"<text {place}>{escape(words)}</text>"
