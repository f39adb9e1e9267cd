"""The person's sound, from the call's frames to what the state machine is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from visavis.conversation import signals as s
from visavis.conversation.agent import Agent
from visavis.conversation.ears import Ears
from visavis.conversation.empathy import Empathy
from visavis.conversation.events import UserState
from visavis.conversation.history import History
from visavis.conversation.listener import Listener
from visavis.conversation.person import Person
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.tasks import TaskOwner
from visavis.conversation.voice_watch import VoiceWatch
from visavis.conversation.watchers import Watchers
from visavis.models.protocols import ModelSet
from visavis.seam import AudioIn, LinkReport

TICK_S = 0.1
"""How often silence is looked for when no frames come."""


class Hearing:
    """Ears, recogniser, utterance and feeling of one session. Signals go to `signal`, in order."""

    def __init__(
        self,
        agent: Agent,
        models: ModelSet,
        settings: ConversationSettings,
        tasks: TaskOwner,
        history: History,
        watchers: Watchers,
        *,
        new_id: Callable[[str], str],
        signal: Callable[[s.Signal], None],
        eager: Callable[[], bool],
    ) -> None:
        """`eager`: whether the machine may speculate on every partial."""
        self.ears = Ears(models.vad.stream(), settings)
        self.listener = Listener(
            models.stt,
            models.turn,
            settings,
            tasks,
            language=agent.language,
            signal=signal,
            eager=eager,
        )
        self.empathy = None if agent.feelings == "ignore" else Empathy()
        self.person = Person(self.ears, self.listener, history, watchers, new_id, self.empathy)
        self.voices = (
            VoiceWatch(models.speaker, settings, tasks, signal=signal)
            if agent.speaker == "prefer" and models.speaker is not None
            else None
        )
        self._watchers = watchers
        self._signal = signal
        self._loop = asyncio.get_running_loop()
        self._away_s = settings.away_s
        self._active_at = self._loop.time()
        self._tick: asyncio.TimerHandle | None = None
        self._broken = False
        self._closed = False

    def push(self, frame: AudioIn, *, agent_audible: bool) -> None:
        """One frame, in order."""
        self.listener.push(frame)
        if self.empathy is not None:
            self.empathy.push(frame)
        try:
            signals = self.ears.push(frame, agent_audible=agent_audible)
        except Exception as error:  # a broken detector makes us deaf, not dead
            if not self._broken:
                self._broken = True
                why = f"voice activity: {type(error).__name__}: {error}"
                self._watchers.report("model_error", why)
            return
        for signal in signals:
            self._signal(signal)
        if self.voices is not None and any(isinstance(each, s.VoiceWent) for each in signals):
            self.voices.push(frame)
        self._look_later()

    def mind_absence(self, *, idle: bool) -> None:
        """After each frame. `idle`: nobody speaks, and nothing is prepared."""
        now = self._loop.time()
        if not idle:
            self._active_at = now
        elif now - self._active_at > self._away_s:
            self._watchers.show_user(UserState.AWAY)

    def on_report(self, report: LinkReport) -> None:
        """What the line measured of the network."""
        self.ears.on_report(report)
        if report.rtt_ms is not None:
            self._signal(s.RoundTrip(report.rtt_ms / 1000))

    def close(self) -> None:
        """The call is over."""
        self._closed = True
        if self._tick is not None:
            self._tick.cancel()

    async def aclose(self) -> None:
        await self.listener.aclose()

    def _look_later(self) -> None:
        if self.ears.active and self._tick is None and not self._closed:
            self._tick = self._loop.call_later(TICK_S, self._look)

    def _look(self) -> None:
        self._tick = None
        for signal in self.ears.idle(self._loop.time()):
            self._signal(signal)
        self._look_later()
