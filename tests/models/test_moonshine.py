"""Streaming recognition of the project's own voice."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from visavis.errors import ModelError
from visavis.models.embedded.moonshine import Moonshine, MoonshineStream
from visavis.models.weights import WeightsStore
from visavis.models.workers import InlineWorker, Worker
from visavis.seam import RATE_IN, Pcm

pytestmark = pytest.mark.weights
Say = Callable[..., Pcm]
SENTENCE = "Please tell me when the next train to London leaves."


@pytest.fixture(scope="module")
def inline(speech_weights: WeightsStore) -> Moonshine:
    return Moonshine.load(speech_weights, InlineWorker())


@pytest.fixture
def threaded(inline: Moonshine) -> Iterator[Moonshine]:
    worker = Worker("stt under test")
    yield Moonshine(inline._model, worker)
    asyncio.run(worker.aclose())


def bare(text: str) -> list[str]:
    return re.sub(r"[^a-z ]", "", text.lower()).split()


async def feed(stream: MoonshineStream, pcm: Pcm, step: int = 6400) -> list[str]:
    texts = []
    for i in range(0, len(pcm), step):
        stream.push(pcm[i : i + step])
        texts.append((await stream.decode()).text)
    return texts


def test_partials_grow_into_the_sentence(inline: Moonshine, say: Say) -> None:
    async def main() -> None:
        stream = inline.stream(language="en-GB")
        partials = await feed(stream, say(SENTENCE, before=0.1, after=0.2))
        final = await stream.decode(final=True)
        assert bare(final.text) == bare(SENTENCE)
        assert final.final and final.language == "en"
        assert [w.text for w in final.words] == final.text.split()
        assert all(0 < w.confidence <= 1 for w in final.words)
        lengths = [len(bare(t)) for t in partials]
        assert lengths[0] < 4 < lengths[-1]

    asyncio.run(main())


def test_a_draft_does_not_change_the_words(inline: Moonshine, say: Say) -> None:
    async def main() -> None:
        pcm = say(SENTENCE, after=0.2)
        drafted, fresh = inline.stream(), inline.stream()
        await feed(drafted, pcm)
        fresh.push(pcm)
        assert bare((await drafted.decode()).text) == bare((await fresh.decode()).text)

    asyncio.run(main())


def test_nothing_said_gives_no_words(inline: Moonshine) -> None:
    async def main() -> None:
        stream = inline.stream()
        assert (await stream.decode(final=True)).text == ""
        stream.push(np.ones(1000, np.int16))
        assert (await stream.decode()).words == ()
        stream.push(np.zeros(RATE_IN, np.int16))
        assert (await stream.decode()).text == ""

    asyncio.run(main())


def test_reset_forgets(inline: Moonshine, say: Say) -> None:
    async def main() -> None:
        stream = inline.stream()
        await feed(stream, say("The first thing I said."))
        stream.reset()
        stream.push(say("Good morning."))
        assert bare((await stream.decode()).text) == ["good", "morning"]

    asyncio.run(main())


def test_a_long_speech_is_cut_at_pauses_and_kept_whole(inline: Moonshine, say: Say) -> None:
    async def main() -> None:
        parts = [
            "The train to the north leaves in the morning.",
            "We have a small house near the water.",
            "My sister likes to cook for her friends.",
            "Tomorrow we want to walk in the mountains.",
            "I hope that the weather will be good.",
            "Please call me when you are at home.",
        ]
        pcm = np.concatenate([say(part, after=0.35) for part in parts])
        assert len(pcm) > 13 * RATE_IN
        stream = inline.stream()
        await feed(stream, pcm, 16_000)
        heard = bare((await stream.decode(final=True)).text)
        assert len(set(heard) & set(bare(" ".join(parts)))) >= 30
        assert len(stream._said.audio) < 2 * 10 * RATE_IN

    asyncio.run(main())


def test_a_newer_decode_takes_the_place_of_an_older(threaded: Moonshine, say: Say) -> None:
    async def main() -> None:
        stream = threaded.stream()
        pcm = say(SENTENCE, after=0.2)
        stream.push(pcm[:16_000])
        before = await stream.decode()
        stream.push(pcm[16_000:])
        older = asyncio.ensure_future(stream.decode())
        await asyncio.sleep(0)
        newer = asyncio.ensure_future(stream.decode(final=True))
        assert (await older).text == before.text
        assert bare((await newer).text) == bare(SENTENCE)

    asyncio.run(main())


def test_reset_during_a_decode_does_not_leak_old_words(threaded: Moonshine, say: Say) -> None:
    async def main() -> None:
        stream = threaded.stream()
        stream.push(say(SENTENCE))
        decode = asyncio.ensure_future(stream.decode())
        await asyncio.sleep(0)
        stream.reset()
        assert (await decode).text == ""
        assert (await stream.decode()).text == ""

    asyncio.run(main())


def test_a_cancelled_decode_frees_the_worker_soon(threaded: Moonshine, say: Say) -> None:
    async def main() -> None:
        stream = threaded.stream()
        stream.push(np.tile(say(SENTENCE), 4)[: 8 * RATE_IN])
        decode = asyncio.ensure_future(stream.decode())
        done, _ = await asyncio.wait([decode], timeout=0.02)
        assert not done
        decode.cancel()
        with pytest.raises(asyncio.CancelledError):
            await decode
        start = time.monotonic()
        await threaded._worker.run(lambda _: None)
        # 50 ms is the promise on an idle machine; the decode alone would take several times it.
        assert time.monotonic() - start < 0.15

    asyncio.run(main())


def test_other_languages_are_refused(inline: Moonshine) -> None:
    with pytest.raises(ModelError, match="English only"):
        inline.stream(language="fr")


def test_corrupted_weights_are_named(speech_weights: WeightsStore, tmp_path: object) -> None:
    broken = WeightsStore(tmp_path)  # type: ignore[arg-type]  # pytest's path is one
    for file in ("encoder-model.ort", "decoder-model-merged.ort", "tokenizer.bin"):
        name = f"moonshine-tiny-en-{file}"
        size = speech_weights.path(name).stat().st_size
        (broken.cache / name).write_bytes(bytes(size))
    with pytest.raises(ModelError, match=r"encoder-model\.ort cannot be opened"):
        Moonshine.load(broken, InlineWorker())
