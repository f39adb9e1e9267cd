"""One call in virtual time: the session with its real ears, recogniser and turn model, a person
who plays the case, and an agent whose words follow a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from turns.cases import Call, Turn
from turns.charged import ChargedWorker, Costs, Memory
from turns.cuts import recogniser
from turns.reader import Reader, asked
from turns.voices import clipped
from visavis.clock import run_virtual
from visavis.conversation import Agent, ConversationSettings, Session
from visavis.conversation.events import (
    ConversationItemAdded,
    ReplyDone,
    SessionEvent,
    TurnMeasured,
)
from visavis.models.embedded.akiki_vad import AkikiVad
from visavis.models.embedded.cadence import Cadence
from visavis.models.embedded.moonshine import Moonshine
from visavis.models.protocols import (
    DEFAULT_OPTIONS,
    ChatMessage,
    GenerateOptions,
    ModelSet,
    SentenceEnd,
    Token,
)
from visavis.models.scripted import Reply, ScriptedLanguageModel, ToneTextToSpeech
from visavis.models.weights import WeightsStore
from visavis.seam import (
    FRAME_IN,
    FRAME_OUT,
    FRAME_S,
    RATE_IN,
    AudioIn,
    Connected,
    Mark,
    Pcm,
    Played,
    SendPlan,
)

BEGIN_S = 0.6
ANSWER_S = 5.0
"""From the end of a turn to the next one: the longest wait, the answer, and some quiet."""
OVER_AFTER_S = 2.5
"""So long the agent has been speaking when something comes over it."""
AFTER_OVER_S = 4.0
FLOOR_LSB = 3.0
ANSWER = "Okay, I have made a note of that."
STORY = (
    "Let me tell you. There was a keeper of a lighthouse, and every evening he climbed the long "
    "stairs. He lit the lamp, he wrote in his book, and he looked at the sea until the ships had "
    "passed. One night a storm came from the west, and the lamp went out twice before midnight."
)


@dataclass
class Sound:
    """The agent is heard, on the person's clock."""

    reply: int
    start: float
    end: float


@dataclass
class Heard:
    """What came of a call; seconds on the person's clock."""

    name: str
    turns: list[tuple[Turn, float]]
    """With the moment each began."""
    over: tuple[float, float] | None = None
    sounds: list[Sound] = field(default_factory=list)
    stopped: list[tuple[float, int]] = field(default_factory=list)
    """When a reply ended before its end."""
    ducked: list[tuple[float, bool]] = field(default_factory=list)
    said: list[tuple[float, str]] = field(default_factory=list)
    """The person's words that became turns."""
    ledgers: dict[int, dict[str, object]] = field(default_factory=dict)


class Models:
    """The real weights, loaded once a process."""

    def __init__(self, memory: Path, costs: Costs) -> None:
        self.costs = costs
        self._memory = memory
        store = WeightsStore()
        self._vad = AkikiVad.load()
        self._recogniser = recogniser(store)
        self._reader = Reader(store)

    def for_call(self, memory: Memory, story: bool) -> ModelSet:
        """On the running (virtual) loop."""
        costs = self.costs

        def recognised(args: tuple[object, ...], result: object) -> float:
            _, audio, draft = args
            assert isinstance(audio, bytes) and isinstance(draft, tuple)
            tokens: tuple[int, ...] = result.tokens  # type: ignore[attr-defined]
            same = 0
            while same < min(len(draft), len(tokens)) and draft[same] == tokens[same]:
                same += 1
            seconds = len(audio) / 2 / RATE_IN
            new = 1 + len(tokens) - same
            return costs.recognise + costs.recognise_second * seconds + costs.recognise_token * new

        def answer(messages: Sequence[ChatMessage]) -> str:
            first = sum(message.role == "user" for message in messages) <= 1
            return STORY if story and first else ANSWER

        return ModelSet(
            vad=self._vad,
            stt=Moonshine(
                self._recogniser, ChargedWorker("moonshine-tiny-en-2", recognised, memory)
            ),
            turn=Cadence(ChargedWorker("cadence-4", lambda *_: costs.turn, memory)),
            llm=_Reading(
                lambda messages: memory.known(asked(messages), partial(self._reader, messages)),
                answer,
                first_token_s=costs.first_token,
                tokens_per_s=costs.tokens_per_s,
            ),
            tts=ToneTextToSpeech(first_piece_s=costs.first_speech),
        )

    def hear(self, call: Call, settings: ConversationSettings) -> Heard:
        """Play a call to its end."""
        memory = Memory(self._memory)
        try:
            return run_virtual(_run(call, self, memory, settings), limit_s=600)
        finally:
            memory.close()


class _Reading(ScriptedLanguageModel):
    """A script's words, and the real model's word on whether the person has ended a sentence."""

    def __init__(
        self,
        read: Callable[[Sequence[ChatMessage]], float | None],
        replies: Reply,
        *,
        first_token_s: float,
        tokens_per_s: float,
    ) -> None:
        super().__init__(replies, first_token_s=first_token_s, tokens_per_s=tokens_per_s)
        self._read = read

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[Token, None]:  # type: ignore[override]
        probability = self._read(messages) if options.sentence_end else None
        async with aclosing(super().generate(messages, options)) as tokens:
            first = await anext(tokens)
            if probability is not None:
                yield SentenceEnd(probability)
            yield first
            async for token in tokens:
                yield token


class _Port:
    """Plays a frame a tick and notes what the person hears of it, and when."""

    def __init__(self, call_id: str, heard: Heard, down_s: float) -> None:
        self.call_id = call_id
        self.session: Session
        self._heard = heard
        self._down_s = down_s
        self._queue: list[tuple[int, Pcm]] = []
        self._finished: set[int] = set()
        self._played: dict[int, int] = {}
        self._flushed: list[int] = []
        self.over = False
        """The call is over: what ends now was not stopped by anybody."""

    def play(self, reply: int, pcm: Pcm) -> None:
        self._queue.append((reply, pcm))
        self._played.setdefault(reply, 0)

    def finish(self, reply: int) -> None:
        self._finished.add(reply)

    def duck(self, gain: float, ramp_s: float = 0.02) -> None:
        self._heard.ducked.append((self._ear(), gain < 1))

    def flush(self, fade_s: float = 0.02) -> None:
        for reply in dict.fromkeys(reply for reply, _ in self._queue if not self.over):
            self._heard.stopped.append((self._ear(), reply))
            self._flushed.append(reply)
        self._queue.clear()

    def send(self, text: str) -> None:
        pass

    def set_plan(self, plan: SendPlan) -> None:
        pass

    def close(self, reason: str = "local") -> None:
        pass

    def tick(self) -> None:
        now = asyncio.get_running_loop().time()
        room = FRAME_OUT
        playing = None
        while room and self._queue:
            playing, pcm = self._queue[0]
            part = min(room, len(pcm))
            self._played[playing] += part
            room -= part
            self._queue[0] = (playing, pcm[part:])
            if part == len(pcm):
                self._queue.pop(0)
        if playing is not None:
            self._sound(playing)
        for reply in self._flushed:
            self._report(reply, now, done=True)
        self._flushed.clear()
        waiting = {number for number, _ in self._queue}
        for reply in sorted(self._finished - waiting):
            self._finished.discard(reply)
            self._report(reply, now, done=True)
        if playing is not None and playing in waiting:
            self._report(playing, now, done=False)

    def _sound(self, reply: int) -> None:
        sounds, at = self._heard.sounds, self._ear()
        if sounds and sounds[-1].reply == reply and at - sounds[-1].end < FRAME_S / 2:
            sounds[-1].end = at + FRAME_S
        else:
            sounds.append(Sound(reply, at, at + FRAME_S))

    def _report(self, reply: int, now: float, *, done: bool) -> None:
        samples = self._played.get(reply, 0)
        self.session.on_event(Played(reply, samples, now, exact=False, done=done))

    def _ear(self) -> float:
        return asyncio.get_running_loop().time() + self._down_s


class _Microphone:
    """What the person's side sounds like; it may be added to as time goes on."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, Pcm]] = []
        self._noise = np.random.default_rng(1)

    def play(self, at: float, pcm: Pcm) -> tuple[float, float]:
        start = round(at * RATE_IN)
        self._parts.append((start, pcm))
        return start / RATE_IN, (start + len(pcm)) / RATE_IN

    def frame(self, number: int) -> Pcm:
        begin = number * FRAME_IN
        sound = self._noise.normal(0, FLOOR_LSB, FRAME_IN)
        for start, pcm in self._parts:
            first, last = max(begin, start), min(begin + FRAME_IN, start + len(pcm))
            if first < last:
                sound[first - begin : last - begin] += pcm[first - start : last - start]
        return clipped(sound)


async def _run(call: Call, models: Models, memory: Memory, settings: ConversationSettings) -> Heard:
    loop = asyncio.get_running_loop()
    heard = Heard(call.name, [])
    port = _Port(call.name, heard, models.costs.down)
    session = Session(
        Agent(), models.for_call(memory, call.over is not None), port, settings=settings
    )
    port.session = session

    def note(event: SessionEvent) -> None:
        if isinstance(event, ConversationItemAdded) and event.role == "user":
            heard.said.append((loop.time(), event.text))
        elif isinstance(event, TurnMeasured):
            heard.ledgers[event.ledger.turn] = event.ledger.to_dict()
        elif isinstance(event, ReplyDone) and event.status == "failed":
            raise AssertionError(f"{call.name}: a reply failed")

    session.subscribe(note)
    microphone = _Microphone()
    at = BEGIN_S
    for turn in call.turns:
        begin, end = microphone.play(at, turn.pcm)
        heard.turns.append((turn, begin))
        at = end + ANSWER_S
    until = at
    session.start()
    session.on_event(Connected(loop.time()))
    number = 0
    while number * FRAME_S < until:
        await asyncio.sleep((number + 1) * FRAME_S + models.costs.up - loop.time())
        pcm = microphone.frame(number)
        session.on_event(AudioIn(number * FRAME_IN, pcm, Mark.RECEIVED, loop.time()))
        port.tick()
        number += 1
        now = number * FRAME_S
        if call.over is not None and heard.over is None and _speaks_since(heard, now):
            heard.over = microphone.play(now, call.over.pcm)
            until = heard.over[1] + AFTER_OVER_S
    port.over = True
    await session.aclose()
    return heard


def _speaks_since(heard: Heard, now: float) -> bool:
    """The agent has been telling its story for a while."""
    last = heard.sounds[-1] if heard.sounds else None
    return last is not None and now - last.start >= OVER_AFTER_S and now - last.end < 0.2
