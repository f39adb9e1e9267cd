"""Charts as SVG, coloured by the page's style: strategy n of a list has the class `sn`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.netlab.experiment.measures import DELAY_EDGES_MS

LEFT: Final = 46
BOTTOM: Final = 34
TOP: Final = 10
RIGHT: Final = 14
_LINE: Final = 14
"""Height of a line of text."""
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)

Point = tuple[str, int, float, float]
"""Label, number of the strategy, x, y."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def scatter(
    points: Sequence[Point], *, x_title: str, y_title: str, width: int = 560, height: int = 300
) -> str:
    """Labelled points; both axes begin near the least value, y at 0."""
    xs, ys = [p[2] for p in points], [p[3] for p in points]
    room = max(4.0, 0.12 * (max(xs) - min(xs)))
    x_low, x_high = max(0.0, min(xs) - room), max(xs) + 2.2 * room
    y_high = max(1.0, 1.12 * max(ys))
    at_x, at_y = _axes(width, height, (x_low, x_high), (0.0, y_high))
    parts = [_frame(width, height, _ticks(x_low, x_high), _ticks(0.0, y_high), at_x, at_y,
                    x_title, y_title)]  # fmt: skip
    places = [(at_x(x), at_y(y)) for _, _, x, y in points]
    taken = [(px - 6, py - 6, px + 6, py + 6) for px, py in places]
    for (label, number, x, y), (px, py) in zip(points, places, strict=True):
        text_x, text_y = _beside(px, py, label, taken, width)
        parts.append(
            f"<circle class='dot s{number}' cx='{px:.1f}' cy='{py:.1f}' r='5'><title>"
            f"{escape(label)}: {x:.1f}, {y:.2f}</title></circle>"
            f"<text class='v' x='{text_x:.1f}' y='{text_y:.1f}'>{escape(label)}</text>"
        )
    return _svg(width, height, parts)


def _beside(x: float, y: float, label: str, taken: list[Box], width: int) -> tuple[float, float]:
    """Where the label of a point stands free of what is `taken`, and takes it: beside the point,
    or as little higher as there is room."""
    wide = 6.8 * len(label)
    for lift in range(0, 10 * _LINE, _LINE):
        for text_x in (x + 9, x - 9 - wide):
            bottom = y + 7 - lift
            box = (text_x, bottom - _LINE + 1, text_x + wide, bottom)
            if box[0] > LEFT and box[2] < width and not any(_meet(box, other) for other in taken):
                taken.append(box)
                return text_x, bottom - 3
    return x + 9, y + 4


def _meet(one: Box, other: Box) -> bool:
    apart = one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
    return not apart


def delays(
    curves: Sequence[tuple[str, int, NDArray[np.int64]]],
    *,
    x_title: str,
    width: int = 560,
    height: int = 260,
) -> str:
    """Cumulative shares of delays, milliseconds on a logarithmic scale. `curves`: label, number of
    the strategy, counts in the bins of `DELAY_EDGES_MS`."""
    totals = sum((counts for _, _, counts in curves), np.zeros(DELAY_EDGES_MS.size, np.int64))
    used = np.flatnonzero(totals)
    if not used.size:
        return "<p class='soft'>Nothing was heard.</p>"
    edges = np.append(DELAY_EDGES_MS[1:], DELAY_EDGES_MS[-1])
    low = max(10.0, float(DELAY_EDGES_MS[used[0]]))
    high = max(2 * low, float(edges[_last(totals, 0.999)]))

    def log(ms: float) -> float:
        return math.log10(max(ms, low))

    at_x, at_y = _axes(width, height, (log(low), log(high)), (0.0, 100.0))
    leading = (1, 2, 5) if high > 8 * low else (1, 1.5, 2, 3, 4, 5, 7)
    ticks = [t for decade in range(1, 6) for t in (n * 10.0**decade for n in leading)
             if low <= t <= high]  # fmt: skip
    parts = [_frame(width, height, ticks, [0, 25, 50, 75, 100], lambda ms: at_x(log(ms)), at_y,
                    x_title, "share, %")]  # fmt: skip
    for label, number, counts in curves:
        if not counts.sum():
            continue
        share = 100 * np.cumsum(counts) / counts.sum()
        inside = [(float(e), float(s)) for e, s in zip(edges, share, strict=True) if e <= high]
        inside = [(low, 0.0), *((e, s) for e, s in inside if e >= low)]
        line = " ".join(f"{at_x(log(e)):.1f},{at_y(s):.1f}" for e, s in inside)
        parts.append(f"<polyline class='line s{number}' points='{line}'><title>{escape(label)}"
                     "</title></polyline>")  # fmt: skip
    return _svg(width, height, parts)


def legend(labels: Sequence[str]) -> str:
    """What colour each strategy has."""
    return "<p class='legend'>" + "".join(
        f"<span><i class='s{number}'></i>{escape(label)}</span>"
        for number, label in enumerate(labels)
    ) + "</p>"  # fmt: skip


def _last(counts: NDArray[np.int64], share: float) -> int:
    return int(np.searchsorted(np.cumsum(counts), share * counts.sum()))


Scale = Callable[[float], float]


def _axes(
    width: int, height: int, x: tuple[float, float], y: tuple[float, float]
) -> tuple[Scale, Scale]:
    def at_x(value: float) -> float:
        return LEFT + (value - x[0]) / (x[1] - x[0]) * (width - LEFT - RIGHT)

    def at_y(value: float) -> float:
        return height - BOTTOM - (value - y[0]) / (y[1] - y[0]) * (height - BOTTOM - TOP)

    return at_x, at_y


def _ticks(low: float, high: float, most: int = 7) -> list[float]:
    rough = (high - low) / most
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(scale * s for s in _STEPS if scale * s >= rough * 0.999)
    return [step * n for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _frame(
    width: int,
    height: int,
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
    at_x: Scale,
    at_y: Scale,
    x_title: str,
    y_title: str,
) -> str:
    parts = []
    for tick in y_ticks:
        y = at_y(tick)
        parts.append(
            f"<line class='grid' x1='{LEFT}' x2='{width - RIGHT}' y1='{y:.1f}' y2='{y:.1f}'/>"
            f"<text x='{LEFT - 6}' y='{y + 4:.1f}' text-anchor='end'>{tick:g}</text>"
        )
    for tick in x_ticks:
        x = at_x(tick)
        parts.append(
            f"<line class='grid' x1='{x:.1f}' x2='{x:.1f}' y1='{TOP}' y2='{height - BOTTOM}'/>"
            f"<text x='{x:.1f}' y='{height - BOTTOM + 15}' text-anchor='middle'>{tick:g}</text>"
        )
    middle = (LEFT + width - RIGHT) / 2
    parts.append(
        f"<text x='{middle}' y='{height - 4}' text-anchor='middle'>{escape(x_title)}</text>"
        f"<text transform='translate(12 {(height - BOTTOM + TOP) / 2}) rotate(-90)' "
        f"text-anchor='middle'>{escape(y_title)}</text>"
    )
    return "".join(parts)


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    return f"<svg viewBox='0 0 {width} {height}' role='img'>{''.join(parts)}</svg>"
