"""The agent's replies: prepared, dropped, released, stopped, and what was heard of them.

The state machine numbers replies as they are begun; the port wants numbers that grow in the order
of what is heard, asides among them. Those are given when a reply is announced.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Literal

from visavis.conversation import signals as s
from visavis.conversation.agent import Agent
from visavis.conversation.events import (
    ConversationItemAdded,
    ReplyDone,
    ReplyStarted,
    ReplyText,
    SessionEvent,
    TurnMeasured,
)
from visavis.conversation.history import History, Item
from visavis.conversation.ledger import Ledger, Stage
from visavis.conversation.reply import ReplyJob
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.tasks import TaskOwner
from visavis.models.protocols import TextToSpeech, Token, ToolCall
from visavis.seam import RATE_OUT, CallPort, Played

KEPT_REPLIES = 50
"""Ended replies that can still be truncated."""


class Mouth:
    """All replies of one session, by number."""

    def __init__(
        self,
        port: CallPort,
        tts: TextToSpeech,
        settings: ConversationSettings,
        tasks: TaskOwner,
        history: History,
        *,
        emit: Callable[[SessionEvent], None],
        signal: Callable[[s.Signal], None],
        new_id: Callable[[str], str],
        next_run: Callable[[], int],
        call: Callable[[int, str, ToolCall], None],
    ) -> None:
        """`next_run` gives the port's next number, `call(reply, response_id, call)` runs a tool."""
        self._next_run = next_run
        self._call = call
        self._port = port
        self._tts = tts
        self._set = settings
        self._tasks = tasks
        self._history = history
        self._emit = emit
        self._signal = signal
        self._new_id = new_id
        self._loop = asyncio.get_running_loop()
        self._jobs: dict[int, ReplyJob] = {}
        self._ended: dict[str, ReplyJob] = {}
        self._ledgers: dict[int, Ledger] = {}
        self._waiting: dict[int, asyncio.Future[ReplyDone | None]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._ducked = False
        self.first_audio_s: float | None = None
        """How long a reply takes to its first audio, smoothed; None before the first."""

    def prepare(
        self,
        number: int,
        texts: AsyncIterator[Token],
        agent: Agent,
        *,
        announce: bool = False,
        done: asyncio.Future[ReplyDone | None] | None = None,
    ) -> None:
        job = ReplyJob(
            number,
            self._new_id("item"),
            self._new_id("resp"),
            texts,
            tts=self._tts,
            voice=agent.voice,
            expressive=agent.expressive,
            settings=self._set,
            port=self._port,
            signal=self._on_signal,
            on_text=self._text,
            on_call=lambda job, call: self._call(job.number, job.response_id, call),
        )
        self._jobs[number] = job
        if done is not None:
            self._waiting[number] = done
        if announce:
            self._announce(job)
        job.task = self._tasks.start(job.make(), f"reply {number}")

    def is_voicing(self, number: int) -> bool:
        """Its first words are known: the voice is at work on them, or about to be."""
        job = self._jobs.get(number)
        return job is not None and Stage.FIRST_CLAUSE in job.stages

    def drop(self, number: int) -> int:
        """Cancel a reply nobody heard; returns the tokens wasted."""
        job = self._jobs.pop(number)
        if Stage.TTS_FIRST_AUDIO not in job.stages:
            age = self._loop.time() - job.began
            if self.first_audio_s is not None and age > self.first_audio_s:
                self._measure(age)
        job.cancel()
        if job.run is not None:
            self._tell_done(job, "failed" if job.failed else "cancelled", "")
        return job.tokens

    def release(self, number: int, ledger: Ledger | None) -> bool:
        """Play it. False if it says nothing: then the turn's ledger waits for one that does."""
        job = self._jobs[number]
        now = self._loop.time()
        if self._ducked:
            self.duck(1.0)
        self._history.add(Item(job.item_id, "assistant", ""))
        if ledger is not None:
            if not job.silent:
                self._ledgers[number] = ledger
            ledger.response_id = job.response_id
            for stage, at in job.stages.items():
                ledger.stamp(stage, at)
            ledger.stamp(Stage.RELEASED, now)
            if not job.silent:
                ledger.stamp(Stage.FIRST_SENT, now)
        self._announce(job)
        job.release()
        if ledger is not None:
            self._emit(TurnMeasured(ledger, now))
        return not job.silent

    def duck(self, gain: float) -> None:
        self._ducked = gain < 1.0
        self._port.duck(gain)

    def stop(self, number: int) -> None:
        job = self._jobs.get(number)
        if job is None:
            return  # it has just ended, and who was told of that wants silence
        job.cancel()
        self._port.flush()
        self._history_is(job, job.heard, interrupted=True)
        self._timers[number] = self._loop.call_later(self._set.heard_wait_s, self._end, number)

    def on_played(self, event: Played) -> None:
        job = next((job for job in self._jobs.values() if job.run == event.reply), None)
        if job is None or not job.released:
            return
        if event.exact and not job.exact:
            job.exact, job.played = True, event.samples
        elif event.exact or not job.exact:
            job.played = max(job.played, event.samples)
        self._stamp_played(job, event)
        if not event.done:
            return
        stopped = job.stopped
        # History first: what the machine begins next is to be read after what was just said.
        self._end(job.number)
        if not stopped:
            self._signal(s.ReplyPlayed(job.number))

    def truncate(self, item_id: str, samples: int) -> int | None:
        """The client says how much of an item was heard. Returns the reply's number if it is
        still being played."""
        active = next((job for job in self._jobs.values() if job.item_id == item_id), None)
        job = active or self._ended.get(item_id)
        if job is None or not job.released:
            return None
        job.exact, job.played = True, min(samples, job.map.samples)
        if active is not None and not active.stopped:
            return active.number
        self._history_is(job, job.heard, interrupted=True)
        return None

    def close(self) -> None:
        """End whatever is being played."""
        for number, job in list(self._jobs.items()):
            job.cancel()
            if job.run is not None:
                self._end(number)
        self._jobs.clear()

    def _on_signal(self, signal: s.Signal) -> None:
        if isinstance(signal, s.ReplyReady):
            job = self._jobs.get(signal.reply)
            if job is not None and job.run is None:  # a literal text says nothing
                self._measure(self._loop.time() - job.began)
        if isinstance(signal, s.ReplyPlayed) and signal.reply in self._jobs:
            job = self._jobs[signal.reply]
            job.played = job.map.samples
            self._end(signal.reply)
        self._signal(signal)

    def _measure(self, seconds: float) -> None:
        known = self.first_audio_s
        self.first_audio_s = seconds if known is None else 0.7 * known + 0.3 * seconds

    def _announce(self, job: ReplyJob) -> None:
        if job.run is None:
            job.run = self._next_run()
            self._emit(ReplyStarted(job.run, job.response_id, job.item_id, self._loop.time()))

    def _text(self, job: ReplyJob, delta: str) -> None:
        self._emit(ReplyText(job.on_port, job.response_id, job.item_id, delta, self._loop.time()))

    def _stamp_played(self, job: ReplyJob, event: Played) -> None:
        ledger = self._ledgers.get(job.number)
        if ledger is None or event.samples <= 0:
            return
        known = Stage.FIRST_PLAYED in ledger.stages
        if known and (ledger.played_exact or not event.exact):
            return
        first = event.at - event.samples / RATE_OUT
        ledger.stages[Stage.FIRST_PLAYED] = max(first, ledger.stages[Stage.FIRST_SENT])
        ledger.played_exact = event.exact
        self._emit(TurnMeasured(ledger, self._loop.time()))

    def _end(self, number: int) -> None:
        timer = self._timers.pop(number, None)
        if timer is not None:
            timer.cancel()
        job = self._jobs.pop(number, None)
        if job is None:
            return
        complete = not job.stopped and not job.failed
        if job.task is not None:
            job.task.cancel()
        heard = job.text if complete else job.heard
        self._history_is(job, heard, interrupted=job.stopped)
        now = self._loop.time()
        status: Literal["completed", "cancelled", "failed"] = (
            "completed" if complete else "cancelled" if job.stopped else "failed"
        )
        self._tell_done(job, status, heard)
        if heard:
            self._emit(ConversationItemAdded(job.item_id, "assistant", heard, job.stopped, now))
        ledger = self._ledgers.pop(number, None)
        if ledger is not None:
            ledger.interrupted = job.stopped
            ledger.stamp(Stage.DONE, now)
            self._emit(TurnMeasured(ledger, now))
        self._ended[job.item_id] = job
        while len(self._ended) > KEPT_REPLIES:
            del self._ended[next(iter(self._ended))]

    def _tell_done(
        self, job: ReplyJob, status: Literal["completed", "cancelled", "failed"], heard: str
    ) -> None:
        event = ReplyDone(
            job.on_port,
            job.response_id,
            job.item_id,
            status,
            job.text,
            heard,
            round(job.played * 1000 / RATE_OUT),
            self._loop.time(),
        )
        self._emit(event)
        waiting = self._waiting.pop(job.number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(event)

    def _history_is(self, job: ReplyJob, heard: str, *, interrupted: bool) -> None:
        item = self._history.get(job.item_id)
        if item is None:
            return
        item.text, item.interrupted = heard, interrupted
        if not heard and job.number not in self._jobs:
            self._history.remove(job.item_id)
