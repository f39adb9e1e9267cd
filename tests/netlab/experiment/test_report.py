"""The page of an experiment: one file, whole, and the same for the same results."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from visavis.line import native_available
from visavis.netlab.experiment import Depth, experiment, run_trial
from visavis.netlab.experiment.report import render_report
from visavis.netlab.experiment.report.charts import scatter

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]


class Tags(HTMLParser):
    """Every tag that is opened is closed, but those that need not be."""

    VOID = frozenset({"meta", "br", "img", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page() -> str:
    planned = experiment(
        ["random10", "tunnel"], ["plain", "fixed"], seeds=2, seconds=15, depth=Depth.PACKETS
    )
    results = [run_trial(trial) for trial in planned.trials()]
    page = render_report(planned, results)
    assert render_report(planned, results) == page
    return page


def test_it_is_whole_and_needs_nothing_else(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not {"link", "img", "iframe"} & {tag for tag, _ in tags.seen}
    for _, attributes in tags.seen:
        assert not {"src", "href"} & attributes.keys()
    assert "http" not in page and "prefers-color-scheme" in page


def test_it_shows_every_network_and_strategy(page: str) -> None:
    for name in ("random10", "tunnel"):
        assert f"<b>{name}</b>" in page
    # Over all networks and on each: two scatter plots, two of delays.
    tags = Tags()
    tags.feed(page)
    shapes = [tag for tag, _ in tags.seen]
    assert shapes.count("svg") == 4 * 3
    # A point of each strategy in each scatter plot.
    assert shapes.count("circle") == 2 * 2 * 3


def test_the_calls_from_inside(page: str) -> None:
    found = re.search(r"id='calls'>(.*?)</script>", page)
    assert found is not None
    told = json.loads(found[1])
    assert {(call["scenario"], call["strategy"]) for call in told["calls"]} == {
        (scenario, strategy)
        for scenario in ("random10", "tunnel")
        for strategy in ("plain", "fixed")
    }
    for call in told["calls"]:
        for way in ("up", "down"):
            assert len(call[way]["loss"]) == len(call[way]["buffer_ms"]) == 24
            assert len(call[way]["plans"]) == 1


def test_labels_of_points_that_lie_together_stand_apart() -> None:
    points = [(name, n, 80.0 + n / 10, 0.0) for n, name in enumerate(("plain", "fec", "adaptive"))]
    drawn = scatter(points, x_title="kbit/s", y_title="%")
    dots = [(float(x), float(y)) for x, y in re.findall(r"cx='([\d.]+)' cy='([\d.]+)'", drawn)]
    labels = [
        (float(x), float(y), 6.8 * len(text))
        for x, y, text in re.findall(r"class='v' x='([\d.]+)' y='([\d.]+)'>(\w+)<", drawn)
    ]
    assert len(dots) == len(labels) == 3
    for n, (x, y, wide) in enumerate(labels):
        for other_x, other_y, other_wide in labels[:n]:
            assert abs(y - other_y) >= 13 or x > other_x + other_wide or other_x > x + wide
        # Baseline below a dot, or above it, or the text beside it.
        assert all(abs(y - 4 - py) >= 11 or px < x - 5 or px > x + wide + 5 for px, py in dots)


def test_only_who_is_better_is_marked(page: str) -> None:
    rows = re.findall(r"<tr><td class='l legend'>.*?</tr>", page)
    assert len(rows) == 2 * 3
    assert 0 < page.count("<td><b>") < 5 * len(rows)
