"""Captions of both sides, and the ledger of the turn."""

from __future__ import annotations

import pytest
from tests.web import script
from tests.web.pages import call, state, until

pytestmark = pytest.mark.browser


def test_partial_words_become_firm(page, server) -> None:
    call(page, server)
    server.send(script.hears(1), script.partial(1, "what is the"))
    page.wait_for_selector(".line.user.partial")
    server.send(script.partial(1, "what was the weather"), script.final(1, "What was the weather?"))
    page.wait_for_selector(".line.user.firm")
    assert page.inner_text(".line.user .words") == "What was the weather?"


def test_both_sides_are_shown_and_read_out(page, server) -> None:
    call(page, server)
    script.turn(server, 1)
    until(page, "s.lines.length === 2 && s.lines.every((l) => l.firm)")
    assert state(page)["transcripts"] == {
        "user": [script.QUESTIONS[0]],
        "agent": [f"{script.ANSWERS[0]} "],
    }
    assert page.get_attribute("#announcer", "aria-live") == "polite"
    assert script.QUESTIONS[0] in page.inner_text("#announcer")


def test_markup_in_a_transcript_stays_text(page, server) -> None:
    call(page, server)
    server.send(script.final(1, "<img src=x onerror=alert(1)>"))
    page.wait_for_selector(".line.user.firm")
    assert page.locator("#captions img").count() == 0


def test_the_state_is_named(page, server) -> None:
    call(page, server)
    for agent, word in [("thinking", "Thinking"), ("speaking", "Speaking")]:
        server.send(script.state("listening", agent))
        page.wait_for_function(f"document.getElementById('status').textContent === '{word}'")


def test_the_ledger_is_a_figure_and_a_waterfall(page, server) -> None:
    call(page, server)
    server.send(script.ledger(1, 412.0), script.ledger(2, 523.0))
    until(page, "s.ledgers.length === 2")
    assert page.inner_text("#latency-total") == "523ms"
    assert page.locator("#latency-chart rect").count() == 8
    page.click("#latency-history .turn >> nth=1")
    assert page.inner_text("#latency-total") == "412ms"


def test_the_line_is_shown(page, server) -> None:
    call(page, server)
    server.send(script.link(rtt_ms=420.0, lost=2))
    page.wait_for_selector("#link[data-bars='2']")
    assert "420 ms" in page.inner_text("#link summary")
