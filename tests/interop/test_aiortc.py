"""aiortc, a WebRTC stack we did not write, holds the same call."""

from __future__ import annotations

import asyncio

import aiortc_client
import numpy as np
import pytest
from numpy.typing import NDArray

import recordings

AUDIBLE = 0.01
"""RMS of a frame in which the agent speaks."""

pytestmark = [pytest.mark.native, pytest.mark.weights]


def answered(heard: aiortc_client.Heard, said: list[recordings.Prompt]) -> bool:
    """Every turn was understood and has a reply, and the replies were audible."""
    finals = heard.of("conversation.item.input_audio_transcription.completed")
    words = " ".join(event["transcript"] for event in finals)
    return (
        all(recordings.word_overlap(words, prompt.text) >= 0.6 for prompt in said)
        and len(heard.of("response.created")) >= len(said)
        and sum(level > AUDIBLE for level in heard.level) > 100
    )


def test_three_turns_with_aiortc(
    server: str, microphone: NDArray[np.int16], said: list[recordings.Prompt]
) -> None:
    heard = asyncio.run(
        aiortc_client.call(server, microphone, lambda heard: answered(heard, said), 26.0)
    )
    finals = heard.of("conversation.item.input_audio_transcription.completed")
    words = " ".join(event["transcript"] for event in finals)
    assert answered(heard, said), (words, sum(level > AUDIBLE for level in heard.level))
    assert "cancelled" in [event["response"]["status"] for event in heard.of("response.done")]
