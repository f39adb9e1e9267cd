"""Operators see which provider answers and which is left alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.fakes import running, settings_for

from visavis.errors import SettingsError
from visavis.models.fallback import FallbackLanguageModel, Provider
from visavis.models.protocols import ChatMessage
from visavis.models.scripted import ScriptedLanguageModel, scripted_models
from visavis.server import create_app
from visavis.server.load_models import load_models


def test_health_and_metrics_name_the_providers(tmp_path: Path) -> None:
    async def main() -> None:
        settings = settings_for(tmp_path)
        models = scripted_models(["hello"])
        first = Provider[Any]("openai", ScriptedLanguageModel([" "]))
        second = Provider[Any]("backup", ScriptedLanguageModel(["Hi."]))
        models.llm = FallbackLanguageModel([first, second])
        async with running(settings, create_app(settings, models)) as (url, _):
            assert [p async for p in models.llm.generate([ChatMessage("user", "hi")])] == ["Hi."]
            async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                shown = (await client.get("/health")).json()["providers"]
                told = [(p["name"], p["health"], p["answers"], p["failures"]) for p in shown]
                assert told == [("openai", "broken", 0, 1), ("backup", "good", 1, 0)]
                metrics = (await client.get("/metrics")).text
        assert 'visavis_provider_good{kind="llm",provider="openai"} 0.0' in metrics
        assert 'visavis_provider_answers_total{kind="llm",provider="backup"} 1.0' in metrics

    asyncio.run(main())


def test_providers_are_loaded_in_the_order_of_the_settings(tmp_path: Path) -> None:
    async def main() -> None:
        settings = settings_for(
            tmp_path,
            models={
                "stt": "openai",
                "llm": "openai",
                "tts": "openai",
                "llm_fallback": "near, far",
                "openai": {"base_url": "http://127.0.0.1:9/v1", "llm_model": "big"},
                "services": {
                    "far": {"base_url": "http://127.0.0.1:8/v1"},
                    "near": {"base_url": "http://127.0.0.1:7/v1"},
                },
            },
        )
        models = await load_models(settings)
        assert isinstance(models.llm, FallbackLanguageModel)
        assert [standing.name for standing in models.llm.standings()] == ["openai", "near", "far"]
        assert models.llm.name == "big"
        await models.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("models", "says"),
    [
        ({"llm_fallback": ["other"]}, "llm_fallback names 'other'; there are embedded, openai"),
        ({"llm_fallback": ["embedded"]}, "names a provider twice, or 'embedded' itself"),
        ({"tts_fallback": "openai,openai"}, "tts_fallback names a provider twice"),
        ({"services": {"Not a name!": {}}}, "services"),
    ],
)
def test_a_wrong_line_up_is_explained(tmp_path: Path, models: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        settings_for(tmp_path, models=models)
