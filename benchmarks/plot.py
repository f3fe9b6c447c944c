"""Figures as SVG, written by hand: a chart of few lines needs no library."""

from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from benchmarks.campaign import Results
from benchmarks.figures import spread

WIDTH, HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 120, 40, 50
_FONT = 'font-family="sans-serif" font-size="13"'
_COLOURS = {"product": "#0b7a75", "peer": "#c2410c", "floor": "#737373"}


@dataclass(frozen=True)
class Line:
    """One line of a chart: points (x, y) with y > 0, in the order of x."""

    label: str
    colour: str
    points: list[tuple[float, float]]
    dashed: bool = False


def plot_latency(results: Results) -> str:
    """p50 and p99 of the chunks' latency over the number of streams, for each side."""
    lines = []
    for side, colour in _COLOURS.items():
        for figure in ("p50", "p99"):
            points = [
                (float(count), spread(values).median)
                for count in sorted({run.streams for run in results.streams})
                if (values := [getattr(r, figure) for r in results.streams if (r.side, r.streams) == (side, count)])
            ]
            if points:
                lines.append(Line(f"{side} {figure}", colour, points, dashed=figure == "p99"))
    return chart("From the model's chunk to the viewer", "streams of 40 chunks a second", "ms", lines)


def chart(title: str, x_label: str, y_label: str, lines: list[Line]) -> str:
    """An SVG with both axes logarithmic. Points without a logarithm are left out."""
    lines = [Line(l.label, l.colour, [p for p in l.points if min(p) > 0], l.dashed) for l in lines]  # noqa: E741
    lines = [line for line in lines if line.points]
    if not lines:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>\n'
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    scale = _Scale(log10(min(xs)), log10(max(xs)), floor(log10(min(ys))), ceil(log10(max(ys))))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {_FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-weight="bold">{escape(title)}</text>',
        *_axes(scale, sorted(set(xs)), x_label, y_label),
        *_drawn(lines, scale),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


@dataclass(frozen=True)
class _Scale:
    """The logarithms at the chart's edges."""

    left: float
    right: float
    bottom: float
    top: float

    def x(self, value: float) -> float:
        share = (log10(value) - self.left) / ((self.right - self.left) or 1)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = (log10(value) - self.bottom) / ((self.top - self.bottom) or 1)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)


def _axes(scale: _Scale, xs: list[float], x_label: str, y_label: str) -> list[str]:
    parts = []
    for power in range(int(scale.bottom), int(scale.top) + 1):
        y = scale.y(10**power)
        parts.append(f'<path d="M{_LEFT} {y}H{WIDTH - _RIGHT}" stroke="#d4d4d4"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{10**power:g} {y_label}</text>')
    below = HEIGHT - _BOTTOM + 20
    parts += [f'<text x="{scale.x(x)}" y="{below}" text-anchor="middle">{x:g}</text>' for x in xs]
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    return [*parts, f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>']


def _drawn(lines: list[Line], scale: _Scale) -> list[str]:
    parts, last = [], 0.0
    for line in sorted(lines, key=lambda line: -line.points[-1][1]):
        places = [(scale.x(x), scale.y(y)) for x, y in line.points]
        way = " ".join(f"{x},{y}" for x, y in places)
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        parts.append(f'<polyline points="{way}" fill="none" stroke="{line.colour}" stroke-width="2"{dash}/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{line.colour}"/>' for x, y in places]
        last = max(places[-1][1], last + 16)  # labels do not cover each other
        parts.append(f'<text x="{places[-1][0] + 8}" y="{last + 4}" fill="{line.colour}">{escape(line.label)}</text>')
    return parts
