"""The embedded recogniser and voice for the languages that a server is to speak."""

from __future__ import annotations

from collections.abc import Collection

from visavis.models.embedded.hibari import NAMES, HibariSpeech
from visavis.models.embedded.moonshine import Moonshine
from visavis.models.protocols import SpeechToText, TextToSpeech
from visavis.models.weights import WeightsStore


def load_recogniser(store: WeightsStore, languages: Collection[str]) -> SpeechToText:
    """Blocks for a second. Raises `WeightsError` if weights are not there, `ModelError` if a
    package is not."""
    if "zh" not in languages:
        return Moonshine.load(store)
    from visavis.models.embedded.bilingual import Bilingual

    return Bilingual.load(store)


def load_voice(
    store: WeightsStore, languages: Collection[str], *, threads: int = 1
) -> TextToSpeech:
    """Blocks for seconds. Raises as `load_recogniser`. `threads` are those of the Chinese voice,
    which is the slow one."""
    if "zh" not in languages:
        return HibariSpeech.load()
    from visavis.models.embedded.kokoro import VOICES, KokoroSpeech
    from visavis.models.embedded.two_voices import TwoVoices

    english = HibariSpeech.load()
    chinese = KokoroSpeech.load(store, english=english.phonemes, threads=threads)
    return TwoVoices(english, chinese, english_names=NAMES, chinese_names=VOICES)
