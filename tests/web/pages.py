"""What the tests of the page do and ask again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.web.mock_server import MockServer

if TYPE_CHECKING:
    from playwright.sync_api import Page


def until(page: Page, condition: str) -> None:
    """Until a JavaScript condition on `s`, the page's state, holds."""
    page.wait_for_function(f"(() => {{ const s = window.visavis.state(); return {condition} }})()")


def call(page: Page, server: MockServer, query: str = "") -> None:
    """Open the page, press Talk, and be in the call."""
    page.goto(server.url + query)
    page.click("#talk")
    until(page, "s.phase === 'live'")


def state(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("window.visavis.state()")
    return found


def agent_level(page: Page) -> float:
    """Highest RMS of the agent's sound since the last time this was asked."""
    level: float = page.evaluate("window.visavis.levels().agent.max")
    return level


def notice(page: Page) -> str:
    page.wait_for_selector("#notice:not([hidden])")
    return page.inner_text("#notice")
