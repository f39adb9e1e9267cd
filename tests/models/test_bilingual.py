"""Two recognisers behind one stream, with stand-ins for both networks."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from visavis.clock import run_virtual
from visavis.errors import ModelError
from visavis.models.embedded.bilingual import Bilingual, BilingualStream
from visavis.models.embedded.moonshine import Moonshine
from visavis.models.embedded.moonshine_model import Decoded
from visavis.models.embedded.whisper_model import Heard
from visavis.models.protocols import Transcript, Word
from visavis.models.workers import Cancel, InlineWorker
from visavis.seam import RATE_IN, Pcm

CHINESE, ENGLISH = 2000, 1000
"""Samples of this value are Chinese, or English, to the stand-ins."""


def speech(value: int, seconds: float) -> Pcm:
    return np.full(round(seconds * RATE_IN), value, np.int16)


@dataclass
class Moon:
    """Sure of English, doubtful about anything else."""

    decodes: int = 0

    def decode(self, _: Cancel, samples: Pcm, draft: object = ()) -> Decoded:
        self.decodes += 1
        english = abs(float(samples[-1]) * 32768 - ENGLISH) < 1
        return Decoded((1,), (0.97 if english else 0.5,))

    def words(self, decoded: Decoded) -> tuple[Word, ...]:
        return tuple(Word(word, decoded.probs[0]) for word in ["how", "do", "you", "do"])


@dataclass
class Whisper:
    """Knows the language, and writes one character a second."""

    asked: list[bool] = field(default_factory=list)
    """For each question whether words were wanted too."""

    def hear(self, _: Cancel, pcm: Pcm, wanted: Callable[[float], bool]) -> Heard:
        chinese = 0.99 if pcm[-1] == CHINESE else 0.01
        self.asked.append(wanted(chinese))
        count = round(len(pcm) / RATE_IN) if self.asked[-1] else 0
        return Heard(chinese, (Word("好", 0.9),) * count)


@dataclass
class Rig:
    moon: Moon
    whisper: Whisper
    both: Bilingual


@pytest.fixture
def rig() -> Rig:
    moon, whisper = Moon(), Whisper()
    english = Moonshine(moon, InlineWorker())  # type: ignore[arg-type]  # a stand-in
    both = Bilingual(english, whisper, InlineWorker())  # type: ignore[arg-type]
    return Rig(moon, whisper, both)


async def turn(stream: BilingualStream, value: int, seconds: float) -> list[Transcript]:
    """Partials of every half second, and the final; the utterance is over then."""
    out = []
    for _ in range(round(seconds * 2)):
        stream.push(speech(value, 0.5))
        out.append(await stream.decode())
    out.append(await stream.decode(final=True))
    stream.reset()
    return out


def test_clear_english_never_asks_whisper(rig: Rig) -> None:
    async def main() -> None:
        stream = rig.both.stream()
        for _ in range(3):
            assert all(t.language == "en" and t.words for t in await turn(stream, ENGLISH, 2))

    run_virtual(main())
    assert rig.whisper.asked == []


def test_chinese_is_noticed_after_a_second_and_remembered(rig: Rig) -> None:
    async def main() -> None:
        stream = rig.both.stream()
        first = await turn(stream, CHINESE, 3)
        assert [t.language for t in first] == ["en", *["zh"] * 6]
        assert (first[-1].text, first[-1].final) == ("好好好", True)
        decodes = rig.moon.decodes
        second = await turn(stream, CHINESE, 2)
        assert {t.language for t in second} == {"zh"}
        assert rig.moon.decodes == decodes

    run_virtual(main())


def test_the_other_language_is_noticed_again(rig: Rig) -> None:
    async def main() -> None:
        stream = rig.both.stream()
        for _ in range(3):
            await turn(stream, CHINESE, 2)
        assert (await turn(stream, ENGLISH, 2))[-1].language == "en"
        assert (await turn(stream, CHINESE, 2))[-1].language == "zh"

    run_virtual(main())


def test_a_given_language_needs_no_finding(rig: Rig) -> None:
    async def main() -> None:
        english, chinese = rig.both.stream(language="en-GB"), rig.both.stream(language="zh")
        assert (await turn(english, CHINESE, 2))[-1].language == "en"
        assert rig.whisper.asked == []
        assert (await turn(chinese, CHINESE, 1))[0].language == "zh"

    run_virtual(main())
    with pytest.raises(ModelError, match=r"English \(en\) and Chinese \(zh\), not 'fr'"):
        rig.both.stream(language="fr")


def test_long_chinese_is_cut_and_kept(rig: Rig) -> None:
    async def main() -> None:
        stream = rig.both.stream(language="zh")
        said = [speech(CHINESE, 4), np.zeros(RATE_IN // 2, np.int16), speech(CHINESE, 4)] * 3
        for part in said:
            stream.push(part)
            await stream.decode(final=True)
        final = await stream.decode(final=True)
        assert 24 <= len(final.words) <= 28
        assert len(stream._said.audio) < 2 * 15 * RATE_IN

    run_virtual(main())


def test_silence_gives_no_words(rig: Rig) -> None:
    async def main() -> None:
        for language in (None, "zh"):
            stream = rig.both.stream(language=language)
            stream.push(np.zeros(2 * RATE_IN, np.int16))
            assert (await stream.decode(final=True)).text == ""

    run_virtual(main())


def test_a_newer_decode_takes_the_place_of_an_older(rig: Rig) -> None:
    async def main() -> None:
        stream = rig.both.stream(language="zh")
        stream.push(speech(CHINESE, 1))
        first = await stream.decode(final=True)
        stream.push(speech(CHINESE, 1))
        older = asyncio.ensure_future(stream.decode(final=True))
        await asyncio.sleep(0)
        newer = asyncio.ensure_future(stream.decode(final=True))
        assert (await older).text == first.text
        assert (await newer).text == "好好"

    run_virtual(main())


def test_a_long_silence_before_the_words_is_not_heard(rig: Rig) -> None:
    async def main() -> None:
        stream = rig.both.stream(language="zh")
        stream.push(np.concatenate([np.zeros(20 * RATE_IN, np.int16), speech(CHINESE, 2)]))
        assert (await stream.decode(final=True)).text in ("好好", "好好好")

    run_virtual(main())
    assert len(rig.whisper.asked) <= 2
