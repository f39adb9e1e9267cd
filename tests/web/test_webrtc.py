"""A call over real WebRTC, with a second peer connection in the same tab as its far end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.web import script
from tests.web.pages import call, state, until

pytestmark = pytest.mark.browser

ANSWERER = Path(__file__).with_name("answerer.js")


@pytest.fixture
def live(page, server):
    """The page in a WebRTC call."""
    server.webrtc = True
    page.add_init_script(path=ANSWERER)
    call(page, server)
    assert state(page)["transport"] == "webrtc"
    return page


def say(page, *events) -> None:
    page.evaluate(
        "(all) => all.forEach((e) => answerer.channel.send(e))", [*map(json.dumps, events)]
    )


def test_the_agent_is_heard(live) -> None:
    assert live.evaluate("window.visavis.levels().agent.rms") < 0.001
    live.evaluate("answerer.tone.value = 0.5")
    live.wait_for_function("window.visavis.levels().agent.rms > 0.05")


def test_events_arrive_on_the_data_channel(live) -> None:
    say(live, script.final(1, "By data channel."), script.link())
    until(live, "s.lines.length === 1 && s.link !== null")


def test_playback_is_reported_while_the_agent_speaks(live) -> None:
    say(live, script.state("listening", "speaking"))
    live.wait_for_function(
        "answerer.texts.filter((t) => t.type === 'visavis.playback').length >= 8"
    )
    say(live, script.state("listening", "listening"))
    texts = live.evaluate("answerer.texts")
    texts = [text for text in texts if text["type"] == "visavis.playback"]
    stamps = [text["rtp_timestamp"] for text in texts]
    # 48 kHz of RTP time runs on between the reports.
    assert 0 < (stamps[-1] - stamps[0]) % (1 << 32) < 48_000 * 30


def test_link_figures_are_measured(live) -> None:
    live.wait_for_function("window.visavis.stats().jitter_ms !== null")
    live.wait_for_function("window.visavis.stats().bitrate_down > 1000")


def test_the_server_is_told_how_its_speech_arrives(live) -> None:
    live.evaluate("answerer.tone.value = 0.5")
    live.wait_for_function(
        "answerer.texts.some((t) => t.type === 'visavis.link' && t.received > 10)"
    )
    told = live.evaluate("answerer.texts.filter((t) => t.type === 'visavis.link')")
    assert all(300 < t["window_ms"] < 2_500 and t["lost"] == 0 for t in told)
    assert any(t.get("buffer_ms", 0) > 0 for t in told)


def test_ice_begins_anew_when_the_path_is_lost(live) -> None:
    before = live.evaluate("answerer.pc.remoteDescription.sdp")
    live.evaluate("dispatchEvent(new Event('online'))")
    live.wait_for_function("answerer.restarts === 1")
    after = live.evaluate("answerer.pc.remoteDescription.sdp")
    ufrag = lambda sdp: next(x for x in sdp.splitlines() if x.startswith("a=ice-ufrag:"))  # noqa: E731
    assert ufrag(before) != ufrag(after)
    live.evaluate("answerer.texts.length = 0; answerer.tone.value = 0.5")
    live.wait_for_function("window.visavis.levels().agent.rms > 0.05")
    say(live, script.state("listening", "speaking"))
    live.wait_for_function("answerer.texts.length >= 4")
    until(live, "s.phase === 'live'")


@pytest.mark.parametrize("status", [405, 503])
def test_a_refused_restart_leaves_the_old_path(live, status: int) -> None:
    live.evaluate(f"answerer.refusal = {status}; dispatchEvent(new Event('online'))")
    live.wait_for_function("answerer.refused === 1")
    live.evaluate("answerer.tone.value = 0.5")
    live.wait_for_function("window.visavis.levels().agent.rms > 0.05")
    say(live, script.final(1, "Still here."))
    until(live, "s.phase === 'live' && s.lines.length === 1")
    # Nor does the refused offer stand in the way of the next.
    live.evaluate("answerer.refusal = 0; dispatchEvent(new Event('online'))")
    live.wait_for_function("answerer.restarts === 1")
    live.evaluate("answerer.texts.length = 0")
    say(live, script.state("listening", "speaking"))
    live.wait_for_function("answerer.texts.length >= 4")


def test_a_server_that_lost_the_call_is_called_again(live) -> None:
    live.evaluate("answerer.refusal = 404; dispatchEvent(new Event('online'))")
    until(live, "s.phase === 'reconnecting'")
    live.evaluate("answerer.refusal = 0")
    until(live, "s.phase === 'live' && s.transport === 'webrtc'")


def test_hanging_up_tells_the_server(live) -> None:
    live.click("#hangup")
    until(live, "s.phase === 'ended'")
    assert live.evaluate("answerer.hangups") == 1


def test_a_far_end_that_leaves_is_called_again(live) -> None:
    live.evaluate("answerer.pc.close()")
    until(live, "s.phase === 'reconnecting'")
    until(live, "s.phase === 'live' && s.transport === 'webrtc'")


def test_the_microphone_can_be_changed_in_mid_call(live) -> None:
    live.keyboard.press("d")
    live.select_option("#device-microphone", index=2)
    live.wait_for_function("window.visavis.levels().user.rms > 0.01")
    until(live, "s.phase === 'live' && s.problem === null")
    live.evaluate("localStorage.clear()")


def test_a_plan_of_the_server_changes_the_bitrate_of_the_microphone(live) -> None:
    live.evaluate(
        """() => setInterval(async () => {
          for (const report of (await answerer.sender.getStats()).values())
            if (report.type === "outbound-rtp") answerer.bitrate = report.targetBitrate;
        }, 50)"""
    )
    for bitrate in (12_000, 24_000):
        say(live, {"type": "visavis.plan", "plan": {"bitrate": bitrate, "red": [1]}})
        live.wait_for_function(f"answerer.bitrate === {bitrate}")
    live.wait_for_function(
        "answerer.texts.some((t) => t.type === 'visavis.link' && t.plan === true)"
    )
