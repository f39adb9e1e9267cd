"""What a call's own sound says about its delays. Nothing here believes the server: the two
tracks on one time line are the truth, the server's events only tell the replies apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavis.audio import frame_levels
from visavis.seam import Pcm

AUDIBLE_DBFS = -50.0
"""A frame at least so loud is heard as speech."""
SILENT_DBFS = -55.0
DUCKED_DB = 20.0
"""So far below its level before, the agent counts as ducked."""
BACK_DB = 10.0
"""Within so much of its level before, it counts as back."""
_FRAME_S = 0.01
_ONSET_QUIET = 8
"""Frames of quiet before a sound that begins anew."""
_DUCK_HOLD, _SILENT_HOLD = 20, 40
"""Frames; longer than the pauses between words, and between clauses."""
_ANSWERED_QUIET = 3
"""Frames of silence before an answer that show that the old reply had stopped."""
_EARLY_S = 0.1
"""Sound may overtake the event that announces its reply by so much."""


@dataclass(slots=True, frozen=True)
class Interruption:
    """Milliseconds from the first voiced sample of the interruption, at the client's ear."""

    ducked_ms: float | None
    """Until the agent was 20 dB quieter."""
    silent_ms: float | None
    """Until it was silent."""
    resumed_ms: float | None
    """Until it was back at its level, if it was only ducked."""


class AgentSound:
    """The agent's track, ready for questions. Times are seconds from the track's start."""

    def __init__(self, pcm: Pcm, rate: int) -> None:
        self._pcm = pcm
        self._rate = rate
        self.levels: NDArray[np.float64] = frame_levels(pcm, rate, _FRAME_S)
        """dBFS of each 10 ms."""
        self._onsets = self._find_onsets()

    def _find_onsets(self) -> list[float]:
        onsets: list[float] = []
        quiet = _ONSET_QUIET
        for index, level in enumerate(self.levels.tolist()):
            if level >= AUDIBLE_DBFS:
                if quiet >= _ONSET_QUIET:
                    onsets.append(self._refine(index))
                quiet = 0
            else:
                quiet += 1
        return onsets

    def _refine(self, index: int) -> float:
        """The first audible millisecond of a frame."""
        size, step = round(self._rate * _FRAME_S), max(1, self._rate // 1000)
        frame = self._pcm[index * size : (index + 1) * size]
        inner = frame_levels(frame, self._rate, 0.001)
        loud = np.flatnonzero(inner >= AUDIBLE_DBFS)
        return (index * size + (int(loud[0]) * step if len(loud) else 0)) / self._rate

    def onset_after(self, at: float, before: float) -> float | None:
        """The first sound that begins after a quiet, from `at` on and earlier than `before`."""
        return next((onset for onset in self._onsets if at <= onset < before), None)

    def audible(self, start: float, end: float) -> bool:
        """Whether anything is heard between two times."""
        return bool(np.any(self._between(start, end) >= AUDIBLE_DBFS))

    def interruption(self, at: float, until: float, *, answered: bool) -> Interruption | None:
        """How the agent gave way to speech beginning at `at`; None if it was not speaking.

        `until` is where looking ends: when the answer to the interruption begins (`answered`),
        or some seconds on. Only a silence that lasts until then is a stop; an agent that is
        heard again has come back.
        """
        earlier = self._between(at - 1.0, at)
        spoken = earlier[earlier >= AUDIBLE_DBFS]
        if not len(spoken) or not self.audible(at - 0.25, at + 0.05):
            return None
        # A strong syllable, not the mean: words differ by 10 dB among themselves.
        before = float(np.percentile(spoken, 90))
        levels = self._between(at, until)
        low = levels <= before - DUCKED_DB
        heard = np.flatnonzero(levels > SILENT_DBFS)
        quiet_from = int(heard[-1]) + 1 if len(heard) else 0
        enough = _ANSWERED_QUIET if answered else _SILENT_HOLD
        silent = quiet_from if len(levels) - quiet_from >= enough else None
        resumed = None
        # A pause between words looks ducked too: of an agent that stopped, the last stretch
        # counts, of one that came back, the longest.
        ducked = _longest_from(low) if silent is None else _last_from(low)
        if ducked is not None and silent is None:
            back = np.flatnonzero(levels[ducked:] >= before - BACK_DB)
            resumed = ducked + int(back[0]) if len(back) else None
        return Interruption(_ms(ducked), _ms(silent), _ms(resumed))

    def _between(self, start: float, end: float) -> NDArray[np.float64]:
        first, last = max(0, round(start / _FRAME_S)), max(0, round(end / _FRAME_S))
        return self.levels[first:last]


def _last_from(flags: NDArray[np.bool_]) -> int:
    """Where the run of set flags begins that reaches the end."""
    clear = np.flatnonzero(~flags)
    return int(clear[-1]) + 1 if len(clear) else 0


def _longest_from(flags: NDArray[np.bool_]) -> int | None:
    """Where the longest run of set flags begins; None if it is shorter than a pause."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return None
    best = int(np.argmax(ends - starts))
    return int(starts[best]) if ends[best] - starts[best] >= _DUCK_HOLD else None


def _ms(frames: int | None) -> float | None:
    return None if frames is None else frames * _FRAME_S * 1e3


def voice_to_voice(
    sound: AgentSound, speech_end: float, created: float | None, before: float
) -> float | None:
    """Milliseconds from the last voiced sample to the first audible one of the reply.

    `created`: when the server announced the reply, by which the tail of an earlier one is told
    from it; without it the first new sound after the speech counts. `before`: when the next
    utterance begins.
    """
    start = speech_end if created is None else created - _EARLY_S
    onset = sound.onset_after(start, before)
    return None if onset is None else round((onset - speech_end) * 1e3, 1)
