"""The person's utterance going on: watchers are told of it, and when the turn is over it becomes
history and a ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from visavis.conversation.ears import Ears
from visavis.conversation.empathy import Empathy
from visavis.conversation.events import (
    ConversationItemAdded,
    FeelingHeard,
    SpeechStarted,
    SpeechStopped,
    UserInputTranscribed,
    UserState,
)
from visavis.conversation.history import History, Item
from visavis.conversation.ledger import Ledger, Stage
from visavis.conversation.listener import Listener
from visavis.conversation.state import State
from visavis.conversation.watchers import Watchers
from visavis.seam import RATE_IN


@dataclass(slots=True)
class _Turn:
    item_id: str
    start: int
    """Sample index of its first voiced sample."""
    started: float
    """The same as session time, seconds."""
    end: int = 0
    stopped: bool = False
    """Watchers were told that the speech ended."""
    silence_seen: float | None = None
    transcript: float = 0.0
    speculations: int = 0
    dropped: int = 0
    tokens_dropped: int = 0


class Person:
    """At most one utterance at a time; without one, what is said of it is of no effect."""

    def __init__(
        self,
        ears: Ears,
        listener: Listener,
        history: History,
        watchers: Watchers,
        new_id: Callable[[str], str],
        empathy: Empathy | None,
    ) -> None:
        self._ears = ears
        self._listener = listener
        self._history = history
        self._watchers = watchers
        self._new_id = new_id
        self._empathy = empathy
        self._loop = asyncio.get_running_loop()
        self._turn: _Turn | None = None
        self._turns = 0

    def begin(self, start: int) -> None:
        """Speech began at this sample."""
        self._ears.restart(start)
        self._listener.begin(start)
        if self._empathy is not None:
            self._empathy.begin()
        self._turn = _Turn(self._new_id("item"), start, self._ears.clock.at(start))
        self._tell_started(self._turn)

    def typed(self, text: str) -> str:
        """A typed message becomes history. Returns its item id."""
        item_id = self._new_id("item")
        self._history.add(Item(item_id, "user", text))
        now = self._loop.time()
        self._watchers.emit(ConversationItemAdded(item_id, "user", text, False, now))
        return item_id

    def follow(self, before: State, after: State) -> None:
        """The machine went from one state to another."""
        turn = self._turn
        if turn is None or after is before:
            return
        if after in (State.PAUSED, State.WEIGHING) and before in (State.LISTENING, State.OVERLAP):
            turn.silence_seen = self._loop.time()
        if after in (State.LISTENING, State.OVERLAP) and turn.stopped:
            # The turn seemed over, but before anything was heard the person went on.
            turn.stopped = False
            self._tell_started(turn)

    def transcribed(self, text: str, confidence: float, *, final: bool) -> None:
        if self._turn is not None:
            item_id, now = self._turn.item_id, self._loop.time()
            self._watchers.emit(UserInputTranscribed(item_id, text, final, confidence, now))

    def speculated(self) -> None:
        """A reply to what was said so far is being prepared."""
        if self._turn is not None:
            self._turn.speculations += 1
            self._turn.transcript = self._loop.time()

    def dropped(self, tokens: int) -> None:
        """Such a reply was dropped; the model had made so many tokens of it."""
        if self._turn is not None:
            self._turn.dropped += 1
            self._turn.tokens_dropped += tokens

    def end_speech(self, end: int) -> None:
        """The speech ended at this sample, as far as is known."""
        turn = self._turn
        if turn is None or turn.stopped:
            return
        turn.stopped, turn.end = True, end
        self._watchers.show_user(UserState.LISTENING)
        end_ms = round(end * 1000 / RATE_IN)
        self._watchers.emit(SpeechStopped(turn.item_id, end_ms, self._loop.time()))

    def commit(self, text: str, confidence: float) -> Ledger | None:
        """These were the words: they become history. The turn's ledger so far."""
        turn = self._turn
        if turn is None:
            return None
        self.end_speech(self._ears.position)
        self.transcribed(text, confidence, final=True)
        self._history.add(Item(turn.item_id, "user", text))
        now = self._loop.time()
        self._watchers.emit(ConversationItemAdded(turn.item_id, "user", text, False, now))
        if self._empathy is not None:
            self._watchers.emit(FeelingHeard(turn.item_id, self._empathy.commit(text), now))
        self._turns += 1
        ledger = Ledger(
            self._turns,
            turn.item_id,
            None,
            speech_start=turn.started,
            speech_end=self._ears.clock.at(turn.end),
            speech_end_position=turn.end,
            speculations=turn.speculations,
            dropped=turn.dropped,
            tokens_dropped=turn.tokens_dropped,
        )
        if turn.silence_seen is not None:
            ledger.stamp(Stage.SILENCE_SEEN, turn.silence_seen)
        ledger.stamp(Stage.TRANSCRIPT, turn.transcript)
        self._over()
        return ledger

    def drop(self) -> None:
        """It was no turn."""
        if self._empathy is not None:
            self._empathy.drop()
        self.end_speech(self._ears.position)
        self._over()

    def _over(self) -> None:
        self._turn = None
        self._ears.rest()
        self._listener.end()

    def _tell_started(self, turn: _Turn) -> None:
        self._watchers.show_user(UserState.SPEAKING)
        start_ms = round(turn.start * 1000 / RATE_IN)
        self._watchers.emit(SpeechStarted(turn.item_id, start_ms, self._loop.time()))
