"""A call of any length in virtual time: both ends of the line, a lossy network, the session."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from visavis.clock import run_virtual
from visavis.conversation import Agent, Session
from visavis.conversation.events import SessionEvent, TurnMeasured
from visavis.line import FrameIn, LinePort, LinkNetwork, SteppedLink
from visavis.models.protocols import ModelSet
from visavis.models.scripted import (
    EnergyVoiceActivity,
    FixedTurnDetector,
    ScriptedLanguageModel,
    ScriptedSpeechToText,
    ToneTextToSpeech,
)
from visavis.seam import RATE_OUT, AudioIn, CallSink, UpEvent

NETWORK = LinkNetwork(delay_s=0.03, jitter_s=0.02, loss=0.02)
SAYINGS = ("what is the weather like", "tell me more about that", "mm-hm", "stop that now")


def models() -> ModelSet:
    return ModelSet(
        vad=EnergyVoiceActivity(),
        stt=ScriptedSpeechToText(SAYINGS, decode_s=0.08, repeat=True),
        turn=FixedTurnDetector(delay_s=0.05),
        llm=ScriptedLanguageModel(
            ["It is a fine day, and I would go out for a walk.", "Sure, what else?"],
            first_token_s=0.15,
            tokens_per_s=20,
        ),
        tts=ToneTextToSpeech(first_piece_s=0.03),
    )


def voice(seconds: float, chance: np.random.Generator) -> np.ndarray:
    """Something the energy detector takes for speech, 24 kHz."""
    t = np.arange(int(seconds * RATE_OUT)) / RATE_OUT
    tone = np.sin(2 * np.pi * chance.uniform(140, 260) * t) * (1 + 0.5 * np.sin(2 * np.pi * 4 * t))
    return (6000 * tone).astype(np.int16)


class Digest:
    """What crossed the seam and what was decided, as one number. It holds no long lists:
    asyncio prints a task's result in debug mode."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.frames = 0
        self.events: dict[str, int] = {}
        self.ledgers: list[dict[str, Any]] = []

    def up(self, event: UpEvent) -> None:
        if isinstance(event, AudioIn):
            self._hash.update(f"{event.position} {event.mark} {event.at:.6f}".encode())
            self._hash.update(event.pcm.tobytes())
        else:
            self._hash.update(repr(event).encode())

    def ear(self, frame: FrameIn) -> None:
        self.frames += 1
        self._hash.update(f"{frame.position} {frame.mark} {frame.rtp}".encode())
        self._hash.update(frame.pcm.tobytes())

    def decision(self, event: SessionEvent) -> None:
        name = type(event).__name__
        self.events[name] = self.events.get(name, 0) + 1
        if isinstance(event, TurnMeasured):
            self.ledgers.append(event.ledger.to_dict())
            self._hash.update(json.dumps(self.ledgers[-1]).encode())
        else:
            self._hash.update(json.dumps(asdict(event)).encode())

    def value(self) -> str:
        return self._hash.hexdigest()


class Callee(CallSink):
    """The server's side: a session that starts with the call."""

    def __init__(self, port: LinePort, digest: Digest) -> None:
        self.session = Session(Agent(), models(), port, call_id="call")
        self.session.subscribe(digest.decision)
        self.session.start()
        self._digest = digest

    def on_event(self, event: UpEvent) -> None:
        self._digest.up(event)
        self.session.on_event(event)


class Caller(CallSink):
    """The client's side listens to the raw frames only."""

    def on_event(self, event: UpEvent) -> None:
        pass


async def call(digest: Digest, seconds: float, seed: int) -> None:
    link = SteppedLink(seed=seed, up=NETWORK, down=NETWORK)
    client, offer = link.client.offer(lambda _: Caller())
    client.on_frame = digest.ear
    callees: list[Callee] = []

    def answer_it(port: LinePort) -> Callee:
        callees.append(Callee(port, digest))
        return callees[0]

    _, answer = link.server.accept(offer, answer_it)
    client.set_answer(answer)
    chance = np.random.default_rng(seed)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        said = float(chance.uniform(0.6, 2.5))
        # Some pauses are shorter than the answers: the next words interrupt.
        pause = float(chance.choice([1.5, 4.0, 6.0]))
        client.play(1, voice(said, chance))
        client.play(1, np.zeros(int(pause * RATE_OUT), np.int16))
        await asyncio.sleep(said + pause)
    client.close()
    await asyncio.sleep(1.0)
    await callees[0].session.aclose()
    await link.aclose()


@dataclass(frozen=True)
class Held:
    """What came of a call."""

    digest: str
    frames: int
    events: dict[str, int]
    ledgers: list[dict[str, Any]]


def held(seconds: float, seed: int) -> Held:
    digest = Digest()
    run_virtual(call(digest, seconds, seed))
    return Held(digest.value(), digest.frames, digest.events, digest.ledgers)
