"""From settings to models: embedded ones, remote ones, scripted ones, or a mixture."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import structlog

from visavis.errors import WeightsError
from visavis.models.machine import llm_to_use
from visavis.models.protocols import LanguageModel, ModelSet, SpeechToText, TextToSpeech
from visavis.models.remote import (
    Endpoint,
    RemoteLanguageModel,
    RemoteSpeechToText,
    RemoteTextToSpeech,
)
from visavis.models.scripted import scripted_models
from visavis.settings import ModelSettings, OpenAISettings, Settings

if TYPE_CHECKING:
    from visavis.models.embedded.smart_turn import SmartTurn
    from visavis.models.weights import WeightsStore

log = structlog.get_logger(__name__)

SCRIPT = tuple(f"This is turn {n}." for n in range(1, 1001))
"""What the scripted recogniser hears, whatever is said."""


async def load_models(settings: Settings) -> ModelSet:
    """Open what the settings name. WeightsError, ModelError.

    Takes seconds, during which the event loop stays free.
    """
    chosen = settings.models
    if chosen.stt == chosen.llm == chosen.tts == "scripted":
        return scripted_models(SCRIPT)
    return await _mixed(chosen)


async def _mixed(chosen: ModelSettings) -> ModelSet:
    from visavis.models.embedded.akiki_vad import AkikiVad
    from visavis.models.weights import WeightsStore

    store = WeightsStore()
    scripted = scripted_models(SCRIPT)
    # The cheapest first: missing weights should be said before seconds of loading.
    llm_file = _llm_file(chosen, store) if chosen.llm == "embedded" else None
    turn = await asyncio.to_thread(_turn, store, needed=chosen.stt == "embedded")
    vad = await asyncio.to_thread(AkikiVad.load)
    stt: SpeechToText = scripted.stt
    llm: LanguageModel = scripted.llm
    tts: TextToSpeech = scripted.tts
    if chosen.stt == "embedded":
        from visavis.models.embedded.moonshine import Moonshine

        stt = await asyncio.to_thread(Moonshine.load, store)
    if chosen.tts == "embedded":
        from visavis.models.embedded.hibari import HibariSpeech

        tts = await asyncio.to_thread(HibariSpeech.load)
    if llm_file is not None:
        from visavis.models.embedded import llama_library
        from visavis.models.embedded.llama import LlamaModel
        from visavis.models.embedded.llama_fit import fit

        path = await asyncio.to_thread(store.path, llm_file)
        if chosen.fit:
            path = await asyncio.to_thread(fit, llama_library.load(), path, threads=_cores())
        llm = await LlamaModel.load(path, threads=chosen.threads or min(4, _cores()))
    remote = chosen.openai
    if chosen.stt == "openai":
        stt = RemoteSpeechToText(_endpoint(remote, remote.stt_base_url, remote.stt_model))
    if chosen.llm == "openai":
        llm = RemoteLanguageModel(_endpoint(remote, remote.llm_base_url, remote.llm_model))
    if chosen.tts == "openai":
        endpoint = _endpoint(remote, remote.tts_base_url, remote.tts_model)
        tts = RemoteTextToSpeech(endpoint, voice=remote.tts_voice)
    return ModelSet(vad=vad, stt=stt, turn=turn, llm=llm, tts=tts)


def _endpoint(remote: OpenAISettings, base_url: str | None, model: str) -> Endpoint:
    return Endpoint(
        base_url=base_url or remote.base_url,
        model=model,
        api_key=remote.api_key.get_secret_value() if remote.api_key else None,
        first_byte_s=remote.first_byte_s,
    )


def _turn(store: WeightsStore, *, needed: bool) -> SmartTurn | None:
    """The end-of-turn model; with a remote recogniser its weights may be absent."""
    from visavis.models.embedded.smart_turn import SmartTurn

    try:
        return SmartTurn.load(store)
    except WeightsError as error:
        if needed:
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
