"""Each piece goes to the voice of its language."""

import asyncio

import pytest

from visavis.errors import ModelError
from visavis.models.embedded.two_voices import TwoVoices
from visavis.models.protocols import Speech, Voice
from visavis.models.scripted import ToneTextToSpeech


class Named(ToneTextToSpeech):
    """Remembers in whose voice it was asked to speak."""

    names: list[str]

    def synthesize(self, text: str, voice: Voice = Voice()):  # type: ignore[no-untyped-def]  # noqa: B008
        self.names.append(voice.name)
        return super().synthesize(text, voice)


@pytest.fixture
def voices() -> tuple[Named, Named, TwoVoices]:
    english, chinese = Named(), Named()
    english.names, chinese.names = [], []
    both = TwoVoices(english, chinese, english_names=("heart",), chinese_names=("yunxi",))
    return english, chinese, both


def say(tts: TwoVoices, text: str, name: str = "default") -> list[Speech]:
    async def run() -> list[Speech]:
        return [speech async for speech in tts.synthesize(text, Voice(name))]

    return asyncio.run(run())


def test_script_chooses(voices: tuple[Named, Named, TwoVoices]) -> None:
    english, chinese, both = voices
    for text in ("Sure.", "好的。", "我用Python写代码，", "It is 5 km."):
        assert say(both, text)
    assert english.requests == ["Sure.", "It is 5 km."]
    assert chinese.requests == ["好的。", "我用Python写代码，"]


def test_a_name_holds_for_its_language(voices: tuple[Named, Named, TwoVoices]) -> None:
    english, chinese, both = voices
    say(both, "好的。", "yunxi")
    say(both, "Sure.", "yunxi")
    assert (chinese.names, english.names) == (["yunxi"], ["default"])


def test_an_unknown_name_is_refused(voices: tuple[Named, Named, TwoVoices]) -> None:
    with pytest.raises(ModelError, match="'bob' is not here; there are default, heart, yunxi"):
        say(voices[2], "Sure.", "bob")
