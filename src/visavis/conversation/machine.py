"""The state machine of a conversation: signals in, actions out. No clock, no I/O.

The table says it all: (state, type of signal) -> (rule, states that may follow). A pair that is
not in it changes nothing: late answers of models are normal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from visavis.conversation import orders as do
from visavis.conversation import overlap_rules as o
from visavis.conversation import signals as s
from visavis.conversation import tool_rules as w
from visavis.conversation import turn_rules as t
from visavis.conversation.floor import Floor
from visavis.conversation.state import State

IDLE, LISTENING, PAUSED, THINKING = State.IDLE, State.LISTENING, State.PAUSED, State.THINKING
SPEAKING, OVERLAP, WEIGHING, CLOSED = State.SPEAKING, State.OVERLAP, State.WEIGHING, State.CLOSED


@dataclass(slots=True, frozen=True)
class Row:
    # Any: each rule takes the one signal type of its key, which a dict's type cannot say.
    rule: Callable[[Floor, Any], State]
    to: tuple[State, ...]


_BUSY = (PAUSED, THINKING, SPEAKING, OVERLAP, WEIGHING)
_AFTER_A_PAUSE = (PAUSED, THINKING, SPEAKING, IDLE)

TABLE: dict[tuple[State, type[s.Signal]], Row] = {
    (IDLE, s.VoiceStarted): Row(t.hear, (LISTENING,)),
    (IDLE, s.Asked): Row(t.ask_now, (THINKING,)),
    (IDLE, s.Interrupt): Row(t.forget, (IDLE,)),
    #
    (LISTENING, s.VoiceWent): Row(t.follow, (LISTENING,)),
    (LISTENING, s.Silence): Row(t.perhaps_pause, (LISTENING, *_AFTER_A_PAUSE)),
    (LISTENING, s.Transcribed): Row(t.note, (LISTENING,)),
    (LISTENING, s.TranscribeFailed): Row(t.no_partial, (LISTENING,)),
    (LISTENING, s.ReplyReady): Row(t.held_ready, (LISTENING,)),
    (LISTENING, s.ReplyFailed): Row(t.held_failed, (LISTENING,)),
    (LISTENING, s.Asked): Row(t.ask_later, (LISTENING,)),
    (LISTENING, s.Interrupt): Row(t.drop_held, (LISTENING,)),
    #
    (PAUSED, s.VoiceStarted): Row(t.go_on, (LISTENING,)),
    (PAUSED, s.Silence): Row(t.wait, _AFTER_A_PAUSE),
    (PAUSED, s.Flicker): Row(t.settle, _AFTER_A_PAUSE),
    (PAUSED, s.Transcribed): Row(t.understand, _AFTER_A_PAUSE),
    (PAUSED, s.TranscribeFailed): Row(t.not_understood, _AFTER_A_PAUSE),
    (PAUSED, s.TurnScored): Row(t.weigh_score, _AFTER_A_PAUSE),
    (PAUSED, s.ReplyReady): Row(t.prepared, _AFTER_A_PAUSE),
    (PAUSED, s.ReplyFailed): Row(t.not_prepared, _AFTER_A_PAUSE),
    (PAUSED, s.Asked): Row(t.ask_later, (PAUSED,)),
    (PAUSED, s.Interrupt): Row(t.give_up_turn, (IDLE, THINKING)),
    #
    (THINKING, s.VoiceStarted): Row(t.speak_first, (LISTENING,)),
    (THINKING, s.Silence): Row(t.keep_quiet, (THINKING, SPEAKING, IDLE)),
    (THINKING, s.Flicker): Row(t.settle_reply, (THINKING, SPEAKING, IDLE)),
    (THINKING, s.Transcribed): Row(t.correct, (THINKING,)),
    (THINKING, s.TranscribeFailed): Row(t.no_partial, (THINKING,)),
    (THINKING, s.ReplyReady): Row(t.play, (THINKING, SPEAKING, IDLE)),
    (THINKING, s.ReplyFailed): Row(t.apologize, (THINKING, IDLE)),
    (THINKING, s.Asked): Row(t.ask_later, (THINKING,)),
    (THINKING, s.Interrupt): Row(t.give_up_turn, (IDLE,)),
    #
    (SPEAKING, s.VoiceStarted): Row(o.overlap, (OVERLAP,)),
    (SPEAKING, s.ReplyPlayed): Row(o.finished, (SPEAKING, IDLE, THINKING)),
    (SPEAKING, s.ReplyFailed): Row(o.broke_off, (SPEAKING,)),
    (SPEAKING, s.Asked): Row(t.ask_later, (SPEAKING,)),
    (SPEAKING, s.Interrupt): Row(o.hush, (IDLE,)),
    #
    (OVERLAP, s.VoiceWent): Row(o.weigh_voice, (OVERLAP, LISTENING)),
    (OVERLAP, s.Silence): Row(o.perhaps_over, (OVERLAP, WEIGHING, SPEAKING, PAUSED, THINKING)),
    (OVERLAP, s.Transcribed): Row(o.weigh_words, (OVERLAP, LISTENING)),
    (OVERLAP, s.TranscribeFailed): Row(t.no_partial, (OVERLAP,)),
    (OVERLAP, s.ReplyPlayed): Row(o.outlasted, (OVERLAP, LISTENING)),
    (OVERLAP, s.ReplyFailed): Row(o.broke_off, (OVERLAP,)),
    (OVERLAP, s.Asked): Row(t.ask_later, (OVERLAP,)),
    (OVERLAP, s.Interrupt): Row(o.hush_overlap, (LISTENING,)),
    #
    (WEIGHING, s.VoiceStarted): Row(o.overlap_again, (OVERLAP,)),
    (WEIGHING, s.Silence): Row(o.wait_for_words, (WEIGHING, SPEAKING, PAUSED, THINKING)),
    (WEIGHING, s.Transcribed): Row(o.judge, (WEIGHING, SPEAKING, PAUSED, THINKING)),
    (WEIGHING, s.TranscribeFailed): Row(o.unknown_words, (WEIGHING, SPEAKING)),
    (WEIGHING, s.ReplyPlayed): Row(o.now_a_turn, (WEIGHING, *_AFTER_A_PAUSE)),
    (WEIGHING, s.ReplyFailed): Row(o.broke_off, (WEIGHING,)),
    (WEIGHING, s.Asked): Row(t.ask_later, (WEIGHING,)),
    (WEIGHING, s.Interrupt): Row(o.hush_weighing, (PAUSED, THINKING, IDLE)),
    #
    (IDLE, s.ToolsDone): Row(w.tell_now, (THINKING,)),
    (IDLE, s.ToolsSlow): Row(w.ask_for_patience, (THINKING,)),
    (LISTENING, s.ToolsDone): Row(w.tell_in_answer, (LISTENING,)),
    **{(state, s.ToolsDone): Row(w.tell_later, (state,)) for state in _BUSY},
    #
    **{(state, s.Ended): Row(t.end, (CLOSED,)) for state in State if state is not CLOSED},
}


class Machine(Floor):
    """A conversation's turns, driven by `TABLE`."""

    def handle(self, signal: s.Signal) -> list[do.Action]:
        """Take one signal; returns what is to be done, in order."""
        if isinstance(signal, s.Flicker):
            self.flicker = signal.on
        elif isinstance(signal, s.RoundTrip):
            self.learn_distance(signal.seconds)
        elif isinstance(signal, s.VoiceStarted | s.Silence):
            self.flicker = False
        elif isinstance(signal, s.VoiceLikened) and self.utterance is not None:
            self.utterance.strange = signal.strange
        row = TABLE.get((self.state, type(signal)))
        if row is not None:
            after = row.rule(self, signal)
            if after not in row.to:
                raise AssertionError(f"{self.state} on {signal} led to {after}, not in {row.to}")
            self.state = after
        out, self.out = self.out, []
        return out
