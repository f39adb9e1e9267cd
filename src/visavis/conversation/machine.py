"""The state machine of a conversation: signals in, actions out. No clock, no I/O.

The table says it all: (state, type of signal) -> (rule, states that may follow). A pair that is
not in it changes nothing: late answers of models are normal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from visavis.conversation import rules as r
from visavis.conversation import signals as s
from visavis.conversation.floor import Floor, State

IDLE, LISTENING, PAUSED, THINKING = State.IDLE, State.LISTENING, State.PAUSED, State.THINKING
SPEAKING, OVERLAP, WEIGHING, CLOSED = State.SPEAKING, State.OVERLAP, State.WEIGHING, State.CLOSED


@dataclass(slots=True, frozen=True)
class Row:
    # Any: each rule takes the one signal type of its key, which a dict's type cannot say.
    rule: Callable[[Floor, Any], State]
    to: tuple[State, ...]


_AFTER_A_PAUSE = (PAUSED, THINKING, SPEAKING, IDLE)

TABLE: dict[tuple[State, type[s.Signal]], Row] = {
    (IDLE, s.VoiceStarted): Row(r.hear, (LISTENING,)),
    (IDLE, s.Asked): Row(r.ask_now, (THINKING,)),
    (IDLE, s.Interrupt): Row(r.forget, (IDLE,)),
    #
    (LISTENING, s.VoiceWent): Row(r.follow, (LISTENING,)),
    (LISTENING, s.Silence): Row(r.perhaps_pause, (LISTENING, *_AFTER_A_PAUSE)),
    (LISTENING, s.Transcribed): Row(r.note, (LISTENING,)),
    (LISTENING, s.TranscribeFailed): Row(r.no_partial, (LISTENING,)),
    (LISTENING, s.ReplyReady): Row(r.held_ready, (LISTENING,)),
    (LISTENING, s.ReplyFailed): Row(r.held_failed, (LISTENING,)),
    (LISTENING, s.Asked): Row(r.ask_later, (LISTENING,)),
    (LISTENING, s.Interrupt): Row(r.drop_held, (LISTENING,)),
    #
    (PAUSED, s.VoiceStarted): Row(r.go_on, (LISTENING,)),
    (PAUSED, s.Silence): Row(r.wait, _AFTER_A_PAUSE),
    (PAUSED, s.Flicker): Row(r.settle, _AFTER_A_PAUSE),
    (PAUSED, s.Transcribed): Row(r.understand, _AFTER_A_PAUSE),
    (PAUSED, s.TranscribeFailed): Row(r.not_understood, _AFTER_A_PAUSE),
    (PAUSED, s.TurnScored): Row(r.weigh_score, _AFTER_A_PAUSE),
    (PAUSED, s.ReplyReady): Row(r.prepared, _AFTER_A_PAUSE),
    (PAUSED, s.ReplyFailed): Row(r.not_prepared, _AFTER_A_PAUSE),
    (PAUSED, s.Asked): Row(r.ask_later, (PAUSED,)),
    (PAUSED, s.Interrupt): Row(r.give_up_turn, (IDLE, THINKING)),
    #
    (THINKING, s.VoiceStarted): Row(r.speak_first, (LISTENING,)),
    (THINKING, s.Silence): Row(r.keep_quiet, (THINKING, SPEAKING)),
    (THINKING, s.Flicker): Row(r.settle_reply, (THINKING, SPEAKING)),
    (THINKING, s.Transcribed): Row(r.correct, (THINKING,)),
    (THINKING, s.TranscribeFailed): Row(r.no_partial, (THINKING,)),
    (THINKING, s.ReplyReady): Row(r.play, (THINKING, SPEAKING)),
    (THINKING, s.ReplyFailed): Row(r.apologize, (THINKING, IDLE)),
    (THINKING, s.Asked): Row(r.ask_later, (THINKING,)),
    (THINKING, s.Interrupt): Row(r.give_up_turn, (IDLE,)),
    #
    (SPEAKING, s.VoiceStarted): Row(r.overlap, (OVERLAP,)),
    (SPEAKING, s.ReplyPlayed): Row(r.finished, (SPEAKING, IDLE, THINKING)),
    (SPEAKING, s.ReplyFailed): Row(r.broke_off, (SPEAKING,)),
    (SPEAKING, s.Asked): Row(r.ask_later, (SPEAKING,)),
    (SPEAKING, s.Interrupt): Row(r.hush, (IDLE,)),
    #
    (OVERLAP, s.VoiceWent): Row(r.weigh_voice, (OVERLAP, LISTENING)),
    (OVERLAP, s.Silence): Row(r.perhaps_over, (OVERLAP, WEIGHING, SPEAKING, PAUSED, THINKING)),
    (OVERLAP, s.Transcribed): Row(r.weigh_words, (OVERLAP, LISTENING)),
    (OVERLAP, s.TranscribeFailed): Row(r.no_partial, (OVERLAP,)),
    (OVERLAP, s.ReplyPlayed): Row(r.outlasted, (OVERLAP, LISTENING)),
    (OVERLAP, s.ReplyFailed): Row(r.broke_off, (OVERLAP,)),
    (OVERLAP, s.Asked): Row(r.ask_later, (OVERLAP,)),
    (OVERLAP, s.Interrupt): Row(r.hush_overlap, (LISTENING,)),
    #
    (WEIGHING, s.VoiceStarted): Row(r.overlap_again, (OVERLAP,)),
    (WEIGHING, s.Silence): Row(r.wait_for_words, (WEIGHING, SPEAKING, PAUSED, THINKING)),
    (WEIGHING, s.Transcribed): Row(r.judge, (WEIGHING, SPEAKING, PAUSED, THINKING)),
    (WEIGHING, s.TranscribeFailed): Row(r.unknown_words, (WEIGHING, SPEAKING)),
    (WEIGHING, s.ReplyPlayed): Row(r.now_a_turn, (WEIGHING, *_AFTER_A_PAUSE)),
    (WEIGHING, s.ReplyFailed): Row(r.broke_off, (WEIGHING,)),
    (WEIGHING, s.Asked): Row(r.ask_later, (WEIGHING,)),
    (WEIGHING, s.Interrupt): Row(r.hush_weighing, (PAUSED, THINKING, IDLE)),
    #
    **{(state, s.Ended): Row(r.end, (CLOSED,)) for state in State if state is not CLOSED},
}


class Machine(Floor):
    """A conversation's turns, driven by `TABLE`."""

    def handle(self, signal: s.Signal) -> list[s.Action]:
        """Take one signal; returns what is to be done, in order."""
        if isinstance(signal, s.Flicker):
            self.flicker = signal.on
        elif isinstance(signal, s.VoiceStarted | s.Silence):
            self.flicker = False
        row = TABLE.get((self.state, type(signal)))
        if row is not None:
            after = row.rule(self, signal)
            if after not in row.to:
                raise AssertionError(f"{self.state} on {signal} led to {after}, not in {row.to}")
            self.state = after
        out, self.out = self.out, []
        return out
