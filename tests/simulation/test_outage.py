"""The link goes away in the middle of a sentence. Both ends of the line, their data channel and
the session, in virtual time: the sentence is one turn with all its words."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from visavis.clock import run_virtual
from visavis.conversation import Agent, Session
from visavis.conversation.events import ReplyDone, SessionEvent, SpeechStopped, UserInputTranscribed
from visavis.line import LinePort, LinkNetwork, SteppedLink, native_available
from visavis.models.protocols import ModelSet
from visavis.models.scripted import (
    EnergyVoiceActivity,
    FixedTurnDetector,
    ScriptedLanguageModel,
    ScriptedSpeechToText,
    ScriptedUtterance,
    ToneTextToSpeech,
)
from visavis.seam import RATE_OUT, AudioIn, CallSink, Mark, UpEvent

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]

GOOD = LinkNetwork(delay_s=0.04, jitter_s=0.01)
OUT = LinkNetwork(delay_s=0.04, loss=1.0)
WORDS = ["please", "find", "me", "a", "table", "for", "four", "near", "the", "river"]
SPEECH_S = 10.0
RETURN_S = 2.0
"""After the link's return everything is heard within so long."""


def models() -> ModelSet:
    # A word is recognised only once the sound up to its end was heard.
    ends = tuple(SPEECH_S * (i + 1) / len(WORDS) - 0.1 for i in range(len(WORDS)))
    return ModelSet(
        vad=EnergyVoiceActivity(),
        stt=ScriptedSpeechToText([ScriptedUtterance(" ".join(WORDS), ends)], decode_s=0.05),
        turn=FixedTurnDetector(delay_s=0.05),
        llm=ScriptedLanguageModel(["With pleasure."], first_token_s=0.1, tokens_per_s=20),
        tts=ToneTextToSpeech(first_piece_s=0.03),
    )


class Callee(CallSink):
    def __init__(self, port: LinePort) -> None:
        self.session = Session(Agent(), models(), port, call_id="call")
        self.told: list[SessionEvent] = []
        self.frames: list[tuple[float, int, Mark]] = []
        self.session.subscribe(self.told.append)
        self.session.start()

    def on_event(self, event: UpEvent) -> None:
        if isinstance(event, AudioIn):
            self.frames.append((event.at, event.position, event.mark))
        self.session.on_event(event)

    def of(self, kind: type) -> list[SessionEvent]:
        return [event for event in self.told if isinstance(event, kind)]


class Caller(CallSink):
    def on_event(self, event: UpEvent) -> None:
        pass


async def call(outage_s: float) -> tuple[Callee, float]:
    link = SteppedLink(seed=5, up=GOOD, down=GOOD)
    client, offer = link.client.offer(lambda _: Caller())
    callees: list[Callee] = []

    def answer_it(port: LinePort) -> Callee:
        callees.append(Callee(port))
        return callees[0]

    _, answer = link.server.accept(offer, answer_it)
    client.set_answer(answer)
    await asyncio.sleep(2.0)
    t = np.arange(round(SPEECH_S * RATE_OUT)) / RATE_OUT
    client.play(1, (6000 * np.sin(2 * np.pi * 200 * t)).astype(np.int16))
    await asyncio.sleep(2.0)
    link.change(up=OUT, down=OUT)
    await asyncio.sleep(outage_s)
    link.change(up=GOOD, down=GOOD)
    back = asyncio.get_running_loop().time()
    await asyncio.sleep(max(0.0, SPEECH_S - 2.0 - outage_s) + 5.0)
    client.close()
    await asyncio.sleep(1.0)
    await callees[0].session.aclose()
    await link.aclose()
    return callees[0], back


@pytest.mark.parametrize("outage_s", [1.0, 3.0, 8.0])
def test_a_sentence_is_one_turn_with_all_its_words(outage_s: float) -> None:
    callee, back = run_virtual(call(outage_s))
    finals = [e.text for e in callee.of(UserInputTranscribed) if e.final]  # type: ignore[attr-defined]
    assert finals == [" ".join(WORDS)]
    assert len(callee.of(SpeechStopped)) == 1
    assert len(callee.of(ReplyDone)) == 1
    stopped = callee.of(SpeechStopped)[0]
    spoken = stopped.audio_end_ms - round(1000 * SPEECH_S)  # type: ignore[attr-defined]
    assert 0 <= spoken < 3000
    heard = [(at, position) for at, position, mark in callee.frames if mark <= Mark.RECOVERED]
    # Media time and the clock are in step again: all that was said is here.
    at, position = next(frame for frame in heard if frame[0] >= back + RETURN_S)
    early_at, early = heard[60]
    assert abs((at - early_at) - (position - early) / 16_000) < 0.15
    speech = [p for at, p, mark in callee.frames if mark <= Mark.RECOVERED and at > 2.3]
    steps = np.diff(speech[: round(SPEECH_S * 50) - 50])
    assert set(steps.tolist()) == {320}
