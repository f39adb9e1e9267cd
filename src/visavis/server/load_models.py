"""From settings to models: embedded ones, remote ones, scripted ones, or a mixture."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import structlog

from visavis.errors import WeightsError
from visavis.models.fallback import (
    LOCAL,
    REMOTE,
    FallbackLanguageModel,
    FallbackSpeechToText,
    FallbackTextToSpeech,
    Patience,
    Provider,
)
from visavis.models.machine import llm_to_use
from visavis.models.protocols import (
    LanguageModel,
    ModelSet,
    SpeakerModel,
    SpeechToText,
    TextToSpeech,
    TurnDetector,
)
from visavis.models.remote import (
    Endpoint,
    RemoteLanguageModel,
    RemoteSpeechToText,
    RemoteTextToSpeech,
)
from visavis.models.scripted import scripted_models
from visavis.models.text_tools import TextTools
from visavis.settings import ModelSettings, OpenAISettings, Settings

if TYPE_CHECKING:
    from visavis.models.weights import WeightsStore

M = TypeVar("M")

log = structlog.get_logger(__name__)

HOPELESS = 3.0
"""A service that needs so many times its patience is not waited for any longer, even beside
another."""
SCRIPT = tuple(f"This is turn {n}." for n in range(1, 1001))
"""What the scripted recogniser hears, whatever is said."""


async def load_models(settings: Settings) -> ModelSet:
    """Open what the settings name. WeightsError, ModelError.

    Takes seconds, during which the event loop stays free.
    """
    chosen = settings.models
    if chosen.stt == chosen.llm == chosen.tts == "scripted":
        return scripted_models(SCRIPT)
    speaker = settings.agent.speaker == "prefer" and chosen.stt != "scripted"
    return await _mixed(chosen, speaker=speaker)


async def _mixed(chosen: ModelSettings, *, speaker: bool) -> ModelSet:
    from visavis.models.embedded.akiki_vad import AkikiVad
    from visavis.models.weights import WeightsStore

    store = WeightsStore()
    scripted = scripted_models(SCRIPT)
    # The cheapest first: missing weights should be said before seconds of loading.
    llm_file = _llm_file(chosen, store) if chosen.uses("llm", "embedded") else None
    turn = await asyncio.to_thread(_turn, chosen, store)
    vad = await asyncio.to_thread(AkikiVad.load)
    stts: dict[str, SpeechToText] = {"scripted": scripted.stt}
    llms: dict[str, LanguageModel] = {"scripted": scripted.llm}
    ttss: dict[str, TextToSpeech] = {"scripted": scripted.tts}
    if chosen.uses("stt", "embedded"):
        from visavis.models.embedded.languages import load_recogniser

        stts["embedded"] = await asyncio.to_thread(load_recogniser, store, chosen.languages)
    if chosen.uses("tts", "embedded"):
        from visavis.models.embedded.languages import load_voice

        ttss["embedded"] = await asyncio.to_thread(
            load_voice, store, chosen.languages, threads=chosen.threads or min(2, _cores())
        )
    if llm_file is not None:
        from visavis.models.embedded import llama_library
        from visavis.models.embedded.llama import LlamaModel
        from visavis.models.embedded.llama_fit import fit

        path = await asyncio.to_thread(store.path, llm_file)
        if chosen.fit:
            path = await asyncio.to_thread(fit, llama_library.load(), path, threads=_cores())
        threads = chosen.threads or min(4, _cores())
        llms["embedded"] = TextTools(await LlamaModel.load(path, threads=threads))
    services = {"openai": chosen.openai, **chosen.services}
    for name, remote in services.items():
        if chosen.uses("stt", name):
            stts[name] = RemoteSpeechToText(
                _endpoint(remote, remote.stt_base_url, remote.stt_model)
            )
        if chosen.uses("llm", name):
            llms[name] = RemoteLanguageModel(
                _endpoint(remote, remote.llm_base_url, remote.llm_model)
            )
        if chosen.uses("tts", name):
            endpoint = _endpoint(remote, remote.tts_base_url, remote.tts_model)
            ttss[name] = RemoteTextToSpeech(endpoint, voice=remote.tts_voice)
    stt = _line_up(stts, [chosen.stt, *chosen.stt_fallback], services)
    llm = _line_up(llms, [chosen.llm, *chosen.llm_fallback], services)
    tts = _line_up(ttss, [chosen.tts, *chosen.tts_fallback], services)
    return ModelSet(
        vad=vad,
        stt=FallbackSpeechToText(stt) if _watched(stt) else stt[0].model,
        turn=turn,
        llm=FallbackLanguageModel(llm) if _watched(llm) else llm[0].model,
        tts=FallbackTextToSpeech(tts) if _watched(tts) else tts[0].model,
        speaker=await asyncio.to_thread(_speaker, store) if speaker else None,
    )


def _speaker(store: WeightsStore) -> SpeakerModel:
    from visavis.models.embedded.speaker import CampPlus

    return CampPlus.load(store)


def _line_up(
    models: Mapping[str, M], names: Sequence[str], services: Mapping[str, OpenAISettings]
) -> list[Provider[M]]:
    """The models of these names, with the patience each deserves."""
    return [Provider(name, models[name], _patience(services.get(name))) for name in names]


def _patience(remote: OpenAISettings | None) -> Patience:
    if remote is None:
        return LOCAL
    first_s = remote.first_byte_s
    return Patience(first_s, remote.idle_s, trial_s=min(REMOTE.trial_s, first_s))


def _watched(line: Sequence[Provider[M]]) -> bool:
    """A single model in this process has nobody to hand over to and no line that may break."""
    return len(line) > 1 or line[0].patience is not LOCAL


def _endpoint(remote: OpenAISettings, base_url: str | None, model: str) -> Endpoint:
    return Endpoint(
        base_url=base_url or remote.base_url,
        model=model,
        api_key=remote.api_key.get_secret_value() if remote.api_key else None,
        # Who waits for it (`Patience`) gives up sooner, unless nobody else is better.
        first_byte_s=HOPELESS * remote.first_byte_s,
        idle_s=HOPELESS * remote.idle_s,
    )


def _turn(chosen: ModelSettings, store: WeightsStore) -> TurnDetector | None:
    """What says whether a turn is over; with a remote recogniser its weights may be absent."""
    from visavis.models.embedded.cadence import Cadence
    from visavis.models.embedded.smart_turn import SmartTurn

    if chosen.llm == "embedded":
        return Cadence()
    try:
        return SmartTurn.load(store)
    except WeightsError as error:
        if chosen.stt == "embedded":
            raise
        log.warning("models.no_turn_detector", why=str(error))
        return None


def _llm_file(chosen: ModelSettings, store: WeightsStore) -> str:
    """The set of the language model."""
    if chosen.llm_size != "auto":
        return f"llm-{chosen.llm_size}"
    choice = llm_to_use(store)
    log.info("models.llm_chosen", name=choice.name, why=choice.reason)
    return choice.name


def _cores() -> int:
    return len(os.sched_getaffinity(0))
