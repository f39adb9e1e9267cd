"""From settings to models: embedded ones, remote ones, scripted ones, or a mixture."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from visavis.errors import WeightsError
from visavis.models.protocols import LanguageModel, ModelSet, SpeechToText, TextToSpeech
from visavis.models.remote import (
    Endpoint,
    RemoteLanguageModel,
    RemoteSpeechToText,
    RemoteTextToSpeech,
)
from visavis.models.scripted import scripted_models
from visavis.models.weights_choice import OPTIONS, choose_llm, estimated_speeds
from visavis.settings import ModelSettings, OpenAISettings, Settings

if TYPE_CHECKING:
    from visavis.models.embedded.smart_turn import SmartTurn
    from visavis.models.weights import WeightsStore

log = structlog.get_logger(__name__)

_NO_DISK_NEEDED = 1 << 62
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
        from visavis.models.embedded.llama import LlamaModel

        path = await asyncio.to_thread(store.path, llm_file)
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
    """The set of the language model. With `auto` the one that fits this machine, or else the
    best that is here: what to fetch was decided when the weights were pulled."""
    if chosen.llm_size != "auto":
        return f"llm-{chosen.llm_size}"
    speeds = estimated_speeds(_cores(), _has("avx2"), _has("avx512f"))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    fitting = choose_llm(memory, _NO_DISK_NEEDED, speeds)
    log.info("models.llm_chosen", name=fitting.name, why=fitting.reason)
    if store.has(fitting.name):
        return fitting.name
    return next((o.name for o in OPTIONS if store.has(o.name)), fitting.name)


def _has(flag: str) -> bool:
    try:
        return flag in Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False


def _cores() -> int:
    return len(os.sched_getaffinity(0))

