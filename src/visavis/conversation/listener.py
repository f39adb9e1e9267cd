"""The person's sound on its way to the models: what is kept, recognised and scored."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import numpy as np

from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.tasks import TaskOwner
from visavis.models.protocols import SpeechToText, TurnDetector
from visavis.seam import FRAME_IN, RATE_IN, AudioIn, Mark, Pcm

KEPT_FRAMES = 400
"""The newest 8 s are kept, for the turn detector and for what led to the first voiced sample."""


class Listener:
    """Feeds the recogniser while an utterance lasts; runs `Decode` and `AskScore`."""

    def __init__(
        self,
        stt: SpeechToText,
        turn: TurnDetector | None,
        settings: ConversationSettings,
        tasks: TaskOwner,
        *,
        language: str | None,
        signal: Callable[[s.Signal], None],
        eager: Callable[[], bool],
    ) -> None:
        self._stream = stt.stream(language=language)
        self._turn = turn
        self._set = settings
        self._tasks = tasks
        self._signal = signal
        self._eager = eager
        self._loop = asyncio.get_running_loop()
        self._recent: deque[AudioIn] = deque(maxlen=KEPT_FRAMES)
        self._recording = False
        self._from = 0
        self._decoding: asyncio.Task[None] | None = None
        self._scoring: asyncio.Task[None] | None = None

    def push(self, frame: AudioIn) -> None:
        if frame.mark is Mark.AWAITED:
            return  # it stands for no samples: the words before it and after it are one phrase
        self._recent.append(frame)
        if self._recording:
            self._stream.push(frame.pcm)

    def begin(self, start: int) -> None:
        """Recognise from a little before this sample on."""
        self._restart(start - round(self._set.preroll_s * RATE_IN))
        self._from = start

    def cut(self, position: int) -> None:
        """Recognise afresh from this sample on."""
        self._restart(position)

    def end(self) -> None:
        """The utterance is over."""
        self._cancel(self._decoding)
        self._cancel(self._scoring)
        if self._recording:
            self._recording = False
            self._stream.reset()

    async def aclose(self) -> None:
        self._recent.clear()
        await self._stream.aclose()

    def decode(self, ask: do.Decode) -> None:
        self._cancel(self._decoding)
        self._decoding = self._tasks.start(self._decode(ask), "decode")

    def score(self, ask: do.AskScore) -> None:
        self._cancel(self._scoring)
        self._scoring = self._tasks.start(self._score(ask), "turn score")

    def _restart(self, position: int) -> None:
        self._cancel(self._decoding)
        self._stream.reset()
        self._recording = True
        for frame in self._recent:
            if frame.position + len(frame.pcm) > position:
                self._stream.push(frame.pcm)

    def _cancel(self, task: asyncio.Task[None] | None) -> None:
        if task is not None:
            task.cancel()

    async def _decode(self, ask: do.Decode) -> None:
        began = self._loop.time()
        try:
            async with asyncio.timeout(self._set.model_timeout_s):
                result = await self._stream.decode(final=ask.final)
        except TimeoutError:
            said = f"the recogniser gave nothing for {self._set.model_timeout_s:g} s"
            self._signal(s.TranscribeFailed(ask.decode, said))
        except Exception as error:  # a broken recogniser costs this decode, not the call
            self._signal(s.TranscribeFailed(ask.decode, f"{type(error).__name__}: {error}"))
        else:
            words = [word.confidence for word in result.words]
            self._signal(
                s.Transcribed(
                    ask.decode,
                    result.text,
                    took_s=self._loop.time() - began,
                    eager=self._eager(),
                    confidence=sum(words) / len(words) if words else 1.0,
                )
            )

    async def _score(self, ask: do.AskScore) -> None:
        if self._turn is None:
            return
        score: float | None = None
        try:
            async with asyncio.timeout(self._set.score_timeout_s):
                score = await self._turn.score(self._utterance())
        except Exception:  # without a score the machine waits longer; nothing else is lost
            score = None
        self._signal(s.TurnScored(ask.ask, score))

    def _utterance(self) -> Pcm:
        first = self._from - round(self._set.preroll_s * RATE_IN)
        frames = [f.pcm for f in self._recent if f.position + FRAME_IN > first]
        return np.concatenate(frames) if frames else np.zeros(0, np.int16)
