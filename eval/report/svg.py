"""Small SVG charts that are readable in both light and dark pages, with a title for readers.

No meaning is told by colour alone: series also differ in pattern of their marks, and the report
puts a table with the same figures beside every chart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from eval.metrics import Figure

FONT = "font-family:system-ui,sans-serif;font-size:12px"
INK, GRID, PAPER = "#1b1b1b", "#d5d5d5", "#ffffff"
COLOURS = ("#0b5cad", "#c25700", "#3b7d23", "#7a3e9d", "#8a6d00")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2")
LEFT, TOP, RIGHT, BOTTOM = 56, 40, 16, 44


@dataclass(frozen=True, slots=True)
class Line:
    """Points of a curve, x and y in [0, 1]."""

    name: str
    points: Sequence[tuple[float, float]]


def bars(title: str, groups: Mapping[str, Mapping[str, Figure]]) -> str:
    """Bars of each group side by side, with whiskers for the intervals; values in [0, 1]."""
    names = list(next(iter(groups.values())))
    bar, gap = 16, 18
    group_width = bar * len(names) + gap
    width, height = LEFT + group_width * len(groups) + RIGHT, 300
    plot = _Plot(max(width, 360), height)
    parts = [plot.axes("", "", 0)]
    for place, (group, figures) in enumerate(groups.items()):
        x = LEFT + place * group_width + gap / 2
        for number, name in enumerate(names):
            left = x + number * bar
            parts.append(_bar(plot, left, bar - 2, figures[name], number))
        middle = x + bar * len(names) / 2
        parts.append(_text(middle, height - BOTTOM + 16, group, "middle"))
    parts.append(_legend(names, height - 10))
    return _page(plot.width, height, title, parts)


def curves(title: str, lines: Sequence[Line], x_label: str, y_label: str, low: float = 0.0) -> str:
    """Curves in the unit square; the y axis starts at `low`."""
    plot = _Plot(440, 340, low)
    parts = [plot.axes(x_label, y_label, 1)]
    for number, line in enumerate(lines):
        parts.append(_path(plot, line, number))
    parts.append(_legend([line.name for line in lines], 330))
    return _page(440, 340, title, parts)


def reliability_diagram(title: str, lines: Sequence[Line]) -> str:
    """Said confidence against the share that was right; the diagonal is perfect."""
    plot = _Plot(440, 360)
    parts = [plot.axes("confidence", "share right", 1)]
    start, end = plot.at(0, 0), plot.at(1, 1)
    parts.append(
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
        f' stroke="{INK}" stroke-dasharray="3 3" opacity="0.6"/>'
    )
    for number, line in enumerate(lines):
        parts.append(_path(plot, line, number))
        for x, y in (plot.at(*point) for point in line.points):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{_colour(number)}"/>')
    parts.append(_legend([line.name for line in lines], 350))
    return _page(440, 360, title, parts)


def heat_map(title: str, matrix: Mapping[str, Mapping[str, float]], rows: str, columns: str) -> str:
    """A cell per pair, the darker the higher, with its value written in it."""
    side, left, top = 58, 92, 72
    names = list(next(iter(matrix.values())))
    width, height = left + side * len(names) + RIGHT, top + side * len(matrix) + RIGHT
    parts = [
        _text(left + side * len(names) / 2, top - 26, columns, "middle"),
        f'<text x="16" y="{top + side * len(matrix) / 2:.0f}" style="{FONT}" fill="{INK}"'
        f' text-anchor="middle" transform="rotate(-90 16 {top + side * len(matrix) / 2:.0f})">'
        f"{escape(rows)}</text>",
    ]
    parts += [_text(left + side * (n + 0.5), top - 8, x, "middle") for n, x in enumerate(names)]
    for line, (name, values) in enumerate(matrix.items()):
        y = top + side * line
        parts.append(_text(left - 10, y + side / 2 + 4, name, "end"))
        for place, column in enumerate(names):
            parts.append(_cell(left + side * place, y, side, values[column]))
    return _page(max(width, 320), height, title, parts)


class _Plot:
    """A unit square on the page."""

    def __init__(self, width: float, height: float, low: float = 0.0) -> None:
        self.width, self.height, self.low = width, height, low

    def at(self, x: float, y: float) -> tuple[float, float]:
        inner_width = self.width - LEFT - RIGHT
        inner_height = self.height - TOP - BOTTOM - 14
        share = (y - self.low) / (1 - self.low)
        return LEFT + x * inner_width, TOP + (1 - max(share, 0.0)) * inner_height

    def axes(self, x_label: str, y_label: str, x_ticks: int) -> str:
        parts = []
        for tick in range(6):
            value = self.low + (1 - self.low) * tick / 5
            left, y = self.at(0, value)
            right, _ = self.at(1, value)
            parts.append(
                f'<line x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="{GRID}"/>'
            )
            parts.append(_text(left - 8, y + 4, f"{value:.2f}", "end"))
            if x_ticks:
                x, bottom = self.at(tick / 5, self.low)
                parts.append(_text(x, bottom + 15, f"{tick / 5:.1f}", "middle"))
        middle, bottom = self.at(0.5, self.low)
        parts.append(_text(middle, bottom + 29, x_label, "middle"))
        parts.append(_text(LEFT - 40, TOP - 8, y_label, "start"))
        return "".join(parts)


def _bar(plot: _Plot, left: float, width: float, figure: Figure, number: int) -> str:
    _, top = plot.at(0, figure.value)
    _, bottom = plot.at(0, 0)
    _, high = plot.at(0, figure.high)
    _, low = plot.at(0, figure.low)
    middle = left + width / 2
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width}" height="{bottom - top:.1f}"'
        f' fill="{_colour(number)}" fill-opacity="{1 - 0.15 * number:.2f}"/>'
        f'<line x1="{middle}" x2="{middle}" y1="{high:.1f}" y2="{low:.1f}" stroke="{INK}"/>'
    )


def _cell(x: float, y: float, side: float, value: float) -> str:
    share = min(max(value, 0.0), 1.0)
    ink = PAPER if share > 0.55 else INK
    return (
        f'<rect x="{x}" y="{y}" width="{side - 2}" height="{side - 2}" fill="{COLOURS[0]}"'
        f' fill-opacity="{share:.3f}" stroke="{GRID}"/>'
        f'<text x="{x + side / 2 - 1}" y="{y + side / 2 + 4}" style="{FONT}" fill="{ink}"'
        f' text-anchor="middle">{value:.3f}</text>'
    )


def _path(plot: _Plot, line: Line, number: int) -> str:
    if not line.points:
        return ""
    steps = " ".join("{:.1f},{:.1f}".format(*plot.at(*point)) for point in line.points)
    return (
        f'<polyline points="{steps}" fill="none" stroke="{_colour(number)}" stroke-width="2"'
        f' stroke-dasharray="{DASHES[number % len(DASHES)]}"/>'
    )


def _legend(names: Sequence[str], y: float) -> str:
    parts, x = [], float(LEFT)
    for number, name in enumerate(names):
        parts.append(
            f'<line x1="{x}" x2="{x + 20}" y1="{y - 4}" y2="{y - 4}" stroke="{_colour(number)}"'
            f' stroke-width="4" stroke-dasharray="{DASHES[number % len(DASHES)]}"/>'
        )
        parts.append(_text(x + 25, y, name, "start"))
        x += 40 + 7.2 * len(name)
    return "".join(parts)


def _page(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    heading = f'<text x="12" y="20" style="{FONT};font-weight:600" fill="{INK}">'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>"
        f'<rect width="100%" height="100%" fill="{PAPER}"/>'
        f"{heading}{escape(title)}</text>{''.join(parts)}</svg>\n"
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" style="{FONT}" fill="{INK}"'
        f' text-anchor="{anchor}">{escape(text)}</text>'
    )


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
