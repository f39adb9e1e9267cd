"""The end-of-turn model: its features and its judgement."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from visavis.models.embedded.smart_turn import SmartTurn, log_mel
from visavis.models.weights import WeightsStore
from visavis.models.workers import InlineWorker
from visavis.seam import RATE_IN, Pcm

Say = Callable[..., Pcm]


def test_features_have_the_models_shape_and_range() -> None:
    tone = (8000 * np.sin(2 * np.pi * 1000 * np.arange(RATE_IN) / RATE_IN)).astype(np.int16)
    features = log_mel(tone)
    assert features.shape == (80, 800) and features.dtype == np.float32
    assert features.max() - features.min() <= 2.0 + 1e-5
    # One second of tone at the end of eight: loudest at its frequency and there alone.
    assert features[:, 720:].mean() > features[:, :600].mean()
    loudest = int(features[:, 750].argmax())
    assert 23 <= loudest <= 28


def test_only_the_last_eight_seconds_count() -> None:
    pcm = np.random.default_rng(0).normal(0, 1000, 12 * RATE_IN).astype(np.int16)
    assert np.array_equal(log_mel(pcm), log_mel(pcm[-8 * RATE_IN :]))


@pytest.mark.weights
def test_whole_sentences_score_higher_than_cut_ones(speech_weights: WeightsStore, say: Say) -> None:
    turn = SmartTurn.load(speech_weights, InlineWorker())
    texts = [
        "What is the weather like in Paris today?",
        "Please tell me when the next train to London leaves.",
        "I would like to order a large pizza with mushrooms.",
    ]

    async def main() -> None:
        whole, cut = [], []
        for text in texts:
            pcm = say(text)
            quiet = np.zeros(RATE_IN // 5, np.int16)
            half = pcm[: int(len(pcm) * 0.55)]
            whole.append(await turn.score(np.concatenate([pcm, quiet])))
            cut.append(await turn.score(np.concatenate([half, quiet])))
        assert all(0 <= p <= 1 for p in whole + cut)
        assert np.mean(whole) > np.mean(cut) + 0.2
        assert await turn.score(np.zeros(10, np.int16)) == 0.0

    asyncio.run(main())
