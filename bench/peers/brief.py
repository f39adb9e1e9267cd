"""A caller that has heard enough: the first moments of an answer say all about its delay."""

from __future__ import annotations

from typing import Any

from visavis.audio import dbfs
from visavis.caller.link import Link, Listener
from visavis.caller.measure import AUDIBLE_DBFS
from visavis.caller.microphone import Spoken
from visavis.seam import FRAME_S, LinkReport, Pcm

ENOUGH_S = 0.3


class Brief(Listener):
    """Passes everything on to `inner`, and breaks off what is heard after an utterance."""

    def __init__(self) -> None:
        self.inner: Listener | None = None
        self.link: Link | None = None
        self._sent = 0
        self._until = 0
        self._heard_s = 0.0

    def on_said(self, spoken: Spoken) -> None:
        """An utterance begins; while it lasts nothing is broken off."""
        self._until, self._heard_s = spoken.end, 0.0

    def on_heard(self, at: float, pcm: Pcm) -> None:
        assert self.inner is not None
        self.inner.on_heard(at, pcm)
        if self._sent < self._until or dbfs(pcm) < AUDIBLE_DBFS:
            return
        self._heard_s += FRAME_S
        if self._heard_s >= ENOUGH_S and self.link is not None:
            self._heard_s = 0.0
            self.link.send({"type": "response.cancel"})

    def on_sent(self, samples: int, at: float) -> None:
        assert self.inner is not None
        self._sent = samples
        self.inner.on_sent(samples, at)

    def on_event(self, event: dict[str, Any], at: float) -> None:
        assert self.inner is not None
        self.inner.on_event(event, at)

    def on_report(self, report: LinkReport) -> None:
        assert self.inner is not None
        self.inner.on_report(report)

    def on_closed(self, reason: str, at: float) -> None:
        assert self.inner is not None
        self.inner.on_closed(reason, at)
