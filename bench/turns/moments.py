"""Silences, and what the recogniser and the turn model say of them: the ends of turns and the
pauses within them, for `fit.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from turns import cuts, sounds, voices
from turns.cases import SPEECH_DB, level, room
from turns.charged import Memory, digest
from turns.packages import CACHE
from turns.reader import Reader, asked
from turns.voices import RATE, Clip, Samples, Split
from visavis.conversation.agent import Agent
from visavis.models.embedded.onnx import open_session
from visavis.models.embedded.prosody import Ending, ending
from visavis.models.embedded.smart_turn import SmartTurn
from visavis.models.protocols import ChatMessage
from visavis.models.weights import WeightsStore
from visavis.models.workers import Cancel

ASKED_S = 0.1
"""Silence at which the turn model is asked, as the product does. Later its answers tell less: at
0.5 s the area under its ROC curve was 0.62 where it had been 0.84."""
WORDS_S = 0.15
_OPEN = ("and yet", "And I say,", "Oh.", "Oh,", "have to.", "period.", "received.", "You")
"""Where readers pause although more must come, by the end of what they said before."""


@dataclass(frozen=True)
class Moment:
    split: Split
    speaker: str
    name: str
    end: bool
    """The turn is over; otherwise the person goes on."""
    score: float
    """Of the turn model alone."""
    text: str
    ending: Ending | None
    sentence_end: float | None
    """By the language model."""


def moments() -> list[Moment]:
    """Of both splits; asked of the models once and remembered."""
    memory = Memory(CACHE / "turns.db")
    store = WeightsStore()
    model = cuts.recogniser(store)
    turn = SmartTurn(open_session(store.path("smart-turn-v3.2-cpu.onnx")))

    def words(pcm: Samples) -> str:
        samples = pcm[-14 * RATE :].astype(np.float32) / 32768
        return " ".join(word.text for word in model.words(model.decode(Cancel(), samples)))

    reader = Reader(store)
    out = []
    for split, clip, at, end in _places():
        pcm = level(clip)
        (_, stop), *_ = voices.spoken(pcm[:at], gap_s=1e9, below_db=SPEECH_DB, edge_s=0.0)
        tone = sounds.room_tone(room(clip, split), round(0.9 * RATE), np.random.default_rng(1))
        heard = np.concatenate([pcm[:stop], tone[: round(ASKED_S * RATE)]])
        ask = digest("smart-turn", (heard,))
        score = memory.known(ask, partial(turn.probability, Cancel(), heard))
        heard = np.concatenate([pcm[:stop], tone[: round(WORDS_S * RATE)]])
        text = memory.known(digest("words", (heard,)), partial(words, heard))
        prompt = ChatMessage("system", Agent().instructions), ChatMessage("user", text)
        expected = memory.known(asked(prompt), partial(reader, prompt))
        over = end and not (split == "tuning" and text.endswith(_OPEN))
        out.append(
            Moment(split, clip.speaker, f"{clip.name}@{at}", over, score, text,
                   ending(pcm[:stop]), expected)
        )  # fmt: skip
    memory.close()
    return out


def _places() -> Iterator[tuple[Split, Clip, int, bool]]:
    known = cuts.known()
    splits: tuple[Split, Split] = ("tuning", "testing")
    for split in splits:
        for clip in cuts.clips(split):
            for at in known.get(clip.name, []):
                yield split, clip, at, False
        for clip in voices.sentences(split):
            yield split, clip, len(clip.pcm), True
    for clip in voices.lecture():
        spans = voices.spoken(clip.pcm, gap_s=0.3, below_db=SPEECH_DB, edge_s=0.0)
        for _, stop in spans[:-1]:
            yield "testing", clip, stop, False
        yield "testing", clip, len(clip.pcm), True
