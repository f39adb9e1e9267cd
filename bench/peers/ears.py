"""A streaming recogniser for peers, made of our voice detector and our recogniser.

Their interfaces take interim words, words that will probably stay, and final words, each as early
as the recogniser likes. What decides when a turn is over stays theirs, or is a fixed silence.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from visavis.models.protocols import SpeechStream, VoiceActivityStream
from visavis.seam import RATE_IN, Pcm

Edge = Literal["start", "pause", "resume", "end"]

VOICE, HOLD = 0.5, 0.35
START_S = 0.064
PREROLL_S = 0.3
PARTIAL_S = 0.4
"""As `ConversationSettings` has them."""


class Segmenter:
    """Probabilities of voice in, edges of utterances out. Times are seconds."""

    def __init__(self, frame_s: float, pause_s: float, end_s: float) -> None:
        """A silence of `pause_s` may be the end, one of `end_s` is (if longer)."""
        self._start = round(START_S / frame_s)
        self._pause = max(1, round(pause_s / frame_s))
        self._end = max(self._pause + 1, round(end_s / frame_s))
        self.open = False
        """Between a start and an end."""
        self._voiced = 0
        self._quiet = 0

    @property
    def speaking(self) -> bool:
        return self.open and self._quiet < self._pause

    def push(self, probability: float) -> Edge | None:
        if not self.open:
            self._voiced = self._voiced + 1 if probability >= VOICE else 0
            if self._voiced < self._start:
                return None
            self.open, self._quiet = True, 0
            return "start"
        if probability >= HOLD:
            paused = self._quiet >= self._pause
            self._quiet = 0
            return "resume" if paused else None
        self._quiet += 1
        if self._quiet == self._pause:
            return "pause"
        if self._quiet == self._end:
            self.open, self._voiced = False, 0
            return "end"
        return None


@dataclass(frozen=True)
class Heard:
    """`words`: so far, at a `pause` and at the `end` those of the whole utterance."""

    kind: Literal["start", "words", "pause", "resume", "end"]
    text: str = ""


class Ears:
    """Sound in, `Heard` told in its order. Lives on the event loop."""

    def __init__(
        self,
        vad: VoiceActivityStream,
        stream: SpeechStream,
        tell: Callable[[Heard], None],
        *,
        pause_s: float,
        end_s: float,
    ) -> None:
        self._vad = vad
        self._stream = stream
        self._tell = tell
        self._segmenter = Segmenter(vad.frame_s, pause_s, end_s)
        self._preroll: deque[Pcm] = deque(maxlen=round(PREROLL_S / 0.02))
        self._fresh = 0
        self._work: asyncio.Task[None] | None = None
        self._whole: asyncio.Task[str] | None = None
        self._ending: asyncio.Task[None] | None = None

    def push(self, pcm: Pcm) -> None:
        """The next 16 kHz samples, about 20 ms."""
        for probability in self._vad.push(pcm):
            edge = self._segmenter.push(probability)
            if edge is not None:
                self._turn(edge)
        if not self._segmenter.open:
            self._preroll.append(pcm)
            return
        self._stream.push(pcm)
        self._fresh += len(pcm)
        idle = self._work is None or self._work.done()
        if self._segmenter.speaking and self._fresh >= PARTIAL_S * RATE_IN and idle:
            self._fresh = 0
            self._work = asyncio.create_task(self._partial())

    def _turn(self, edge: Edge) -> None:
        match edge:
            case "start":
                self._stream.reset()
                for pcm in self._preroll:
                    self._stream.push(pcm)
                self._preroll.clear()
                self._fresh, self._whole = 0, None
                self._tell(Heard("start"))
            case "pause":
                self._whole = asyncio.create_task(self._all())
                self._work = asyncio.create_task(self._paused(self._whole))
            case "resume":
                self._whole = None
                self._tell(Heard("resume"))
            case "end":
                whole, self._whole = self._whole, None
                if whole is not None:
                    self._ending = asyncio.create_task(self._ended(whole))

    async def _partial(self) -> None:
        text = (await self._stream.decode()).text
        if self._segmenter.speaking:
            self._tell(Heard("words", text))

    async def _all(self) -> str:
        return (await self._stream.decode(final=True)).text

    async def _paused(self, whole: asyncio.Task[str]) -> None:
        text = await whole
        if self._whole is whole:
            self._tell(Heard("pause", text))

    async def _ended(self, whole: asyncio.Task[str]) -> None:
        self._tell(Heard("end", await whole))

    async def aclose(self) -> None:
        for task in (self._work, self._whole, self._ending):
            if task is not None:
                task.cancel()
        await self._stream.aclose()
