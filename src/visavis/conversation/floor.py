"""Who has the floor: everything the state machine's rules may do.

The rules (`turn_rules`, `overlap_rules`) say when. Replies are numbered, growing; there is at most
one at a time, and one that was released leaves only by being played or stopped.
"""

from __future__ import annotations

from collections import deque

from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.attention import Attention
from visavis.conversation.distance import distance_s
from visavis.conversation.phrase import phrase
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.state import Reply, State
from visavis.conversation.turn_end import wait_s
from visavis.conversation.words import normalize, stable_prefix
from visavis.seam import RATE_IN


class Floor(Attention):
    """One conversation's turns.

    `fills`: the agent's author allows fillers; `acknowledges`: … soft acknowledgements.
    """

    def __init__(
        self,
        settings: ConversationSettings,
        *,
        detector: bool = True,
        partials: bool = True,
        voices: bool = False,
        fills: bool = False,
        acknowledges: bool = False,
    ) -> None:
        super().__init__(settings, detector=detector, partials=partials, voices=voices)
        self.fills = fills
        self.acknowledges = acknowledges
        self.acknowledged_at = -round(settings.acknowledge_every_s * RATE_IN)
        """Where in the call's audio the person was acknowledged last."""
        self.round_trip_s: float | None = None
        """Smoothed; None until it was measured."""
        self.pending: deque[int] = deque()
        """Requests of the program that wait."""
        self.ducked = False
        self.owes_apology = False
        self.results = 0
        """Results of tools that came in."""
        self.told = 0
        """How many of them a reply was made of."""

    # ---- while the person speaks

    def take(self, signal: s.Transcribed) -> bool:
        """Keep a transcript, and get ready for what it says. False if a newer one was asked for
        since."""
        before = "" if self.utterance is None else self.utterance.words
        taken = super().take(signal)
        if taken and self.state is State.LISTENING:
            self._look_ahead(before)
        return taken

    def _look_ahead(self, before: str) -> None:
        heard = self.heard
        affordable = heard.speculations < self.settings.max_speculations
        if self.eager and affordable and self._may_be_all():
            heard.speculations += 1
            self.answer()
            return
        if self.eager:
            self.drop()  # it answers other words
        if self.reply is None or self.reply.ready:
            stable = f"{heard.before} {stable_prefix(before, heard.words)}".strip()
            if len(stable.split()) > heard.prefilled:
                heard.prefilled = len(stable.split())
                self.emit(do.Prefill(stable))

    def _may_be_all(self) -> bool:
        """Whether the words so far are worth a reply while the person still speaks."""
        said = phrase(self.heard.text)
        return said.words >= 2 and not said.hanging

    # ---- the end of the turn

    def pause(self) -> State:
        """The person fell silent: find out what was said and whether it was all."""
        self.decode_the_end()
        if self.detector:
            self.emit(do.AskScore(self._next("ask")))
        if self.heard.fresh:
            self.answer()
        return self.release_if_over()

    @property
    def asked(self) -> int:
        """The number of the last `AskScore`."""
        return self._numbers["ask"]

    def wait_s(self) -> float:
        """Silence after which the turn is over, as far as is known."""
        set_, near = self.settings, self._wait_s()
        farther = distance_s(self.round_trip_s or 0.0, set_.collision_weight)
        return max(near, min(near + farther, set_.very_unsure_s))

    def learn_distance(self, round_trip_s: float) -> None:
        known = self.round_trip_s
        self.round_trip_s = round_trip_s if known is None else 0.9 * known + 0.1 * round_trip_s

    def _wait_s(self) -> float:
        set_, heard = self.settings, self.heard
        odds = self.odds
        if odds is not None:
            return wait_s(odds, set_, self.pace)
        if self.detector:
            return set_.unsure_s
        return set_.unsure_s if phrase(heard.text).hanging else set_.undetected_s

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
            return self.ask_again() if self.spoken_in_vain() else self.lose("no words")
        if heard.strange:
            return self.lose("another's voice")
        heard.over_s = heard.silence_s
        self.emit(do.EndSpeech(heard.end))
        self.answer()
        if self.reply is None:
            return self.fail(heard.failure)
        return self.release() if self.reply.ready else State.THINKING

    def lose(self, reason: do.DropReason) -> State:
        """The utterance was no turn."""
        self.forget_utterance(reason)
        self.drop()
        return self.rest()

    def ask_again(self) -> State:
        self.in_vain += 1
        self.forget_utterance("not understood")
        self.drop()
        self.reply = Reply(self._next("reply"), "again")
        self.emit(do.StartAgain(self.reply.number))
        return State.THINKING

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
        self.emit(do.StartReply(self.reply.number, self.heard.text))

    def drop(self) -> None:
        if self.reply is not None and not self.reply.released:
            self.emit(do.DropReply(self.reply.number))
            self.reply = None

    def release(self) -> State:
        reply = self.reply
        if reply is None or reply.released:
            raise AssertionError(f"nothing to release: {reply}")
        if self.utterance is not None:
            self.commit()
        reply.released = True
        self.told = max(self.told, reply.knows)
        self.emit(do.Release(reply.number))
        if reply.silent:
            self.reply = None
            return self.rest()
        return State.SPEAKING

    def stop(self) -> None:
        """Silence the released reply."""
        if self.reply is not None and self.reply.released:
            self.emit(do.Stop(self.reply.number))
            self.reply, self.ducked = None, False

    def hush(self) -> None:
        """Silence whatever sounds."""
        self.stop()
        self.emit(do.Hush())

    def duck(self, on: bool) -> None:
        if self.ducked is not on:
            self.ducked = on
            self.emit(do.Duck() if on else do.Unduck())

    def fail(self, message: str) -> State:
        """No reply can be made: say so, aloud if that works."""
        self.emit(do.Report("model_error", message or "a model failed"))
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
        self.emit(do.StartApology(self.reply.number))
        return State.THINKING

    def rest(self) -> State:
        """Nobody has the floor: do what is waiting, or get ready for the next turn."""
        if self.owes_apology:
            return self.apologize()
        if self.results > self.told:
            self.reply = Reply(self._next("reply"), "results", knows=self.results)
            self.emit(do.StartResults(self.reply.number))
            return State.THINKING
        if self.pending:
            self.reply = Reply(self._next("reply"), "asked")
            self.emit(do.StartAsked(self.reply.number, self.pending.popleft()))
            return State.THINKING
        self.emit(do.Prefill(""))
        return State.IDLE

    def hold(self) -> State:
        """Say that the agent is still at work."""
        self.reply = Reply(self._next("reply"), "hold")
        self.emit(do.StartHold(self.reply.number))
        return State.THINKING

    def queue(self, request: int) -> None:
        if len(self.pending) >= self.settings.max_queued_requests:
            self.emit(
                do.ForgetRequest(request),
                do.Report("busy", f"{len(self.pending)} replies are waiting; wait for one to end"),
            )
        else:
            self.pending.append(request)

    def forget_requests(self) -> None:
        self.owes_apology, self.told = False, self.results
        while self.pending:
            self.emit(do.ForgetRequest(self.pending.popleft()))
