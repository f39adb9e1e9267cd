"""How many calls fit."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from visavis.models.scripted import scripted_models
from visavis.server.admission import Costs, capacity, measure

SECONDS = st.floats(0, 10)


def test_models_elsewhere_cost_nothing() -> None:
    assert capacity(Costs(), most=200) == 200


def test_the_busiest_model_is_full_first() -> None:
    fast = Costs(stt=0.03, llm_first=0.15, llm_token=0.03, tts=0.06)
    assert 3 <= capacity(fast, most=200) <= 6
    assert capacity(Costs(stt=0.03, llm_first=0.15, llm_token=0.2, tts=0.06), most=200) == 1


@given(SECONDS, SECONDS, SECONDS, SECONDS)
def test_one_call_is_always_taken_and_dearer_models_take_no_more(
    stt: float, first: float, token: float, tts: float
) -> None:
    calls = capacity(Costs(stt, first, token, tts), most=50)
    assert 1 <= calls <= 50
    assert capacity(Costs(stt * 2, first * 2, token * 2, tts * 2), most=50) <= calls


def test_measuring_runs_what_is_local() -> None:
    async def run() -> None:
        models = scripted_models(["a"])
        assert await measure(models, local=frozenset()) == Costs()
        costs = await measure(models, local=frozenset({"stt", "llm", "tts"}))
        assert 0 < costs.tts < 1

    asyncio.run(run())
