"""Which embedded language model fits a machine. One table, one rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_ANSWER_BUDGET_S = 0.6
"""From the last word to the first clause; more feels like a pause."""
_PROMPT_TOKENS = 7
"""New ones once the last word is known, the rest being in the cache."""
_CLAUSE_TOKENS = 5
_GB = 1e9


@dataclass(slots=True, frozen=True)
class Speed:
    """Tokens a second of one model on one machine."""

    prompt: float
    generate: float

    def answer_s(self) -> float:
        """Seconds from the last word of a turn to the first clause of the reply."""
        return _PROMPT_TOKENS / self.prompt + _CLAUSE_TOKENS / self.generate


@dataclass(slots=True, frozen=True)
class LlmOption:
    name: str
    """The set in the manifest."""
    label: str
    memory: int
    """Bytes the process needs for it while it runs, context included."""
    disk: int
    """Bytes of the file and of the part being fetched."""
    speed: Speed
    """On one thread of a core with AVX2 alone (Zen 3), measured."""


OPTIONS: tuple[LlmOption, ...] = (
    LlmOption("llm-1.5b", "1.5B", int(1.9e9), int(1.35e9), Speed(12, 9)),
    LlmOption("llm-0.5b", "0.5B", int(0.9e9), int(0.75e9), Speed(38, 20)),
)
"""Best first."""


@dataclass(slots=True, frozen=True)
class LlmChoice:
    name: str
    reason: str
    """One sentence for the user."""


def estimated_speeds(cores: int, avx2: bool, avx512: bool) -> dict[str, Speed]:
    """A guess for machines that were not measured: one core is left to the speech models."""
    # AVX-512 stands for newer cores with faster memory: a Zen 5 was measured at 1.9 to 3.2.
    factor = (1.0 if avx2 else 0.3) * (2.0 if avx512 else 1.0)
    # Prompts scale with cores, generation soon meets the memory's bandwidth.
    spare = max(1, min(cores - 1, 4))
    return {
        o.name: Speed(o.speed.prompt * factor * spare, o.speed.generate * factor * spare**0.5)
        for o in OPTIONS
    }


def choose_llm(
    memory_bytes: int, disk_free: int, speeds: Mapping[str, Speed] | None = None
) -> LlmChoice:
    """The best language model that fits memory and disk and answers in time.

    `memory_bytes` is what is available, `disk_free` what the cache's disk has left plus what
    the model's file already takes there. `speeds` are measured or estimated; without them
    speed does not count. If nothing fits, the smallest is named and the reason says so.
    """
    why_not: list[str] = []
    for option in OPTIONS:
        speed = None if speeds is None else speeds.get(option.name)
        if memory_bytes < option.memory:
            lack = (
                f"needs {option.memory / _GB:.1f} GB of memory and "
                f"{memory_bytes / _GB:.1f} GB are free"
            )
        elif disk_free < option.disk:
            lack = f"needs {option.disk / _GB:.1f} GB of disk and {disk_free / _GB:.1f} GB are free"
        elif speed is not None and speed.answer_s() > _ANSWER_BUDGET_S:
            lack = f"would take about {speed.answer_s():.1f} s to begin an answer on this processor"
        else:
            reason = f"The {option.label} language model fits this machine"
            if why_not:
                reason = f"Using the smaller {option.label} language model: " + "; ".join(why_not)
            return LlmChoice(option.name, reason + ".")
        why_not.append(f"the {option.label} one {lack}")
    last = OPTIONS[-1]
    return LlmChoice(
        last.name,
        f"No embedded language model fits this machine well ({'; '.join(why_not)}); "
        f"trying the smallest, {last.label}. A remote model (OPENAI_BASE_URL) would do better.",
    )
