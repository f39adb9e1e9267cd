"""One Chromium and one mock server for the tests of the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from tests.web.mock_server import MockServer

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="package")
def browser() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed")
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    from tests.interop.chromium import chromium

    with chromium() as context:
        yield context


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def page(browser: object) -> Iterator[object]:
    """A fresh tab. Whatever the page throws fails the test."""
    tab = browser.new_page()  # type: ignore[attr-defined]  # playwright may be absent
    tab.set_default_timeout(30_000)
    thrown: list[str] = []
    tab.on("pageerror", lambda error: thrown.append(str(error)))
    yield tab
    tab.close()
    assert thrown == []
