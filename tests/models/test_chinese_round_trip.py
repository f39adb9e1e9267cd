"""The Chinese voice is understood by the Chinese recogniser, and taken for Chinese."""

import asyncio

import numpy as np
import pytest
import soxr

from visavis.errors import WeightsError
from visavis.models.protocols import Transcript, Voice
from visavis.models.weights import WeightsStore
from visavis.seam import RATE_IN, RATE_OUT

pytestmark = pytest.mark.weights
SENTENCE = "今天天气怎么样？"


@pytest.fixture(scope="module")
def store() -> WeightsStore:
    for package in ("ctranslate2", "jieba", "pypinyin"):
        pytest.importorskip(package, reason=f"{package} is not installed (visavis[chinese])")
    found = WeightsStore()
    try:
        if not (found.has("chinese") and found.has("speech")):
            pytest.skip("the weights are not here: run `visavis models pull speech chinese`")
    except WeightsError as error:
        pytest.skip(str(error))
    return found


def test_what_is_said_is_heard(store: WeightsStore) -> None:
    from visavis.models.embedded.bilingual import Bilingual
    from visavis.models.embedded.kokoro import KokoroSpeech

    async def main() -> Transcript:
        tts, stt = KokoroSpeech.load(store), Bilingual.load(store)
        said = [s.pcm async for s in tts.synthesize(SENTENCE, Voice("zm_yunxi", speed=0.9))]
        stream = stt.stream()
        stream.push(soxr.resample(np.concatenate(said), RATE_OUT, RATE_IN).astype(np.int16))
        heard = await stream.decode(final=True)
        for model in (stream, tts, stt):
            await model.aclose()
        return heard

    heard = asyncio.run(main())
    assert (heard.language, heard.final) == ("zh", True)
    letters = [letter for letter in heard.text if letter.isalnum()]
    assert sum(letter in SENTENCE for letter in letters) >= 6
    assert len(letters) <= 8
    assert sum(word.confidence for word in heard.words) / len(heard.words) > 0.6
