"""Speech that was interrupted falls silent at once, and its caption ends where it was heard."""

from __future__ import annotations

import pytest
from tests.web import script
from tests.web.pages import agent_level, call, state, until

pytestmark = pytest.mark.browser

QUIET = 0.001
LOUD = 0.05
GONE = f"window.visavis.levels().agent.rms < {QUIET}"


def speak(page, server) -> None:
    """The agent has ten seconds to say and is heard."""
    server.send(script.created(1), script.buffer(1, "started"), script.says(1, "One two three."))
    server.say("r1", "a1", 10.0)
    page.wait_for_function(f"window.visavis.levels().agent.rms > {LOUD}")


@pytest.mark.parametrize(
    "stop", [script.buffer(1, "cleared"), script.done(1, "cancelled", "One two")]
)
def test_the_queue_is_emptied(page, server, stop) -> None:
    call(page, server)
    speak(page, server)
    server.send(stop)
    page.wait_for_function(GONE, timeout=3_000)
    agent_level(page)
    # What was still under way when it was stopped must not be heard either.
    server.say("r1", "a1", 1.0)
    server.send(script.final(1, "late audio has been sent"))
    until(page, "s.lines.some((l) => l.role === 'user')")
    assert agent_level(page) < QUIET


def test_the_next_answer_is_heard(page, server) -> None:
    call(page, server)
    speak(page, server)
    server.send(script.buffer(1, "cleared"))
    page.wait_for_function(GONE, timeout=3_000)
    server.say("r2", "a2", 1.0)
    page.wait_for_function(f"window.visavis.levels().agent.rms > {LOUD}")


def test_the_caption_is_cut_at_what_was_heard(page, server) -> None:
    call(page, server)
    speak(page, server)
    server.send(script.buffer(1, "cleared"), script.done(1, "cancelled", "One two"))
    until(page, "s.lines[0].heard === 7")
    assert page.inner_text(".line.agent .heard") == "One two"
    assert page.inner_text(".line.agent .unheard").strip() == "three."
    assert state(page)["transcripts"]["agent"] == ["One two"]


def test_playback_is_reported_from_the_output_clock(page, server) -> None:
    call(page, server)
    server.say("r1", "a1", 0.5)
    server.wait(lambda sent: any(e.get("audio_ms", 0) >= 499 for e in sent))
    reports = server.sent("visavis.playback")
    assert {event["item_id"] for event in reports} == {"a1"}
    played = [event["audio_ms"] for event in reports]
    assert played == sorted(played)
    assert played[-1] == 500
    assert len(played) >= 5
