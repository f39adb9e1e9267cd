"""End of turn by how the voice ended, for a language model that reads the words (`SentenceEnd`).

Beside what such a model tells, the network of `smart_turn` adds next to nothing (the area under the
ROC curve is 0.95 with and without it, on a speaker nothing was fitted on: `bench/turns/fit.py`),
and takes most of a tenth of a second just when the recogniser and the language model need the
processor.
"""

from __future__ import annotations

from visavis.models.embedded.prosody import ending
from visavis.models.workers import Cancel, Runs, Worker
from visavis.odds import probability
from visavis.seam import RATE_IN, Pcm

_LOOKED_AT = 3 * RATE_IN
_BASE, _FALL, _FADE = 0.70, 0.07, 0.16
"""In units of log odds: fitted by `bench/turns/fit.py`."""


class Cadence:
    """Probability that a turn is over (`TurnDetector`)."""

    def __init__(self, worker: Runs | None = None) -> None:
        self._worker = worker if worker is not None else Worker("end of turn", queue=32)

    async def score(self, pcm: Pcm) -> float:
        """Of int16 16 kHz samples, shape [n]; only the last 3 s count."""
        return await self._worker.run(self.weigh, pcm[-_LOOKED_AT:].copy(), key=object())

    def weigh(self, cancel: Cancel, pcm: Pcm) -> float:
        """The same on the calling thread."""
        ended = ending(pcm)
        odds = _BASE if ended is None else _BASE + _FALL * ended.falls + _FADE * ended.fades
        return probability(odds)

    async def aclose(self) -> None:
        await self._worker.aclose()
