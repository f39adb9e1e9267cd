"""The person's side of a conversation: the utterance going on, what is recognised of it, and what
its turns teach of the person."""

from __future__ import annotations

from typing import Literal

from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.pace import Pace
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.state import FRESH_SAMPLES, Reply, State, Utterance
from visavis.conversation.surroundings import confidence_needed
from visavis.conversation.turn_end import finished
from visavis.conversation.words import calls_out, has_real_words, normalize
from visavis.seam import RATE_IN

CUT_IN_S = 1.2
"""Speech so soon after a turn shows that the turn was not over."""
MOST_IN_VAIN = 2
"""So often in a row somebody is asked to say it again."""
OWN_LEVEL_S = 0.4
"""Voice that says how loud the person is."""


class Attention:
    """What the state machine knows, and what it does about the person.

    `detector`: whether `AskScore` will be answered. `partials`: whether to recognise while the
    person still speaks. `voices`: whether it is looked at whose voice it is.
    """

    def __init__(
        self,
        settings: ConversationSettings,
        *,
        detector: bool = True,
        partials: bool = True,
        voices: bool = False,
    ) -> None:
        self.settings = settings
        self.detector = detector
        self.partials = partials
        self.voices = voices
        self.state = State.IDLE
        self.utterance: Utterance | None = None
        self.reply: Reply | None = None
        self.eager = settings.speculate == "partials"
        self.flicker = False
        self.pace = Pace()
        self.turn_end = -round(CUT_IN_S * RATE_IN)
        """Where the person's last turn ended."""
        self.end_odds: float | None = None
        """How sure it was."""
        self.in_vain = 0
        """How often in a row the person was asked to say it again."""
        self.own_level: float | None = None
        """How loud the person usually is, dB below full scale; None before the first turn."""
        self.decoding = 0
        self._numbers = {"decode": 0, "ask": 0, "reply": 0}
        self.out: list[do.Action] = []
        """What the rule running now asks for."""

    def emit(self, *actions: do.Action) -> None:
        self.out.extend(actions)

    def _next(self, what: Literal["decode", "ask", "reply"]) -> int:
        self._numbers[what] += 1
        return self._numbers[what]

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
        self.emit(do.BeginUtterance(start))

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
        self.emit(do.NewSegment(at))

    def decode(self, *, final: bool) -> None:
        self.decoding = self._next("decode")
        self.heard.asked_at = self.heard.position
        self.emit(do.Decode(self.decoding, final or not self.partials))

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
            self.emit(do.Caption(heard.text, heard.confidence))
        return True

    def forget_utterance(self, reason: do.DropReason) -> None:
        self.utterance, self.decoding = None, 0
        self.emit(do.DropUser(reason))

    def commit(self) -> None:
        """The person's words become history; a turn without words is dropped."""
        heard = self.heard
        if normalize(heard.text):
            self.learn(heard)
            self.in_vain = 0
            self.utterance, self.decoding = None, 0
            self.emit(do.CommitUser(heard.text, heard.confidence))
        else:
            self.forget_utterance("no words")

    def learn(self, heard: Utterance) -> None:
        """From a turn of the person: their voice, how loud they are, where it ended and how
        clearly."""
        if self.voices:
            set_ = self.settings
            sure = heard.confidence >= set_.masked_confidence
            self.emit(do.LearnVoice(sure and heard.above >= set_.clear_db))
        if heard.voiced_s >= OWN_LEVEL_S:
            known = self.own_level
            self.own_level = heard.level if known is None else 0.7 * known + 0.3 * heard.level
        self.turn_end = heard.end
        self.end_odds = self.odds

    @property
    def odds(self) -> float | None:
        """Log odds that the person has finished; None before anything tells."""
        heard, reply = self.heard, self.reply
        known = reply is not None and reply.text == normalize(heard.text)
        sentence_end = reply.sentence_end if reply is not None and known else None
        if heard.score is None and sentence_end is None:
            return None
        return finished(heard.score, heard.text, sentence_end)

    @property
    def faint(self) -> bool:
        """The voice over the agent is so soft that it is not the person's, or not for the agent."""
        own, below = self.own_level, self.settings.faint_db
        return own is not None and below > 0 and self.heard.level < own - below

    @property
    def aside(self) -> bool:
        """What is said over the agent is not for it."""
        return self.faint or self.heard.strange

    @property
    def convinced(self) -> bool:
        """The words over the agent are surely more than an acknowledgement. Of a fifth of a second
        a recogniser makes one word, or the same one over and over, whatever was begun."""
        heard, set_ = self.heard, self.settings
        begun = heard.silence_s == 0 and heard.voiced_s < set_.word_s
        told = not begun or len(set(normalize(heard.text).split())) > 1
        sure = has_real_words(heard.text) and heard.confidence >= set_.interrupt_confidence
        return sure and (told or calls_out(heard.text))

    def spoken_in_vain(self) -> bool:
        """Whether it was this person, as loud as ever and at some length, and not understood."""
        heard, own = self.heard, self.own_level
        near = own is not None and heard.level >= own - self.settings.faint_db
        apart = heard.above >= (self.settings.masked_db + self.settings.clear_db) / 2
        up = near and apart and heard.voiced_s >= OWN_LEVEL_S
        return bool(normalize(heard.doubted)) and up and self.in_vain < MOST_IN_VAIN
