"""What a client asks is done; what it gets wrong is told, and the call goes on."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.realtime.fakes import bridge

from visavis.conversation.events import ReplyStarted
from visavis.realtime.client_events import KNOWN_TYPES, ClientEventError, parse
from visavis.seam import CallLimits


def say(made: Any, now: float = 0.0, **event: Any) -> None:
    made.on_text(json.dumps(event), now)


def test_session_update_reaches_the_session() -> None:
    made, session, client = bridge()
    config = {
        "type": "realtime",
        "instructions": "Be brief.",
        "audio": {
            "input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 500}},
            "output": {"voice": "marin", "format": {"type": "audio/pcm", "rate": 24000}},
        },
        "tracing": None,
    }
    say(made, type="session.update", session=config)
    assert session.asked == [("update", "Be brief.", "marin")]
    (updated,) = client.events
    assert updated["session"]["instructions"] == "Be brief."
    assert updated["session"]["audio"]["output"]["voice"] == "marin"


def test_what_cannot_be_changed_is_told_and_the_rest_is_done() -> None:
    made, session, client = bridge()
    config = {"type": "realtime", "instructions": "New.", "tool_choice": "required"}
    say(made, type="session.update", event_id="mine", session=config)
    assert session.asked == [("update", "New.", None)]
    assert client.types == ["session.updated", "error"]
    assert (client.error()["code"], client.error()["event_id"]) == ("unsupported", "mine")


def test_a_typed_message_and_a_reply_to_it() -> None:
    made, session, client = bridge()
    item = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "Hello."}],
    }
    say(made, type="conversation.item.create", item=item)
    say(made, type="response.create", response={"instructions": "Wave."})
    assert session.asked == [("add_user_text", "Hello."), ("generate_reply", "Wave.")]
    assert client.types == ["conversation.item.added", "conversation.item.done"]
    assert client.events[0]["item"]["content"] == [{"type": "input_text", "text": "Hello."}]


def test_cancelling_and_truncating() -> None:
    made, session, client = bridge()
    session.emit(ReplyStarted(1, "resp_1", "item_a", 1.0))
    say(made, type="response.create")
    assert client.error()["code"] == "conversation_already_has_active_response"
    say(made, type="response.cancel", response_id="resp_1")
    say(
        made,
        type="conversation.item.truncate",
        item_id="item_a",
        content_index=0,
        audio_end_ms=250,
    )
    say(made, type="output_audio_buffer.clear")
    assert session.asked == [("interrupt",), ("truncate", "item_a", 250), ("interrupt",)]
    assert client.of("conversation.item.truncated")[0]["audio_end_ms"] == 250


def test_playback_reports_go_where_they_belong() -> None:
    heard: list[int] = []
    made, _, _ = bridge(heard=heard.append)
    say(made, type="visavis.playback", rtp_timestamp=4_000_000_000)
    assert heard == [4_000_000_000]


@pytest.mark.parametrize(
    ("message", "code", "says"),
    [
        ("{", "invalid_json", "not JSON"),
        ("[" * 100_000, "invalid_json", "not JSON"),
        ("[1]", "invalid_event", "JSON object, not an array"),
        ("null", "invalid_event", "not null"),
        ("{}", "unknown_event", "type is missing"),
        ('{"type": 5}', "unknown_event", "type is odd"),
        ('{"type": {"a": 1}}', "unknown_event", "type is odd"),
        ('{"type": "response.dance"}', "unknown_event", "'response.dance'; supported"),
        ('{"type": "session.update"}', "invalid_event", "field session is wrong"),
        ('{"type": "session.update", "session": 1}', "invalid_event", "field session"),
        (
            '{"type": "session.update", "session": {"instructions": 3}}',
            "invalid_event",
            r"session\.instructions is wrong: Input should be a valid string",
        ),
        (
            '{"type": "conversation.item.truncate", "item_id": "i", "audio_end_ms": -1}',
            "invalid_event",
            "audio_end_ms is wrong",
        ),
        ('{"type": "input_audio_buffer.append", "audio": "AAAA"}', "not_available", "media track"),
        ('{"type": "response.cancel"}', "response_cancel_not_active", "no such active"),
        ('{"type": "visavis.playback"}', "invalid_event", "rtp_timestamp"),
        (
            '{"type": "conversation.item.create", "item": {"type": "function_call_output"}}',
            "invalid_event",
            "needs call_id and output",
        ),
        (
            '{"type": "conversation.item.create",'
            ' "item": {"type": "message", "role": "user", "content": []}}',
            "invalid_event",
            "no text",
        ),
    ],
)
def test_bad_messages(message: str, code: str, says: str) -> None:
    made, session, client = bridge()
    made.on_text(message, 0.0)
    body = client.error()
    assert (body["type"], body["code"]) == ("invalid_request_error", code)

    assert re.search(says, body["message"])
    say(made, type="output_audio_buffer.clear", event_id="later")
    assert session.asked == [("interrupt",)]


def test_the_clients_event_id_comes_back() -> None:
    made, _, client = bridge()
    say(made, type="what", event_id="evt_7")
    say(made, type="response.cancel", event_id="evt_8")
    assert [e["error"]["event_id"] for e in client.of("error")] == ["evt_7", "evt_8"]


def test_a_message_too_large() -> None:
    made, session, client = bridge(CallLimits(max_message_bytes=100))
    say(made, type="output_audio_buffer.clear", event_id="x" * 100)
    assert session.asked == []
    assert client.error()["code"] == "message_too_large"


def test_too_many_messages_are_dropped_and_told_once_a_second() -> None:
    made, session, client = bridge(CallLimits(max_messages_per_s=10))
    for n in range(100):
        say(made, n * 0.001, type="output_audio_buffer.clear")
    assert len(session.asked) == 10
    assert client.error()["code"] == "rate_limit_exceeded"
    say(made, 2.0, type="output_audio_buffer.clear")
    assert len(session.asked) == 11


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "session",
                    "audio",
                    "item",
                    "type",
                    "role",
                    "content",
                    "text",
                    "response",
                    "output",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(st.sampled_from(KNOWN_TYPES), st.dictionaries(st.text(max_size=8), JSON) | JSON)
def test_no_json_breaks_the_parser(kind: str, rest: Any) -> None:
    event = {**rest, "type": kind} if isinstance(rest, dict) else {"session": rest, "type": kind}
    try:
        parse(json.dumps(event))
    except ClientEventError as error:
        assert error.code == "invalid_event"


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    with pytest.raises(ClientEventError):
        parse(text)
