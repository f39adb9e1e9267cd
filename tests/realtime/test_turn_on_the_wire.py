"""A spoken turn and its reply, as the events that OpenAI clients expect, in their order."""

from __future__ import annotations

from base64 import b64decode

import numpy as np
from tests.realtime.fakes import bridge

from visavis.conversation.events import (
    AgentState,
    AgentStateChanged,
    ConversationItemAdded,
    ReplyDone,
    ReplyStarted,
    ReplyText,
    SessionError,
    SpeechStarted,
    SpeechStopped,
    TurnMeasured,
    UserInputTranscribed,
)
from visavis.conversation.ledger import Ledger, Stage
from visavis.seam import LinkReport, Played

STARTED = ReplyStarted(1, "resp_1", "item_a", 2.0)


def done(status: str = "completed", heard: str = "Hi there.", ms: int = 900) -> ReplyDone:
    return ReplyDone(1, "resp_1", "item_a", status, "Hi there.", heard, ms, 3.0)  # type: ignore[arg-type]


def test_the_client_is_greeted() -> None:
    made, _, client = bridge()
    made.open()
    assert client.types == ["session.created", "visavis.hello", "visavis.state"]
    session = client.events[0]["session"]
    assert (session["id"], session["instructions"]) == ("call_1", "Be kind.")
    assert client.events[1]["mode"] == "webrtc"
    assert len({e["event_id"] for e in client.events}) == 3


def test_a_spoken_turn() -> None:
    _, session, client = bridge()
    session.emit(
        SpeechStarted("item_u", 320, 1.0),
        UserInputTranscribed("item_u", "What is", False, 0.5, 1.2),
        UserInputTranscribed("item_u", "What is your", False, 0.5, 1.3),
        UserInputTranscribed("item_u", "What is your game", False, 0.5, 1.4),
        SpeechStopped("item_u", 1500, 1.6),
        UserInputTranscribed("item_u", "What is your name?", True, 0.9, 1.7),
        ConversationItemAdded("item_u", "user", "What is your name?", False, 1.7),
        STARTED,
        ReplyText(1, "resp_1", "item_a", "Hi ", 2.0),
        ReplyText(1, "resp_1", "item_a", "there.", 2.1),
        done(),
        ConversationItemAdded("item_a", "assistant", "Hi there.", False, 3.0),
    )
    delta = "conversation.item.input_audio_transcription.delta"
    assert client.types == [
        "input_audio_buffer.speech_started",
        delta,
        delta,
        delta,
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        delta,
        "conversation.item.input_audio_transcription.completed",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio_transcript.delta",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert "".join(e["delta"] for e in client.of(delta)) == "What is your name?"
    assert [e["visavis_text"] for e in client.of(delta)][:2] == ["What is", "What is your"]
    added = client.of("conversation.item.added")
    assert [e["previous_item_id"] for e in added] == [None, "item_u"]
    (ended,) = client.of("response.done")
    assert ended["response"]["status"] == "completed"
    assert ended["response"]["output"][0]["content"][0]["transcript"] == "Hi there."


def test_an_interrupted_reply_keeps_what_was_heard() -> None:
    made, session, client = bridge()
    session.emit(STARTED)
    made.on_port_event(Played(1, 480, 2.5, exact=True))
    session.emit(done("cancelled", "Hi", 400))
    (ended,) = client.of("response.done")
    assert ended["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert ended["response"]["output"][0]["status"] == "incomplete"
    assert ended["response"]["output"][0]["content"][0]["transcript"] == "Hi"
    (cut,) = client.of("conversation.item.truncated")
    assert (cut["item_id"], cut["audio_end_ms"], cut["visavis_text"]) == ("item_a", 400, "Hi")
    assert len(client.of("output_audio_buffer.cleared")) == 1
    assert client.of("output_audio_buffer.stopped") == []


def test_what_is_heard_over_webrtc_is_told() -> None:
    made, session, client = bridge()
    session.emit(STARTED)
    for samples, last in ((0, False), (480, False), (960, False), (1440, True)):
        made.on_port_event(Played(1, samples, 2.5, exact=True, done=last))
    session.emit(done())
    buffer = [t for t in client.types if t.startswith("output_audio_buffer")]
    assert buffer == ["output_audio_buffer.started", "output_audio_buffer.stopped"]


def test_audio_waits_for_its_response() -> None:
    made, session, client = bridge()
    made.narrator.reply_audio(1, np.array([1, -2], np.int16))
    assert client.events == []
    session.emit(STARTED)
    made.narrator.reply_audio(1, np.array([3], np.int16))
    made.narrator.reply_audio_end(1)
    session.emit(done())
    sound = b"".join(b64decode(e["delta"]) for e in client.of("response.output_audio.delta"))
    assert np.frombuffer(sound, "<i2").tolist() == [1, -2, 3]
    assert len(client.of("response.output_audio.done")) == 1
    opened = client.types.index("response.content_part.added")
    assert client.types.index("response.output_audio.delta") > opened


def test_our_own_events() -> None:
    made, session, client = bridge()
    ledger = Ledger(1, "item_u", "resp_1", 1.0, 2.0, 32_000)
    ledger.stamp(Stage.FIRST_PLAYED, 2.4)
    session.emit(
        AgentStateChanged(AgentState.LISTENING, AgentState.THINKING, 1.0),
        TurnMeasured(ledger, 2.5),
        SessionError("model_error", "The language model timed out.", False, 2.6),
    )
    for tenth in range(10):
        made.on_port_event(LinkReport(1.0 + tenth / 10, window_ms=100.0, rtt_ms=20.0, lost=3))
    assert client.of("visavis.state")[0]["agent"] == "thinking"
    assert client.of("visavis.ledger")[0]["ledger"]["stages"] == {"first_played": 400.0}
    assert [event["lost"] for event in client.of("visavis.link")] == [30]
    assert client.error()["type"] == "server_error"


def test_a_closed_bridge_hears_nothing() -> None:
    made, session, client = bridge()
    made.close()
    session.emit(STARTED)
    assert client.events == []
