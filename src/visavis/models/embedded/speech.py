"""The embedded speech models of one server, opened together."""

from __future__ import annotations

from dataclasses import dataclass

from visavis.models.embedded.akiki_vad import AkikiVad
from visavis.models.embedded.hibari import HibariSpeech
from visavis.models.embedded.moonshine import Moonshine
from visavis.models.embedded.smart_turn import SmartTurn
from visavis.models.weights import WeightsStore


@dataclass(slots=True, frozen=True)
class SpeechModels:
    vad: AkikiVad
    stt: Moonshine
    turn: SmartTurn
    tts: HibariSpeech


def load_speech_models(store: WeightsStore | None = None) -> SpeechModels:
    """Open voice activity, recogniser, end of turn and voice; blocks for a few seconds.

    Each has a worker of its own. Raises `WeightsError` naming what is missing and the command
    that fetches it.
    """
    if store is None:
        store = WeightsStore()
    # The cheapest first: missing weights should be said before seconds of loading.
    turn = SmartTurn.load(store)
    stt = Moonshine.load(store)
    return SpeechModels(vad=AkikiVad.load(), stt=stt, turn=turn, tts=HibariSpeech.load())
