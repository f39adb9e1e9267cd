"""Where a sentence may be cut between two words: `python -m turns.cuts` writes `cuts.json`.

A place is kept if it is quiet for 30 ms and the recogniser, given what is before it and what is
after it, finds the same words as in the whole (of a meeting, nearly the same: it errs there
anyway); and if, in the whole, no sentence ends there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from turns import voices
from turns.voices import RATE, Clip, Samples, Split, levels
from visavis.conversation.words import normalize
from visavis.models.embedded.moonshine_model import MoonshineModel
from visavis.models.weights import WeightsStore
from visavis.models.workers import Cancel

FILE = Path(__file__).with_name("cuts.json")
_FIRST_S, _LAST_S = 0.5, 0.6
_QUIET_DB = 16.0
_QUIET_S = 0.03
_APART_S = 0.35
_NEARLY = 0.85


def known() -> dict[str, list[int]]:
    """Samples where each clip may be cut, by its name."""
    found: dict[str, list[int]] = json.loads(FILE.read_text("utf-8"))
    return found


def clips(split: Split) -> list[Clip]:
    """What may be cut."""
    return [*voices.sentences(split), *voices.stretches(split, seconds=(2.0, 12.0))]


def _quiet(pcm: Samples) -> Iterator[int]:
    """The middle of every short dip."""
    level = levels(pcm)
    low = level < np.percentile(level, 95) - _QUIET_DB
    edges = np.flatnonzero(np.diff(np.concatenate([[0], low.astype(int), [0]])))
    last = -RATE
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        at = int(begin + end) // 2 * (RATE // 100)
        inside = _FIRST_S * RATE <= at <= len(pcm) - _LAST_S * RATE
        if inside and end - begin >= _QUIET_S * 100 and at - last > _APART_S * RATE:
            last = at
            yield at


def _words(model: MoonshineModel, pcm: Samples) -> list[str]:
    samples = np.concatenate([pcm, np.zeros(RATE // 10, np.int16)]).astype(np.float32) / 32768
    return [word.text for word in model.words(model.decode(Cancel(), samples))]


def recogniser(store: WeightsStore) -> MoonshineModel:
    return MoonshineModel(
        store.path("moonshine-tiny-en-encoder-model.ort"),
        store.path("moonshine-tiny-en-decoder-model-merged.ort"),
        store.path("moonshine-tiny-en-tokenizer.bin"),
    )


def find(model: MoonshineModel, clip: Clip) -> list[int]:
    whole = _words(model, clip.pcm)
    spoken = normalize(" ".join(whole)).split()
    cuts = []
    for at in _quiet(clip.pcm):
        before = normalize(" ".join(_words(model, clip.pcm[:at]))).split()
        after = normalize(" ".join(_words(model, clip.pcm[at:]))).split()
        same = SequenceMatcher(None, before + after, spoken, autojunk=False).ratio()
        if not before or not after or same < (1.0 if clip.whole else _NEARLY):
            continue
        count = next(
            i for i in range(1, len(whole) + 1)
            if i == len(whole) or len(normalize(" ".join(whole[:i])).split()) >= len(before)
        )  # fmt: skip
        if whole[count - 1][-1:] not in ".!?":
            cuts.append(at)
    return cuts


def main() -> None:
    model = recogniser(WeightsStore())
    every = [clip for split in ("tuning", "testing") for clip in clips(split)]
    # Clips that have places keep them: only what is named again is listened to again.
    found = {} if "--all" in sys.argv else known()
    for clip in every:
        if clip.name not in found:
            found[clip.name] = find(model, clip)
    lines = [f"  {json.dumps(name)}: {cuts}" for name, cuts in sorted(found.items()) if cuts]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    print(f"{sum(map(len, found.values()))} places in {len(lines)} of {len(every)} clips")


if __name__ == "__main__":
    main()
