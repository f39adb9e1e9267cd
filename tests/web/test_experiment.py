"""The page of an experiment in a browser: one call from inside, whichever is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from visavis.line import native_available
from visavis.netlab.experiment import Depth, experiment, run_trial
from visavis.netlab.experiment.report import render_report

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]


def test_a_call_from_inside(page: Page) -> None:
    planned = experiment(
        ["clean", "bursts30"], ["plain", "adaptive"], seeds=1, seconds=20, depth=Depth.PACKETS
    )
    page.set_content(render_report(planned, [run_trial(trial) for trial in planned.trials()]))
    timeline = page.locator("#timeline svg")
    # It begins with the worst network and the last strategy.
    assert page.locator("#scenario").input_value() == "bursts30"
    assert page.locator("#strategy").input_value() == "adaptive"
    assert timeline.locator("rect.lost").count() > 5
    assert timeline.locator("rect.plan").count() >= 2
    page.locator("#way").select_option("down")
    assert "jitter buffer" in (timeline.text_content() or "")
    page.locator("#scenario").select_option("clean")
    page.locator("#strategy").select_option("plain")
    assert timeline.locator("rect.lost").count() == 0
    assert timeline.locator("rect.plan").count() == 1
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
