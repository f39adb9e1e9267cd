"""From settings to models."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.server.fakes import settings_for

from visavis.errors import WeightsError
from visavis.models.fallback import FallbackLanguageModel, Standing, standings
from visavis.models.protocols import ChatMessage, ModelSet
from visavis.models.weights import WeightsStore
from visavis.server import ModelHub
from visavis.server.load_models import load_models

seen: list[Standing] = []
"""The providers of the set loaded last."""


def load(tmp_path: Path, **models: Any) -> ModelSet:
    async def run() -> ModelSet:
        found = await load_models(settings_for(tmp_path, models=models))
        seen[:] = standings(found)
        await found.aclose()
        return found

    seen.clear()

    return asyncio.run(run())


def test_remote_models_need_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISAVIS_CACHE", str(tmp_path / "empty"))
    remote = {
        "base_url": "http://127.0.0.1:9/v1",
        "tts_base_url": "http://127.0.0.1:8/v1",
        "api_key": "k",
        "llm_model": "some-model",
    }
    models = load(tmp_path, stt="openai", llm="openai", tts="openai", openai=remote)
    assert isinstance(models.llm, FallbackLanguageModel)
    assert [(s.kind, s.name) for s in seen] == [(k, "openai") for k in ("stt", "llm", "tts")]
    assert (models.stt.name, models.stt.partials) == ("gpt-4o-mini-transcribe", False)
    assert models.llm.name == "some-model"
    assert models.turn is None


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISAVIS_CACHE", str(tmp_path / "empty"))
    with pytest.raises(WeightsError, match="visavis models pull"):
        load(tmp_path, llm="scripted")
    with pytest.raises(WeightsError, match="visavis models pull"):
        load(tmp_path, stt="scripted", llm_size="0.5b")


def test_a_whole_script(tmp_path: Path) -> None:
    models = load(tmp_path, stt="scripted", llm="scripted", tts="scripted")
    assert models.llm.name


@pytest.mark.weights
def test_the_embedded_models_are_loaded_and_measured(tmp_path: Path) -> None:
    if WeightsStore().missing_bytes(["speech", "llm-0.5b"]):
        pytest.skip("the weights of speech and llm-0.5b are not on this machine")

    async def run() -> None:
        hub = ModelHub(settings_for(tmp_path, models={"llm_size": "0.5b"}))
        hub.start()
        await hub.wait()
        assert hub.state == "ready", hub.problem
        assert 1 <= hub.capacity <= 20
        models = hub.require(0)
        pieces = [p async for p in models.llm.generate([ChatMessage("user", "Say hello.")])]
        assert "".join(pieces).strip()
        await hub.aclose()

    asyncio.run(run())
