"""Listens, beside everything else, to whose voice it is; nothing waits for what it finds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import numpy as np
import structlog

from visavis.conversation import signals as s
from visavis.conversation.main_voice import WHOLE_S, MainVoice
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.tasks import TaskOwner
from visavis.models.protocols import Embedding, SpeakerModel
from visavis.seam import FRAME_S, RATE_IN, AudioIn, Mark, Pcm

KEPT_S = 6.0
"""The last seconds of voice that are looked at."""
FIRST_LOOK_S = 0.4
"""Soon enough to tell whether it may stop the agent."""

log = structlog.get_logger(__name__)


class VoiceWatch:
    """One call's. `push` gets the frames that are taken for a voice."""

    def __init__(
        self,
        model: SpeakerModel,
        settings: ConversationSettings,
        tasks: TaskOwner,
        *,
        signal: Callable[[s.Signal], None],
    ) -> None:
        self._model = model
        self._set = settings
        self._tasks = tasks
        self._signal = signal
        self._main = MainVoice(settings)
        self._frames: deque[Pcm] = deque(maxlen=round(KEPT_S / FRAME_S))
        self._voiced = 0
        """Samples of voice since the utterance began."""
        self._next_look = 0.0
        self._utterance = 0
        self._looking: asyncio.Task[None] | None = None
        self._last: Embedding | None = None
        """The voice of the utterance going on, as far as it was looked at."""

    def begin(self) -> None:
        """An utterance begins."""
        self._utterance += 1
        self._frames.clear()
        self._voiced, self._next_look, self._last = 0, FIRST_LOOK_S, None

    def push(self, frame: AudioIn) -> None:
        if frame.mark not in (Mark.RECEIVED, Mark.RECOVERED):
            return
        self._frames.append(frame.pcm)
        self._voiced += len(frame.pcm)
        busy = self._looking is not None and not self._looking.done()
        if self._main.known and not busy and self._voiced >= self._next_look * RATE_IN:
            seconds = self._voiced / RATE_IN
            self._next_look = WHOLE_S if seconds < WHOLE_S else seconds + self._set.look_s
            look = self._look(self._sound(), seconds, self._utterance)
            self._looking = self._tasks.start(look, "voice")

    def learn(self, *, clear: bool) -> None:
        """The utterance was a turn, and is answered."""
        seconds = self._voiced / RATE_IN
        if seconds >= WHOLE_S:
            self._tasks.start(self._learn(self._sound(), seconds, clear), "voice learnt")

    def refuse(self) -> None:
        """The utterance was not answered, for it was another's."""
        if self._last is not None:
            self._main.refuse(self._last)

    def _sound(self) -> Pcm:
        return np.concatenate(self._frames)

    async def _look(self, pcm: Pcm, seconds: float, utterance: int) -> None:
        voice = await self._embed(pcm)
        if voice is None or utterance != self._utterance:
            return
        likeness = self._main.compare(voice, seconds)
        if likeness is not None:
            self._last = voice
            self._signal(s.VoiceLikened(likeness.strange and not likeness.again))

    async def _learn(self, pcm: Pcm, seconds: float, clear: bool) -> None:
        voice = await self._embed(pcm)
        if voice is not None:
            self._main.learn(voice, min(seconds, KEPT_S), clear=clear)

    async def _embed(self, pcm: Pcm) -> Embedding | None:
        try:
            async with asyncio.timeout(self._set.model_timeout_s):
                return await self._model.embed(pcm)
        except Exception as error:  # whose voice it is stays unknown, and anyone is answered
            log.info("voice_unknown", error=type(error).__name__)
            return None
