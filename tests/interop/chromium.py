"""Drive Debian's Chromium by Playwright, its fake microphone playing a WAV file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

EXECUTABLE = "/usr/bin/chromium"

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # The server under test listens on 127.0.0.1, which libwebrtc leaves out by default.
    "--allow-loopback-in-peer-connection",
]


@contextmanager
def chromium(microphone: Path | None = None, **options: object) -> Iterator[BrowserContext]:
    """A fresh headless Chromium. `microphone` is played once, from when it is opened."""
    flags = list(FLAGS)
    if microphone is not None:
        flags.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    with tempfile.TemporaryDirectory(prefix="visavis-chromium-") as profile, sync_playwright() as p:
        context = p.chromium.launch_persistent_context(
            profile,
            executable_path=EXECUTABLE,
            headless=True,
            args=flags,
            permissions=["microphone", "camera"],
            **options,  # type: ignore[arg-type]
        )
        try:
            yield context
        finally:
            context.close()
