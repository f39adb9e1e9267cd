"""When the machine has time to spare: what is recognised and answered before the end is sure."""

from __future__ import annotations

from typing import TypeVar

from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.machine import Machine
from visavis.conversation.settings import ConversationSettings
from visavis.seam import RATE_IN

T = TypeVar("T")
SETTINGS = ConversationSettings(speculate="partials")


def at(seconds: float) -> int:
    return round(seconds * RATE_IN)


class Talk:
    """A person who speaks from 0 s on, in frames of 20 ms."""

    def __init__(self, settings: ConversationSettings = SETTINGS) -> None:
        self.machine = Machine(settings)
        self.now = 0.1
        self.asked: list[tuple[float, do.Action]] = []
        self.take(s.VoiceStarted(0, at(self.now)))

    def take(self, signal: s.Signal) -> list[do.Action]:
        actions = self.machine.handle(signal)
        self.asked += [(round(self.now, 3), action) for action in actions]
        return actions

    def speak(self, seconds: float, *, quiet: bool = False) -> None:
        for frame in range(1, round(seconds / 0.02) + 1):
            self.now += 0.02
            self.take(s.VoiceWent(self.now, at(self.now), frame * 0.02 if quiet else 0.0))

    def fall_silent(self, silence_s: float) -> None:
        self.now += 0.02
        self.take(s.Silence(silence_s, at(self.now - silence_s), at(self.now)))

    def recognise(self, text: str, took_s: float = 0.08) -> list[do.Action]:
        return self.take(s.Transcribed(self.last(do.Decode).decode, text, took_s, eager=True))

    def last(self, kind: type[T]) -> T:
        return next(action for _, action in reversed(self.asked) if isinstance(action, kind))

    def times(self, kind: type) -> list[float]:
        return [when for when, action in self.asked if isinstance(action, kind)]


def test_a_voice_that_falls_quiet_is_recognised_at_once_and_once() -> None:
    talk = Talk()
    talk.speak(0.18)
    talk.recognise("what time")
    talk.take(s.ReplyReady(talk.last(do.StartReply).reply))
    talk.speak(0.06)
    before = len(talk.times(do.Decode))
    talk.speak(0.08, quiet=True)
    assert len(talk.times(do.Decode)) == before + 1
    talk.recognise("what time is it")
    talk.fall_silent(0.1)
    # The words are those of the whole utterance: nothing more is to be recognised.
    assert len(talk.times(do.Decode)) == before + 1
    assert talk.last(do.StartReply).text == "what time is it"


def test_without_time_to_spare_a_quiet_voice_is_left_alone() -> None:
    talk = Talk(ConversationSettings(speculate="silence"))
    talk.speak(0.2)
    talk.speak(0.08, quiet=True)
    assert not talk.times(do.Decode)


def test_words_about_to_come_at_a_pause_are_awaited_and_answered() -> None:
    talk = Talk()
    talk.speak(0.2)
    talk.recognise("what")
    talk.speak(0.2)
    running = talk.last(do.Decode)
    talk.fall_silent(0.07)
    assert talk.last(do.Decode) is running
    talk.recognise("what time is it")
    assert talk.last(do.StartReply).text == "what time is it"
    # They were not of the whole utterance: that is recognised, too.
    assert talk.last(do.Decode) is not running


def test_a_decode_that_has_only_begun_is_broken_off_at_a_pause() -> None:
    talk = Talk()
    talk.speak(0.2)
    talk.recognise("what", took_s=0.3)
    talk.speak(0.44)
    running = talk.last(do.Decode)
    talk.fall_silent(0.07)
    assert talk.last(do.Decode) is not running


def test_the_next_partial_waits_for_the_reply_to_the_last_one() -> None:
    def partial_after(ready: bool) -> float:
        talk = Talk()
        talk.speak(0.2)
        talk.recognise("what time")
        if ready:
            talk.take(s.ReplyReady(talk.last(do.StartReply).reply))
        talk.speak(0.6)
        first, second = talk.times(do.Decode)[:2]
        return round(second - first, 3)

    gain = partial_after(ready=False) - partial_after(ready=True)
    assert abs(gain - SETTINGS.partial_waits_s) < 0.021


def test_no_reply_is_begun_to_words_that_want_another() -> None:
    talk = Talk()
    talk.speak(0.2)
    talk.recognise("the shop and the")
    talk.speak(0.2)
    talk.recognise("the shop and the")
    assert not talk.times(do.StartReply)
    assert talk.last(do.Prefill).text == "the shop and"


def test_replies_begun_on_partials_are_bounded() -> None:
    talk = Talk(ConversationSettings(speculate="partials", max_speculations=3))
    for count in range(2, 9):
        talk.speak(0.6)
        talk.recognise(" ".join(["word"] * count))
        if talk.times(do.StartReply):
            talk.take(s.ReplyReady(talk.last(do.StartReply).reply))
    assert len(talk.times(do.StartReply)) == 3
    talk.fall_silent(0.1)
    talk.recognise("these are all the words")
    assert talk.last(do.StartReply).text == "these are all the words"
