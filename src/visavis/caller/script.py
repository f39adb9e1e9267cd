"""What the caller says, and when: recordings in the order of a script."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from visavis.audio import Region, read_audio, voiced_region
from visavis.errors import AudioError
from visavis.seam import RATE_IN, Pcm

MAX_TURNS = 1000
MAX_WAIT_S = 3600.0
DEFAULT_GAP_S = 0.5

Say: TypeAlias = Callable[[str], Pcm]
"""A voice: text to 16 kHz speech."""


@dataclass(slots=True, frozen=True)
class AfterReply:
    """`gap_s` after the agent has finished its reply to what was said before."""

    gap_s: float = DEFAULT_GAP_S


@dataclass(slots=True, frozen=True)
class DuringReply:
    """Once the agent has been heard speaking for `after_s`: an interruption."""

    after_s: float = 1.0


@dataclass(slots=True, frozen=True)
class AtTime:
    """`at_s` after the call began, whatever happens."""

    at_s: float


When: TypeAlias = AfterReply | DuringReply | AtTime


@dataclass(slots=True, frozen=True)
class Utterance:
    """One recording and the moment it is spoken."""

    name: str
    pcm: Pcm
    """16 kHz, int16."""
    speech: Region
    """Where in it somebody speaks; `speech.end` is the true end every delay counts from."""
    when: When
    text: str | None = None
    """What is said, if known."""


def utterance(name: str, pcm: Pcm, when: When, text: str | None = None) -> Utterance:
    """A recording as part of a script. AudioError if nobody speaks in it."""
    region = voiced_region(pcm, RATE_IN)
    if region is None:
        raise AudioError(f"{name} holds no speech: nothing in it is louder than -60 dBFS")
    return Utterance(name, pcm, region, when, text)


def from_files(paths: list[Path], turns: int | None = None) -> list[Utterance]:
    """The recordings one after another, each after the reply to the one before; repeated or
    shortened to `turns` if given."""
    count = len(paths) if turns is None else turns
    if not 1 <= count <= MAX_TURNS:
        raise AudioError(f"a call of {count} turns; expected 1 to {MAX_TURNS}")
    loaded = [utterance(path.name, read_audio(path, RATE_IN), AfterReply()) for path in paths]
    return [loaded[i % len(loaded)] for i in range(count)]


def load_script(path: Path, say: Say) -> list[Utterance]:
    """A JSON file: a list of turns, each `{"wav": FILE}` or `{"say": TEXT}` with at most one of
    `"after"`, `"during"` and `"at"` in seconds, and optionally `"text"`. Files are looked for
    beside the script. AudioError says which turn is wrong."""
    try:
        turns = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AudioError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise AudioError(f"{path} is not JSON: {error}") from error
    if not isinstance(turns, list) or not 1 <= len(turns) <= MAX_TURNS:
        raise AudioError(f"{path} must be a list of 1 to {MAX_TURNS} turns")
    return [_turn(turn, f"turn {n} of {path}", path.parent, say) for n, turn in enumerate(turns, 1)]


def _turn(turn: Any, where: str, folder: Path, say: Say) -> Utterance:
    if not isinstance(turn, dict):
        raise AudioError(f'{where} must be an object such as {{"wav": "question.wav"}}')
    unknown = set(turn) - {"wav", "say", "text", "after", "during", "at"}
    if unknown:
        raise AudioError(
            f"{where} has {', '.join(sorted(map(repr, unknown)))}; "
            "known are wav, say, text, after, during, at"
        )
    wav, words, text = turn.get("wav"), turn.get("say"), turn.get("text")
    for value, name in ((wav, "wav"), (words, "say"), (text, "text")):
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise AudioError(f"{where}: {name} must be a text that is not empty")
    if (wav is None) == (words is None):
        raise AudioError(f"{where} needs either wav or say")
    when = _when(turn, where)
    if wav is not None:
        return utterance(wav, read_audio(folder / wav, RATE_IN), when, text)
    spoken = str(words)
    return utterance(f'"{spoken}"', say(spoken), when, text or spoken)


def _when(turn: dict[str, Any], where: str) -> When:
    given = [(name, turn[name]) for name in ("after", "during", "at") if name in turn]
    if len(given) > 1:
        raise AudioError(f"{where} has {' and '.join(n for n, _ in given)}; give one of them")
    for name, value in given:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= MAX_WAIT_S:
            raise AudioError(f"{where}: {name} is {value!r}; expected 0 to {MAX_WAIT_S:g} seconds")
        kinds: dict[str, Callable[[float], When]] = {
            "after": AfterReply,
            "during": DuringReply,
            "at": AtTime,
        }
        return kinds[name](float(value))
    return AfterReply()
