"""Debian's Firefox holds the same call through the page."""

from __future__ import annotations

import shutil
from pathlib import Path

import page
import pytest
from firefox import Firefox

import recordings
import soundcard

pytestmark = [
    pytest.mark.browser,
    pytest.mark.native,
    pytest.mark.weights,
    pytest.mark.skipif(shutil.which("firefox-esr") is None, reason="firefox-esr not installed"),
    pytest.mark.skipif(not soundcard.available(), reason="pulseaudio not installed"),
]


def test_three_turns_through_the_page(
    server: str, microphone_wav: Path, said: list[recordings.Prompt], artifacts: Path
) -> None:
    with soundcard.sound_card() as environment, Firefox(microphone_wav, environment) as browser:
        browser.open(server)
        browser.evaluate("document.getElementById('talk').click() ?? null")
        samples = page.watch(
            browser.evaluate,
            turns=len(said),
            seconds=45,
            on_moment=lambda m: browser.screenshot(artifacts / f"firefox-{m}.png"),
        )
        browser.screenshot(artifacts / "firefox-end.png")
    page.check(samples, said)
    assert page.silent_after_interruption(samples)
