"""A filler is announced, and heard by clients that get their audio in events; it is no item."""

from __future__ import annotations

import json

import numpy as np
from tests.realtime.fakes import bridge

from visavis.conversation.events import AsideDone, AsideStarted

PCM = np.full(480, 1000, np.int16)
STARTED = AsideStarted(3, "resp_3", "item_3", "filler", "Hm.", 1.0)


def test_by_media_track_it_is_only_announced() -> None:
    _, session, client = bridge()
    session.emit(STARTED)
    session.emit(AsideDone(3, "resp_3", "item_3", "Hm.", 180, False, 1.2))
    (told,) = client.of("visavis.aside")
    assert (told["aside"], told["text"]) == ("filler", "Hm.")
    assert client.types == ["visavis.aside"]


def test_by_websocket_its_audio_comes_as_a_response_of_its_own() -> None:
    made, session, client = bridge()
    session.emit(STARTED)
    made.narrator.reply_audio(3, PCM)
    made.narrator.reply_audio(3, PCM)
    made.narrator.reply_audio_end(3)
    # Another response may be asked for meanwhile.
    made.on_text(json.dumps({"type": "response.create"}), 1.1)
    session.emit(AsideDone(3, "resp_3", "item_3", "Hm.", 180, False, 1.2))
    assert client.types.count("response.created") == 1
    assert client.types.count("response.output_audio.delta") == 2
    assert not client.of("error")
    (done,) = client.of("response.done")
    assert done["response"]["id"] == "resp_3"
    assert done["response"]["status"] == "completed"


def test_one_that_was_cut_is_a_response_that_was_cut() -> None:
    made, session, client = bridge()
    session.emit(STARTED)
    made.narrator.reply_audio(3, PCM)
    made.narrator.reply_cleared(3)
    session.emit(AsideDone(3, "resp_3", "item_3", "Hm.", 20, True, 1.2))
    assert client.of("output_audio_buffer.cleared")
    (done,) = client.of("response.done")
    assert done["response"]["status"] == "cancelled"
