"""The network stalls or loses while somebody speaks, on a real line in virtual time: that is no
silence of the person's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np
import pytest
from tests.simulation.test_outage import GOOD, OUT, WORDS, Callee, Caller

from visavis.clock import run_virtual
from visavis.conversation.events import ReplyDone, SpeechStopped, UserInputTranscribed
from visavis.line import LinePort, LinkNetwork, SteppedLink, native_available
from visavis.seam import RATE_OUT

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]

SPEECH_S = 10.0
BEGIN_S = 2.0
LOSSY = LinkNetwork(delay_s=0.15, jitter_s=0.03, loss=0.2)


@dataclass
class Heard:
    callee: Callee
    begun: float
    back: float = 0.0


async def call(network: LinkNetwork, stall: tuple[float, float] | None) -> Heard:
    """`stall`: when it begins, after the beginning of the speech, and how long it lasts."""
    link = SteppedLink(seed=7, up=network, down=network)
    client, offer = link.client.offer(lambda _: Caller())
    callees: list[Callee] = []

    def answer_it(port: LinePort) -> Callee:
        callees.append(Callee(port))
        return callees[0]

    _, answer = link.server.accept(offer, answer_it)
    client.set_answer(answer)
    await asyncio.sleep(BEGIN_S)
    heard = Heard(callees[0], asyncio.get_running_loop().time())
    t = np.arange(round(SPEECH_S * RATE_OUT)) / RATE_OUT
    client.play(1, (6000 * np.sin(2 * np.pi * 200 * t)).astype(np.int16))
    if stall is not None:
        begin, seconds = stall
        await asyncio.sleep(begin)
        link.change(up=OUT, down=OUT)
        await asyncio.sleep(seconds)
        link.change(up=network, down=network)
        heard.back = asyncio.get_running_loop().time()
    await asyncio.sleep(SPEECH_S + 5.0 - (sum(stall) if stall else 0.0))
    client.close()
    await asyncio.sleep(1.0)
    await callees[0].session.aclose()
    await link.aclose()
    return heard


def one_turn(heard: Heard) -> SpeechStopped:
    finals = [e.text for e in heard.callee.of(UserInputTranscribed) if e.final]  # type: ignore[attr-defined]
    assert finals == [" ".join(WORDS)]
    assert len(heard.callee.of(ReplyDone)) == 1
    (stopped,) = heard.callee.of(SpeechStopped)
    assert isinstance(stopped, SpeechStopped)
    return stopped


@pytest.mark.parametrize("seconds", [0.3, 0.6])
def test_a_stall_in_the_middle_of_words_ends_no_turn(seconds: float) -> None:
    heard = run_virtual(call(GOOD, (4.0, seconds)))
    assert one_turn(heard).at > heard.begun + SPEECH_S


@pytest.mark.parametrize("seconds", [0.4, 0.7])
def test_a_stall_after_the_last_word_is_waited_for(seconds: float) -> None:
    heard = run_virtual(call(GOOD, (SPEECH_S + 0.02, seconds)))
    assert heard.back < one_turn(heard).at < heard.back + 1.0


def test_a_lossy_and_distant_line_ends_no_turn_early() -> None:
    heard = run_virtual(call(LOSSY, None))
    assert one_turn(heard).at > heard.begun + SPEECH_S
