"""Sounds of the agent that are no reply: a filler while its answer is awaited, a soft "mm-hm" in a
long turn of the person's.

They change nothing about whose turn it is and are not kept in history: the model did not write
them, and would come to imitate them. Only what the voice has spoken beforehand is said, so that it
begins at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from visavis.conversation.agent import Agent
from visavis.conversation.events import AsideDone, AsideKind, AsideStarted, SessionEvent
from visavis.conversation.rehearsal import lines
from visavis.conversation.settings import ConversationSettings
from visavis.models.repertoire import Repertoire
from visavis.seam import RATE_OUT, CallPort, Pcm, Played

ECHO_S = 0.3
"""So long after its end an aside may come back as an echo."""


@dataclass(slots=True)
class _Aside:
    started: AsideStarted
    samples: int
    until: float
    """When it will have been played."""
    played: int = 0


class Asides:
    """At most one at a time."""

    def __init__(
        self,
        port: CallPort,
        voice: Repertoire,
        settings: ConversationSettings,
        *,
        emit: Callable[[SessionEvent], None],
        new_id: Callable[[str], str],
        next_run: Callable[[], int],
    ) -> None:
        self._port = port
        self._voice = voice
        self._set = settings
        self._emit = emit
        self._new_id = new_id
        self._next_run = next_run
        self._loop = asyncio.get_running_loop()
        self._current: _Aside | None = None
        self._last: dict[AsideKind, str] = {}

    @property
    def audible(self) -> bool:
        """One sounds, or may still be heard as an echo."""
        return self._current is not None and self._loop.time() < self._current.until + ECHO_S

    def say(self, kind: AsideKind, agent: Agent, said: str) -> bool:
        """Say one of the agent's phrases to a person who spoke like this, another one than the last
        time. False if there is none that the voice knows."""
        if self._current is not None and self._loop.time() < self._current.until:
            return False
        self._over(cut=False)
        words = agent.fillers if kind == "filler" else agent.acknowledgements
        phrases = words.get(agent.language_of(said), ())
        last = self._last.get(kind)
        begin = phrases.index(last) + 1 if last in phrases else 0
        for phrase in (*phrases[begin:], *phrases[:begin]):
            pcm = self._recall(phrase, agent)
            if phrase != last and pcm is not None:
                self._play(kind, phrase, pcm)
                return True
        self._last.pop(kind, None)  # it is some time ago when there is the next occasion
        return False

    def hush(self, kind: AsideKind | None = None) -> None:
        """Break off what sounds now, if it is of this kind."""
        current = self._current
        if current is None or kind not in (None, current.started.kind):
            return
        if self._loop.time() < current.until:
            self._port.flush()
            current.until = self._loop.time()

    def on_played(self, event: Played) -> None:
        current = self._current
        if current is not None and current.started.reply == event.reply:
            current.played = max(current.played, event.samples)
            if event.done:
                self._over(cut=current.played < current.samples)

    def close(self) -> None:
        """The call is over."""
        self._over(cut=True)

    def _recall(self, phrase: str, agent: Agent) -> Pcm | None:
        parts: list[Pcm] = []
        for line, voice in lines(phrase, agent):
            known = self._voice.recall(line, voice)
            if known is None:
                return None
            parts += [speech.pcm for speech in known]
        return np.concatenate(parts) if parts else None

    def _play(self, kind: AsideKind, phrase: str, pcm: Pcm) -> None:
        now = self._loop.time()
        run, response_id, item_id = self._next_run(), self._new_id("resp"), self._new_id("item")
        started = AsideStarted(run, response_id, item_id, kind, phrase, now)
        self._last[kind] = phrase
        self._current = _Aside(started, len(pcm), now + len(pcm) / RATE_OUT)
        self._emit(started)
        if kind == "acknowledgement":
            softer = pcm * 10 ** (-self._set.acknowledge_softer_db / 20)
            pcm = np.rint(softer).astype(np.int16)
        self._port.play(run, pcm)
        self._port.finish(run)

    def _over(self, *, cut: bool) -> None:
        if self._current is None:
            return
        aside, self._current = self._current, None
        begun = aside.started
        heard_ms = round(aside.played * 1000 / RATE_OUT)
        now = self._loop.time()
        self._emit(
            AsideDone(begun.reply, begun.response_id, begun.item_id, begun.text, heard_ms, cut, now)
        )
