"""Human speech for tests and benches: the telephone prompts that Debian packages.

`asterisk-core-sounds-en-g722`, 16 kHz, one speaker, transcripts beside it (CC-BY-SA-3.0).
The recordings are installed by `scripts/system_packages.sh test`, never committed.
"""

from __future__ import annotations

import gzip
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
TRANSCRIPTS = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
RATE = 16_000


@dataclass(frozen=True)
class Prompt:
    name: str
    text: str
    pcm: NDArray[np.int16]
    """16 kHz mono."""

    @property
    def seconds(self) -> float:
        return len(self.pcm) / RATE


def available() -> bool:
    return SOUNDS.is_dir() and TRANSCRIPTS.is_file()


@cache
def transcripts() -> dict[str, str]:
    """Name to text of every prompt that is plain speech (no sound effects in brackets)."""
    found = {}
    for line in gzip.decompress(TRANSCRIPTS.read_bytes()).decode("utf-8").splitlines():
        name, colon, text = line.partition(":")
        text = text.strip()
        if colon and not line.startswith(";") and not re.search(r"[\[\]<>*#0-9]|\.\.\.", text):
            found[name.strip()] = text
    return found


@cache
def prompt(name: str) -> Prompt:
    """Decode one prompt. FileNotFoundError if the package is not installed."""
    path = SOUNDS / f"{name}.g722"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: install asterisk-core-sounds-en-g722")
    raw = subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-f", "g722", "-i", path, "-f", "s16le", "-ar", "16000",
         "-ac", "1", "-"],
        check=True,
        capture_output=True,
    ).stdout  # fmt: skip
    return Prompt(name, transcripts().get(name, ""), np.frombuffer(raw, np.int16))


def sentences(
    count: int, *, seconds: tuple[float, float] = (1.5, 6.0), words: int = 4
) -> list[Prompt]:
    """The first `count` whole sentences of so many words, by name, whose length lies in the given
    range."""
    found = []
    for name, text in sorted(transcripts().items()):
        whole = text[:1].isupper() and text[-1:] in ".!?" and len(text.split()) >= words
        if not whole or not (SOUNDS / f"{name}.g722").is_file():
            continue
        size = (SOUNDS / f"{name}.g722").stat().st_size / 8000
        if seconds[0] <= size <= seconds[1]:
            found.append(prompt(name))
        if len(found) == count:
            break
    return found


def timeline(parts: list[tuple[float, Prompt]], *, seconds: float) -> NDArray[np.int16]:
    """Place prompts at the given seconds on a quiet track (a faint noise floor, as a room has)."""
    rng = np.random.default_rng(1)
    track = rng.normal(0, 3, int(seconds * RATE)).astype(np.int16)
    for start, part in parts:
        at = int(start * RATE)
        room = track[at : at + len(part.pcm)]
        room += part.pcm[: len(room)]
    return track


def word_overlap(heard: str, said: str) -> float:
    """Share of the words said that were heard, whatever their case, marks and order."""

    def words(text: str) -> set[str]:
        return {w.strip(".,;:!?'\"").lower() for w in text.replace("-", " ").split()} - {""}

    return len(words(heard) & words(said)) / max(1, len(words(said)))
