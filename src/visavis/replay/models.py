"""The embedded models for virtual time: every job runs on the loop's own thread, at once."""

from __future__ import annotations

from visavis.models.embedded import llama_library
from visavis.models.embedded.akiki_vad import AkikiVad
from visavis.models.embedded.cadence import Cadence
from visavis.models.embedded.hibari import HibariSpeech
from visavis.models.embedded.llama import LlamaModel
from visavis.models.embedded.llama_engine import LlamaEngine
from visavis.models.embedded.llama_fit import fit
from visavis.models.embedded.moonshine import Moonshine
from visavis.models.protocols import ModelSet
from visavis.models.weights import WeightsStore
from visavis.models.workers import InlineWorker

_CONTEXT = 2048


def load_inline(store: WeightsStore, llm: str) -> ModelSet:
    """`llm`: the set of weights of the language model. WeightsError, ModelError."""
    library = llama_library.load(None)
    path = fit(library, store.path(llm))
    engine = LlamaEngine(
        library,
        path,
        context=_CONTEXT,
        slots=2,
        threads=1,
        progress=lambda fraction: None,
    )
    return ModelSet(
        vad=AkikiVad.load(),
        stt=Moonshine.load(store, InlineWorker()),
        turn=Cadence(InlineWorker()),
        llm=LlamaModel(engine, InlineWorker(), path.stem, 8),
        tts=HibariSpeech.load(InlineWorker()),
    )
