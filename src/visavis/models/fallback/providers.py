"""Who can do a job, in the order they are asked, and how they have done so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import structlog

from visavis.models.fallback.breaker import Breaker, Health
from visavis.models.protocols import ModelSet

M = TypeVar("M")
Kind = Literal["stt", "llm", "tts"]

log = structlog.get_logger(__name__)


@dataclass(slots=True, frozen=True)
class Patience:
    """How long a provider may keep us waiting, seconds."""

    first_s: float = 1.7
    """From the request to the beginning of the answer; then the next provider is asked beside
    this one."""
    between_s: float = 1.7
    """Between two pieces of the answer."""
    trial_s: float = 0.4
    """As `first_s`, for one that failed before, while there is somebody else to ask."""


REMOTE = Patience()
LOCAL = Patience(first_s=8.0, between_s=8.0, trial_s=2.0)
"""A model in this process cannot go away, and on two slow cores it needs its time."""


@dataclass(slots=True, eq=False)
class Provider(Generic[M]):
    """One model, under the name that the settings give it."""

    name: str
    model: M
    patience: Patience = REMOTE
    breaker: Breaker = field(default_factory=Breaker)


@dataclass(slots=True, frozen=True)
class Standing:
    """How one provider does, for people and for metrics."""

    kind: Kind
    name: str
    health: Health
    answers: int
    failures: int


class Providers(Generic[M]):
    """The providers of one kind, the preferred one first."""

    def __init__(self, kind: Kind, members: Sequence[Provider[M]]) -> None:
        if not members:
            raise ValueError(f"{kind}: at least one provider is needed")
        self.kind = kind
        self.members = tuple(members)

    @property
    def first(self) -> M:
        """The preferred model."""
        return self.members[0].model

    def to_ask(self, now: float) -> list[Provider[M]]:
        """Who is worth asking, in order. If nobody is, everybody: an answer that comes against
        all hope is better than none."""
        fit = [p for p in self.members if p.breaker.health(now) is not Health.BROKEN]
        return fit or list(self.members)

    def answered(self, provider: Provider[M], now: float) -> None:
        if provider.breaker.health(now) is not Health.GOOD:
            log.info("provider.back", kind=self.kind, name=provider.name)
        provider.breaker.answered()

    def failed(self, provider: Provider[M], now: float, why: str) -> None:
        log.warning("provider.failed", kind=self.kind, name=provider.name, why=why[:300])
        provider.breaker.failed(now)

    def standings(self, now: float) -> list[Standing]:
        return [
            Standing(
                self.kind, p.name, p.breaker.health(now), p.breaker.answers, p.breaker.failures
            )
            for p in self.members
        ]

    async def aclose(self) -> None:
        """Close every model that has an `aclose`."""
        for provider in self.members:
            close = getattr(provider.model, "aclose", None)
            if close is not None:
                await close()


def standings(models: ModelSet) -> list[Standing]:
    """How the providers of a set do; models without any to fall back on are not watched."""
    found: list[Standing] = []
    for model in (models.stt, models.llm, models.tts):
        watched = getattr(model, "standings", None)
        if watched is not None:
            found += watched()
    return found
