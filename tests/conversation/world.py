"""A simulated call: a person who speaks at set times, a port that plays in virtual time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from visavis.conversation import Agent, ConversationSettings, Session
from visavis.conversation.events import SessionEvent
from visavis.models.protocols import ModelSet
from visavis.seam import (
    FRAME_IN,
    FRAME_OUT,
    FRAME_S,
    RATE_IN,
    AudioIn,
    Closed,
    Connected,
    Mark,
    Pcm,
    Played,
    SendPlan,
)


class SimulatedPort:
    """Plays 20 ms a tick, reports what was played every 100 ms, keeps what the person hears."""

    call_id = "call"

    def __init__(self) -> None:
        self.sink: Callable[[Played], None] = lambda event: None
        self.log: list[tuple[float, str, int]] = []
        self.digest = hashlib.sha256()
        self.levels: list[tuple[float, float]] = []
        """(time, peak of what was heard) of every tick."""
        self._queue: list[tuple[int, Pcm]] = []
        self._finished: set[int] = set()
        self._played: dict[int, int] = {}
        self._gain = 1.0
        self._tick = 0
        self._flushed: list[int] = []

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def play(self, reply: int, pcm: Pcm) -> None:
        assert not self._queue or self._queue[-1][0] <= reply
        self.log.append((self._now(), "play", reply))
        self._queue.append((reply, pcm))
        self._played.setdefault(reply, 0)

    def finish(self, reply: int) -> None:
        self.log.append((self._now(), "finish", reply))
        self._finished.add(reply)

    def duck(self, gain: float, ramp_s: float = 0.02) -> None:
        self.log.append((self._now(), "duck" if gain < 1 else "unduck", 0))
        self._gain = gain

    def flush(self, fade_s: float = 0.02) -> None:
        self.log.append((self._now(), "flush", 0))
        self._flushed += list(dict.fromkeys(reply for reply, _ in self._queue))
        self._queue.clear()

    def send(self, text: str) -> None:
        raise AssertionError("the conversation sends no messages")

    def set_plan(self, plan: SendPlan) -> None:
        raise AssertionError("the conversation plans nothing")

    def close(self, reason: str = "local") -> None:
        self.log.append((self._now(), "close", 0))

    def tick(self) -> None:
        now = self._now()
        self._tick += 1
        room, heard = FRAME_OUT, 0.0
        reply = None
        while room and self._queue:
            reply, pcm = self._queue[0]
            part = pcm[:room]
            heard = max(heard, float(np.abs(part).max(initial=0)) * self._gain)
            self.digest.update(part.tobytes() + bytes([round(self._gain * 100)]))
            self._played[reply] += len(part)
            room -= len(part)
            if len(part) == len(pcm):
                self._queue.pop(0)
            else:
                self._queue[0] = (reply, pcm[len(part) :])
        self.levels.append((now, heard))
        for flushed in self._flushed:
            self.sink(Played(flushed, self._played[flushed], now, exact=False, done=True))
        self._flushed.clear()
        waiting = {number for number, _ in self._queue}
        for number in sorted(self._finished - waiting):
            self._finished.discard(number)
            self.sink(Played(number, self._played.get(number, 0), now, exact=False, done=True))
        if reply is not None and (self._tick % 5 == 0 or room):
            self.sink(Played(reply, self._played[reply], now, exact=False))


@dataclass
class Say:
    """The person makes sound from `at` for `seconds`."""

    at: float
    seconds: float
    amplitude: float = 0.3


@dataclass
class World:
    """Runs one call: `await World(...).run(until)`."""

    models: ModelSet
    says: Sequence[Say] = ()
    agent: Agent = field(default_factory=Agent)
    settings: ConversationSettings = field(default_factory=ConversationSettings)
    mark: Callable[[float], Mark] = lambda at: Mark.RECEIVED
    """What the network did to the frame of this time."""
    delivers: Callable[[float], bool] = lambda at: True
    """Whether a frame comes at all."""
    seed: int = 0

    def __post_init__(self) -> None:
        self.events: list[SessionEvent] = []
        self.port = SimulatedPort()
        self.session = Session(self.agent, self.models, self.port, settings=self.settings)
        self.port.sink = self.session.on_event
        self.session.subscribe(self.events.append)
        self._noise = np.random.default_rng(self.seed)

    def of(self, kind: type) -> list[SessionEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    async def run(
        self, until: float, during: dict[float, Callable[[], object]] | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        waiting = sorted((during or {}).items())
        self.session.start()
        self.session.on_event(Connected(loop.time()))
        self._sound = self._render(until)
        begin = loop.time()
        for frame in range(round(until / FRAME_S)):
            await asyncio.sleep(begin + (frame + 1) * FRAME_S - loop.time())
            at = frame * FRAME_S
            while waiting and waiting[0][0] <= at:
                waiting.pop(0)[1]()
            if self.delivers(at):
                self.session.on_event(self._frame(frame, at, loop.time()))
            self.port.tick()

    async def end(self) -> None:
        self.session.on_event(Closed("hangup", asyncio.get_running_loop().time()))
        await self.session.aclose()

    def _render(self, until: float) -> Pcm:
        sound = self._noise.normal(0, 3, round(until * RATE_IN))
        for say in self.says:
            start, end = round(say.at * RATE_IN), round((say.at + say.seconds) * RATE_IN)
            part = sound[start:end]
            part += say.amplitude * 32767 * np.sin(2 * np.pi * 200 / RATE_IN * np.arange(len(part)))
        return np.round(sound).clip(-32768, 32767).astype(np.int16)

    def _frame(self, frame: int, at: float, now: float) -> AudioIn:
        mark = self.mark(at)
        pcm = self._sound[frame * FRAME_IN : (frame + 1) * FRAME_IN]
        if mark is Mark.MISSING:
            pcm = np.zeros(FRAME_IN, np.int16)
        return AudioIn(frame * FRAME_IN, pcm, mark, now)
