"""Who has the floor: everything the state machine's rules may do.

The rules (`turn_rules`, `overlap_rules`) say when. Replies are numbered, growing; there is at most
one at a time, and one that was released leaves only by being played or stopped.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from visavis.conversation import signals as s
from visavis.conversation.pace import Pace
from visavis.conversation.phrase import phrase
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.state import FRESH_SAMPLES, Reply, State, Utterance
from visavis.conversation.surroundings import confidence_needed
from visavis.conversation.turn_end import finished, wait_s
from visavis.conversation.words import has_real_words, normalize, stable_prefix
from visavis.seam import RATE_IN

CUT_IN_S = 1.2
"""Speech so soon after a turn shows that the turn was not over."""
MOST_IN_VAIN = 2
"""So often in a row somebody is asked to say it again."""
OWN_LEVEL_S = 0.4
"""Voice that says how loud the person is."""


class Floor:
    """One conversation's turns.

    `detector`: whether `AskScore` will be answered. `partials`: whether to recognise while the
    person still speaks.
    """

    def __init__(
        self, settings: ConversationSettings, *, detector: bool = True, partials: bool = True
    ) -> None:
        self.settings = settings
        self.detector = detector
        self.partials = partials
        self.state = State.IDLE
        self.utterance: Utterance | None = None
        self.reply: Reply | None = None
        self.pending: deque[int] = deque()
        self.eager = settings.speculate == "partials"
        self.flicker = False
        self.ducked = False
        self.pace = Pace()
        self.turn_end = -round(CUT_IN_S * RATE_IN)
        """Where the person's last turn ended."""
        self.end_odds: float | None = None
        """How sure it was."""
        self.in_vain = 0
        """How often in a row the person was asked to say it again."""
        self.own_level: float | None = None
        """How loud the person usually is, dB below full scale; None before the first turn."""
        self.owes_apology = False
        self.results = 0
        """Results of tools that came in."""
        self.told = 0
        """How many of them a reply was made of."""
        self.decoding = 0
        self._numbers = {"decode": 0, "ask": 0, "reply": 0}
        self.out: list[s.Action] = []
        """What the rule running now asks for."""

    def emit(self, *actions: s.Action) -> None:
        self.out.extend(actions)

    def _next(self, what: Literal["decode", "ask", "reply"]) -> int:
        self._numbers[what] += 1
        return self._numbers[what]

    # ---- the person's speech

    @property
    def heard(self) -> Utterance:
        if self.utterance is None:
            raise AssertionError(f"no utterance in state {self.state}")
        return self.utterance

    def begin(self, start: int, position: int) -> None:
        self.utterance = Utterance(start, start, position, asked_at=start)
        # Who goes on speaking so soon had not finished.
        if start - self.turn_end < CUT_IN_S * RATE_IN:
            self.pace.cut_in()
        elif self.end_odds is not None:
            self.pace.answered(self.end_odds)
        self.end_odds = None
        self.decoding = 0
        self.emit(s.BeginUtterance(start))

    def resume(self, signal: s.VoiceStarted) -> None:
        """The person goes on after a pause nobody has filled."""
        heard = self.heard
        self.pace.went_on(max(0, signal.start - heard.end) / RATE_IN)
        if heard.fresh and heard.covers - heard.segment > self.settings.segment_s * RATE_IN:
            self.cut_segment(min(heard.covers, signal.start))
        heard.position, heard.silence_s = signal.position, 0.0
        heard.score, heard.verified, heard.looked_again = None, False, False
        self._next("ask")  # a score on its way is of another pause

    def cut_segment(self, at: int) -> None:
        heard = self.heard
        heard.before, heard.words = heard.text, ""
        heard.segment = heard.asked_at = at
        heard.covers = -1
        self.decoding = 0
        self.emit(s.NewSegment(at))

    def decode(self, *, final: bool) -> None:
        self.decoding = self._next("decode")
        self.heard.asked_at = self.heard.position
        self.emit(s.Decode(self.decoding, final or not self.partials))

    def decode_the_end(self) -> None:
        """Have a transcript of the whole utterance made, unless one is or is on its way."""
        heard = self.heard
        coming = self.decoding and heard.asked_at >= heard.end + FRESH_SAMPLES
        if not heard.fresh and not coming and not self._nearly_decoded():
            self.decode(final=True)

    def _nearly_decoded(self) -> bool:
        """Whether words are about to come: most often all of them, sooner than a new decode's."""
        if not self.decoding:
            return False
        gone_s = (self.heard.position - self.heard.asked_at) / RATE_IN
        return abs(self.heard.took_s - gone_s) < self.settings.await_decode_s

    def decode_the_dip(self) -> None:
        """The voice has just fallen quiet: recognise what was said until then. If it goes on after
        all, this was a partial like others; if not, the words are known before the end is."""
        heard = self.heard
        if not (self.partials and self.eager) or heard.dip or self._nearly_decoded():
            return
        heard.dip = True
        self.decode(final=False)

    def decode_if_due(self, *, urgent: bool = False) -> None:
        """Recognise what came since the last time. `urgent`: as often as the machine can."""
        heard, set_ = self.heard, self.settings
        if not self.partials or self.decoding:
            return
        pause = set_.eager_partial_s if self.eager or urgent else set_.partial_s
        every = max(pause, 1.5 * heard.took_s)
        if self.reply is not None and not self.reply.ready:
            every += set_.partial_waits_s
        if heard.position - heard.asked_at >= every * RATE_IN:
            self.decode(final=False)

    def take(self, signal: s.Transcribed) -> bool:
        """Keep a transcript. False if a newer one was asked for since."""
        if signal.decode != self.decoding or self.utterance is None:
            return False
        heard = self.utterance
        self.decoding = 0
        if self.settings.speculate == "auto":
            self.eager = signal.eager
        before = heard.words
        sure = signal.confidence >= confidence_needed(heard.above, self.settings)
        heard.words, heard.doubted = (signal.text.strip(), "") if sure else ("", signal.text)
        heard.confidence, heard.covers, heard.took_s = (
            signal.confidence,
            heard.asked_at,
            signal.took_s,
        )
        if heard.words != before:
            self.emit(s.Caption(heard.text, heard.confidence))
        if self.state is State.LISTENING:
            self._look_ahead(before)
        return True

    def _look_ahead(self, before: str) -> None:
        heard = self.heard
        if self.eager and self._may_be_all():
            self.answer()
            return
        if self.eager:
            self.drop()  # it answers other words
        if self.reply is None or self.reply.ready:
            stable = f"{heard.before} {stable_prefix(before, heard.words)}".strip()
            if len(stable.split()) > heard.prefilled:
                heard.prefilled = len(stable.split())
                self.emit(s.Prefill(stable))

    def _may_be_all(self) -> bool:
        """Whether the words so far are worth a reply while the person still speaks."""
        said = phrase(self.heard.text)
        return said.words >= 2 and not said.hanging

    # ---- the end of the turn

    def pause(self) -> State:
        """The person fell silent: find out what was said and whether it was all."""
        self.decode_the_end()
        if self.detector:
            self.emit(s.AskScore(self._next("ask")))
        if self.heard.fresh:
            self.answer()
        return self.release_if_over()

    @property
    def asked(self) -> int:
        """The number of the last `AskScore`."""
        return self._numbers["ask"]

    def wait_s(self) -> float:
        """Silence after which the turn is over, as far as is known."""
        set_, heard = self.settings, self.heard
        if not self.detector:
            return set_.unsure_s if phrase(heard.text).hanging else set_.undetected_s
        if heard.score is None:
            return set_.unsure_s
        return wait_s(finished(heard.score, heard.text), set_, self.pace)

    def release_if_over(self) -> State:
        heard = self.heard
        if self.flicker or heard.silence_s < self.wait_s():
            return State.PAUSED
        if not heard.fresh:
            self.decode_the_end()
            return State.PAUSED
        if not normalize(heard.text):
            if self.decoding or heard.silence_s < self.settings.unsure_s:
                return State.PAUSED
            if not heard.looked_again:
                heard.looked_again = True
                self.decode(final=True)
                return State.PAUSED
            return self.ask_again() if self._spoken_in_vain() else self.lose("no words")
        self.emit(s.EndSpeech(heard.end))
        self.answer()
        if self.reply is None:
            return self.fail(heard.failure)
        return self.release() if self.reply.ready else State.THINKING

    def lose(self, reason: s.DropReason) -> State:
        """The utterance was no turn."""
        self.forget_utterance(reason)
        self.drop()
        return self.rest()

    def _spoken_in_vain(self) -> bool:
        """Whether it was this person, as loud as ever and at some length, and not understood."""
        heard, own = self.heard, self.own_level
        near = own is not None and heard.level >= own - self.settings.faint_db
        clear = heard.above >= self.settings.clear_db and heard.voiced_s >= OWN_LEVEL_S
        return bool(normalize(heard.doubted)) and near and clear and self.in_vain < MOST_IN_VAIN

    def ask_again(self) -> State:
        self.in_vain += 1
        self.forget_utterance("not understood")
        self.drop()
        self.reply = Reply(self._next("reply"), "again")
        self.emit(s.StartAgain(self.reply.number))
        return State.THINKING

    def forget_utterance(self, reason: s.DropReason) -> None:
        self.utterance, self.decoding = None, 0
        self.emit(s.DropUser(reason))

    def commit(self) -> None:
        """The person's words become history; a turn without words is dropped."""
        heard = self.heard
        if normalize(heard.text):
            self.learn(heard)
            self.in_vain = 0
            self.utterance, self.decoding = None, 0
            self.emit(s.CommitUser(heard.text, heard.confidence))
        else:
            self.forget_utterance("no words")

    def learn(self, heard: Utterance) -> None:
        """From a turn of the person: how loud they are, where it ended and how clearly."""
        if heard.voiced_s >= OWN_LEVEL_S:
            known = self.own_level
            self.own_level = heard.level if known is None else 0.7 * known + 0.3 * heard.level
        self.turn_end = heard.end
        self.end_odds = None if heard.score is None else finished(heard.score, heard.text)

    @property
    def faint(self) -> bool:
        """The voice over the agent is so soft that it is not the person's, or not for the agent."""
        own, below = self.own_level, self.settings.faint_db
        return own is not None and below > 0 and self.heard.level < own - below

    @property
    def convinced(self) -> bool:
        """The words over the agent are surely more than an acknowledgement."""
        heard = self.heard
        return has_real_words(heard.text) and heard.confidence >= self.settings.interrupt_confidence

    # ---- the agent's speech

    def answer(self) -> None:
        """Have a reply to the words known now; the one there is stays if they are the same."""
        words = normalize(self.heard.text)
        if not words or words == self.heard.failed:
            return
        if self.reply is not None and self.reply.text == words:
            return
        self.drop()
        self.reply = Reply(self._next("reply"), "turn", words, self.results)
        self.emit(s.StartReply(self.reply.number, self.heard.text))

    def drop(self) -> None:
        if self.reply is not None and not self.reply.released:
            self.emit(s.DropReply(self.reply.number))
            self.reply = None

    def release(self) -> State:
        reply = self.reply
        if reply is None or reply.released:
            raise AssertionError(f"nothing to release: {reply}")
        if self.utterance is not None:
            self.commit()
        reply.released = True
        self.told = max(self.told, reply.knows)
        self.emit(s.Release(reply.number))
        if reply.silent:
            self.reply = None
            return self.rest()
        return State.SPEAKING

    def stop(self) -> None:
        """Silence the released reply."""
        if self.reply is not None and self.reply.released:
            self.emit(s.Stop(self.reply.number))
            self.reply, self.ducked = None, False

    def duck(self, on: bool) -> None:
        if self.ducked is not on:
            self.ducked = on
            self.emit(s.Duck() if on else s.Unduck())

    def fail(self, message: str) -> State:
        """No reply can be made: say so, aloud if that works."""
        self.emit(s.Report("model_error", message or "a model failed"))
        again = self.reply is not None and self.reply.kind in ("apology", "hold", "again")
        if self.reply is not None and self.reply.kind == "results":
            self.told = self.reply.knows  # the same results would fail again
        self.drop()
        if self.utterance is not None:
            self.commit()
        return self.rest() if again else self.apologize()

    def apologize(self) -> State:
        self.owes_apology = False
        self.reply = Reply(self._next("reply"), "apology")
        self.emit(s.StartApology(self.reply.number))
        return State.THINKING

    def rest(self) -> State:
        """Nobody has the floor: do what is waiting, or get ready for the next turn."""
        if self.owes_apology:
            return self.apologize()
        if self.results > self.told:
            self.reply = Reply(self._next("reply"), "results", knows=self.results)
            self.emit(s.StartResults(self.reply.number))
            return State.THINKING
        if self.pending:
            self.reply = Reply(self._next("reply"), "asked")
            self.emit(s.StartAsked(self.reply.number, self.pending.popleft()))
            return State.THINKING
        self.emit(s.Prefill(""))
        return State.IDLE

    def hold(self) -> State:
        """Say that the agent is still at work."""
        self.reply = Reply(self._next("reply"), "hold")
        self.emit(s.StartHold(self.reply.number))
        return State.THINKING

    def queue(self, request: int) -> None:
        if len(self.pending) >= self.settings.max_queued_requests:
            self.emit(
                s.ForgetRequest(request),
                s.Report("busy", f"{len(self.pending)} replies are waiting; wait for one to end"),
            )
        else:
            self.pending.append(request)

    def forget_requests(self) -> None:
        self.owes_apology, self.told = False, self.results
        while self.pending:
            self.emit(s.ForgetRequest(self.pending.popleft()))
