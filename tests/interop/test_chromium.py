"""Debian's Chromium holds a three-turn conversation through the page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import httpx
import page
import pytest
from chromium import chromium

import recordings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.native,
    pytest.mark.weights,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Debian's chromium not installed"),
]


def line_count(server: str, figure: str) -> float:
    """A counter of the server's native line."""
    metrics = httpx.get(f"{server}/metrics").text
    return float(re.search(rf"^visavis_line_{figure} (\S+)$", metrics, re.M)[1])


@pytest.mark.parametrize("transport", ["webrtc", "websocket"])
def test_three_turns_through_the_page(
    server: str,
    microphone_wav: Path,
    said: list[recordings.Prompt],
    artifacts: Path,
    transport: str,
) -> None:
    url = server if transport == "webrtc" else f"{server}/?transport=ws"
    with chromium(microphone_wav) as browser:
        tab = browser.new_page()
        tab.set_viewport_size({"width": 1280, "height": 800})
        errors: list[str] = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(url)
        tab.get_by_role("button", name="Talk").click()
        samples = page.watch(
            tab.evaluate,
            turns=len(said),
            seconds=45,
            on_moment=lambda m: tab.screenshot(
                path=artifacts / f"chromium-{transport}-{m}.png", full_page=True
            ),
        )
        tab.screenshot(path=artifacts / f"chromium-{transport}-end.png", full_page=True)
        tab.locator("#hangup").click()
    assert errors == []
    page.check(samples, said, transport=transport)
    assert page.silent_after_interruption(samples)
    if transport == "webrtc":
        # Copies of earlier packets go both ways from the start (RED, RFC 2198).
        assert line_count(server, "red_in") > 100
        assert line_count(server, "red_out") > 100
