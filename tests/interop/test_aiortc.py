"""aiortc, a WebRTC stack we did not write, holds the same call."""

from __future__ import annotations

import asyncio

import aiortc_client
import numpy as np
import pytest
from numpy.typing import NDArray

import recordings

pytestmark = [pytest.mark.native, pytest.mark.weights]


def test_three_turns_with_aiortc(
    server: str, microphone: NDArray[np.int16], said: list[recordings.Prompt]
) -> None:
    heard = asyncio.run(aiortc_client.call(server, microphone, 26.0))
    finals = heard.of("conversation.item.input_audio_transcription.completed")
    words = " ".join(event["transcript"] for event in finals)
    for prompt in said:
        assert recordings.word_overlap(words, prompt.text) >= 0.6, words
    assert len(heard.of("response.created")) >= len(said)
    assert "cancelled" in [event["response"]["status"] for event in heard.of("response.done")]
    assert sum(level > 0.01 for level in heard.level) > 100, "the agent was not audible"
