"""Figures of recordings: word errors, intelligibility, quality, delay, what was concealed."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import Any

import jiwer
import numpy as np
import soxr
from numpy.typing import NDArray
from pystoi import stoi

from lineloss.align import Timeline, place
from lineloss.ends import Recording
from lineloss.material import RATE, Stream
from visavis.models.embedded.moonshine_model import MoonshineModel
from visavis.models.weights import WeightsStore
from visavis.models.workers import Cancel

try:
    from pesq import PesqError, pesq
except ImportError:  # needs a C compiler to install
    pesq = None


BOOTSTRAPS = 2000


@dataclass(frozen=True)
class Utterance:
    """What came of one utterance."""

    name: str
    words: int
    errors: int
    stoi: float
    pesq: float | None
    delays: tuple[float, ...]
    """Mouth to ear, seconds."""
    guessed: float | None
    """Share of it that the stack guessed or left out."""
    heard: str


@cache
def _recogniser() -> MoonshineModel:
    store = WeightsStore()
    return MoonshineModel(
        store.path("moonshine-tiny-en-encoder-model.ort"),
        store.path("moonshine-tiny-en-decoder-model-merged.ort"),
        store.path("moonshine-tiny-en-tokenizer.bin"),
    )


def normalised(text: str) -> str:
    """Words only: lower case, no marks, hyphens as blanks."""
    return " ".join(re.sub(r"[^a-z' ]", " ", text.lower().replace("-", " ")).split())


def transcribe(pcm: NDArray[np.int16]) -> str:
    model = _recogniser()
    if len(pcm) < RATE // 5 or np.abs(pcm.astype(np.int32)).max() < 40:
        return ""
    decoded = model.decode(Cancel(), pcm[: 14 * RATE].astype(np.float32) / 32768)
    return " ".join(word.text for word in model.words(decoded))


def word_errors(said: str, heard: str) -> tuple[int, int]:
    """Errors, and words said."""
    said, heard = normalised(said), normalised(heard)
    found = jiwer.process_words(said, heard)
    return found.substitutions + found.deletions + found.insertions, len(said.split())


def quality(said: NDArray[np.int16], heard: NDArray[np.int16]) -> float | None:
    """PESQ-wb; None where the package is missing or finds no speech."""
    if pesq is None:
        return None
    if not heard.any():
        return 1.0
    try:
        return float(pesq(RATE, said, heard, "wb"))
    except PesqError:
        return None


def score(
    stream: Stream, spoke_at: float, recording: Recording, *, words_only: bool = False
) -> list[Utterance]:
    """Every utterance of one call in one direction. `spoke_at` is the speaker's. `words_only`:
    without STOI (then 0) and PESQ (None)."""
    pcm, starts = recording.pcm, recording.starts
    if recording.rate != RATE:
        pcm = soxr.resample(pcm, recording.rate, RATE)
        starts = starts * RATE // recording.rate
    if not len(pcm):
        pcm, starts, at = np.zeros(RATE, np.int16), np.zeros(1, np.int64), np.zeros(1)
    else:
        at = recording.at
    heard = Timeline.of(pcm, starts, at)
    scored = []
    for spoken in stream.spoken:
        found = place(stream.pcm, spoken, spoke_at, heard)
        said = stream.pcm[spoken.start : spoken.end]
        text = transcribe(found.cut)
        errors, count = word_errors(spoken.text, text)
        with warnings.catch_warnings():
            # Too short for a figure: it then gives 1e-5, which is what was understood.
            warnings.simplefilter("ignore", RuntimeWarning)
            clear = 0.0 if words_only else float(stoi(said / 32768, found.laid / 32768, RATE))
        scored.append(
            Utterance(
                spoken.name,
                count,
                errors,
                clear,
                None if words_only else quality(said, found.laid),
                found.delays,
                _guessed(recording, starts, found.span),
                text,
            )
        )
    return scored


def _guessed(
    recording: Recording, starts: NDArray[np.int64], span: tuple[int, int]
) -> float | None:
    if recording.guessed is None:
        return recording.concealed
    if not len(starts):
        return 1.0
    inside = (starts >= span[0]) & (starts < span[1])
    return float(recording.guessed[inside].mean()) if inside.any() else 1.0


class Scorer:
    """Scores in processes of their own, on what processor time the calls leave."""

    def __init__(self, processes: int = 2) -> None:
        # There is a process for every core already; BLAS' own threads would only spin.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        # Forked children would keep the pipes of the calls' processes open.
        self._pool = ProcessPoolExecutor(
            processes, get_context("spawn"), initializer=os.nice, initargs=(19,)
        )

    def start(
        self, jobs: Sequence[tuple[Stream, float, Recording]]
    ) -> Callable[[], list[Utterance]]:
        """Begin with these calls; the result is there when it is asked for."""
        futures = [self._pool.submit(score, *job) for job in jobs]
        return lambda: [u for future in futures for u in future.result()]

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def word_error_rate(
    utterances: Sequence[Utterance], less: Sequence[Utterance] = ()
) -> tuple[float, float, float]:
    """The rate, less that of other utterances of the same prompts, and its 95 % bootstrap
    interval. Prompts are drawn, with all they came to on both sides, so that the same words under
    several losses do not count as independent."""
    names = sorted({u.name for u in utterances})

    def count(side: Sequence[Utterance], what: Callable[[Utterance], int]) -> NDArray[np.int64]:
        return np.array([sum(what(u) for u in side if u.name == name) for name in names])

    words = count(utterances, lambda u: u.words)
    errors = count(utterances, lambda u: u.errors) - count(less, lambda u: u.errors)
    drawn = np.random.default_rng(0).integers(0, len(names), (BOOTSTRAPS, len(names)))
    low, high = np.percentile(errors[drawn].sum(1) / words[drawn].sum(1), [2.5, 97.5])
    return float(errors.sum() / words.sum()), float(low), float(high)


def mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def figures(utterances: list[Utterance]) -> dict[str, Any]:
    """One row's columns."""
    delays = [1e3 * delay for u in utterances for delay in u.delays]
    row: dict[str, Any] = {"n": len(utterances)}
    concealed = mean(u.guessed for u in utterances)
    row["concealed"] = None if concealed is None else round(concealed, 4)
    rate, low, high = word_error_rate(utterances)
    row |= {"wer": round(rate, 4), "wer_low": round(low, 4), "wer_high": round(high, 4)}
    row["stoi"] = round(float(np.mean([u.stoi for u in utterances])), 4)
    quality_mean = mean(u.pesq for u in utterances)
    row["pesq"] = None if quality_mean is None else round(quality_mean, 3)
    for q in (50, 95):
        value = round(float(np.percentile(delays, q)), 1) if delays else None
        row[f"delay_p{q}_ms"] = value
    row["unheard"] = sum(not u.delays for u in utterances)
    return row
