"""The embedded voice: samples, pauses, word times, limits."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("hibari", reason="hibari-tts is not installed (visavis[embedded])")

from visavis.errors import ModelError
from visavis.models.embedded.hibari import HibariSpeech
from visavis.models.embedded.hibari_voice import HibariVoice, finish
from visavis.models.protocols import Speech, Voice
from visavis.models.workers import Cancel, Cancelled, InlineWorker
from visavis.seam import RATE_OUT


@pytest.fixture(scope="module")
def voice() -> HibariVoice:
    return HibariVoice()


@pytest.fixture(scope="module")
def speak(voice: HibariVoice) -> Callable[..., list[Speech]]:
    tts = HibariSpeech(voice, InlineWorker())

    def run(text: str, settings: Voice = Voice()) -> list[Speech]:  # noqa: B008 - frozen
        async def main() -> list[Speech]:
            return [speech async for speech in tts.synthesize(text, settings)]

        return asyncio.run(main())

    return run


Speak = Callable[..., list[Speech]]


def test_speech_begins_at_once_and_ends_with_a_short_pause(speak: Speak) -> None:
    (speech,) = speak("Sure, I can help you with that.")
    assert speech.pcm.dtype == np.int16
    loud = np.flatnonzero(np.abs(speech.pcm.astype(int)) > 300)
    assert loud[0] < 0.06 * RATE_OUT
    assert 0.15 < (len(speech.pcm) - loud[-1]) / RATE_OUT < 0.35
    assert np.abs(speech.pcm.astype(int)).max() < 32767


def test_each_sentence_is_a_piece(speak: Speak) -> None:
    pieces = speak("One moment. Here it is!")
    assert [" ".join(w for w, _ in p.words) for p in pieces] == ["One moment.", "Here it is!"]


def test_words_end_in_order_within_the_sound(speak: Speak) -> None:
    text = "It costs $3.50 at 7:30pm, doctor Smith said so today."
    (speech,) = speak(text)
    assert [word for word, _ in speech.words] == text.split()
    ends = [end for _, end in speech.words]
    assert all(a < b for a, b in pairwise(ends))
    assert ends[0] > 0 and ends[-1] <= len(speech.pcm)
    # "$3.50" takes much longer to say than "at".
    assert ends[2] - ends[1] > 3 * (ends[3] - ends[2])


def test_a_pause_inside_lies_behind_the_comma_word(speak: Speak) -> None:
    (speech,) = speak("Well, yes.")
    ends = dict(speech.words)
    gap = np.abs(speech.pcm[ends["Well,"] : ends["Well,"] + 800].astype(int)).max()
    assert gap < np.abs(speech.pcm.astype(int)).max() / 2


def test_the_same_text_gives_the_same_samples(speak: Speak) -> None:
    assert np.array_equal(speak("Hello there.")[0].pcm, speak("Hello there.")[0].pcm)


def test_speed_changes_the_length(speak: Speak) -> None:
    text = "This is how fast I speak."
    slow, fast = (len(speak(text, Voice(speed=s))[0].pcm) for s in (0.8, 1.4))
    assert slow > 1.3 * fast


def test_what_cannot_be_said_is_silent(speak: Speak) -> None:
    assert speak("🙂") == [] and speak("") == [] and speak("...") == [] and speak("你好") == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Voice(name="darth"), "voice 'darth' is not here"),
        (Voice(speed=9.0), "outside 0.5 to 2"),
        (Voice(speed=float("nan")), "outside 0.5 to 2"),
    ],
)
def test_impossible_voices_are_refused(speak: Speak, settings: Voice, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        speak("Hello.", settings)


def test_too_long_a_text_is_refused(speak: Speak) -> None:
    with pytest.raises(ModelError, match="too many to say at once"):
        speak("a " * 6000)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60) | st.text(alphabet="aZ9$€%.,:/-'’\"()[]*_@#°½²\n ", max_size=60))
def test_no_text_breaks_the_voice(voice: HibariVoice, text: str) -> None:
    speech = voice.speak(Cancel(), text)
    assert [word for word, _ in speech.words] == text.split()
    assert all(0 <= end <= len(speech.pcm) for _, end in speech.words)


def test_a_cancelled_synthesis_stops(voice: HibariVoice) -> None:
    cancel = Cancel()
    cancel.set()
    with pytest.raises(Cancelled):
        voice.speak(cancel, "This is not wanted any more.")


def test_loud_peaks_are_bent_not_clipped() -> None:
    wave = (1.8 * np.sin(np.arange(24_000) / 20)).astype(np.float32)
    pcm, _ = finish(wave, ".")
    top = int(np.abs(pcm.astype(int)).max())
    assert 0.9 * 32767 < top <= 0.981 * 32767


def test_silence_gives_nothing() -> None:
    assert len(finish(np.zeros(9000, np.float32), ".")[0]) == 0
    assert len(finish(np.zeros(0, np.float32), ".")[0]) == 0
