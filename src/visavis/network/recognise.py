"""Which kind of network this is: an online classifier with change detection and hysteresis.

In: one direction's `Seen`s. Out: a `Verdict`. Losses are noticed by Page's cumulative sum test
(CUSUM, Biometrika 1954) over separate losses, in both directions: three within a second are a
change, a single one never is; some three seconds without any are the change back. What kind they
are is read off the features of the last seconds, each with one threshold to enter and another to
leave, and a new pattern has to last before it counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from math import exp, log
from typing import Final

from visavis.network.features import Features, Feeler, Seen


class Pattern(StrEnum):
    GOOD = "good"
    JITTER = "jitter"
    """Delay leaps, and comes back to its minimum every time."""
    RANDOM_LOSS = "random_loss"
    """Losses come as singly as chance has it."""
    SHORT_BURSTS = "short_bursts"
    """Runs of a few packets."""
    LONG_BURSTS = "long_bursts"
    """Runs of 200 ms to a second, again and again."""
    CONGESTED = "congested"
    """A queue that stands or grows."""
    OUTAGE = "outage"
    """Nothing comes."""


LOSSY: Final = frozenset({Pattern.RANDOM_LOSS, Pattern.SHORT_BURSTS})


class Level(IntEnum):
    """How much is lost, whatever the pattern."""

    LIGHT = 0
    MIDDLING = 1
    HEAVY = 2


@dataclass(slots=True, frozen=True)
class Verdict:
    pattern: Pattern
    level: Level
    confidence: float
    """How much of the evidence of the last seconds agrees, 0…1."""
    since: float
    """When this pattern was recognised, seconds."""
    features: Features


LOST_GOOD, LOST_BAD = 0.001, 0.02
"""Separate losses a packet, of a link that is good and of one that is not."""
ALARM: Final = (8.0, 3.0)
"""Nats of evidence for a change: that losses begin, and that they are over. To protect what needs
none costs bits, to be without costs words: still, of what is known of real networks, most calm that
lasts three seconds goes on (bench/pattern_detection.py)."""
PER_LOSS: Final = log(LOST_BAD / LOST_GOOD)
PER_PACKET: Final = log((1 - LOST_BAD) / (1 - LOST_GOOD))
MOST_LOSSES = 2.5
"""That one report may bring: what happened at once is not independent evidence."""

OUTAGE_MS = 600.0
STANDING_MS = (150.0, 60.0)
"""To enter and to stay, as below."""
JITTER_MS = (12.0, 7.0)
BURST = (1.25, 1.12)
"""Mean burst, as a multiple of what independent losses of that rate would have."""
LONG_SHARE = (0.5, 0.3)
LONGEST_BURST = 50.0
"""Packets: what lasts longer on average is no burst but an outage."""
LEVELS = (0.05, 0.18)
"""Loss from which it is middling, and heavy; it is lighter again below 0.7 of that."""

WORSE_S = 0.2
"""So long a worse pattern has to last before it counts,"""
OTHER_S = 1.0
"""one as bad,"""
BETTER_S = 2.0
"""and a better one."""
LIGHTER_S = 5.0
"""So long losses must have been lighter."""
MEMORY_S = 3.0
"""Of the confidence."""
_BADNESS = {
    Pattern.GOOD: 0,
    Pattern.JITTER: 1,
    Pattern.RANDOM_LOSS: 2,
    Pattern.SHORT_BURSTS: 2,
    Pattern.LONG_BURSTS: 3,
    Pattern.CONGESTED: 3,
    Pattern.OUTAGE: 4,
}


class LossChange:
    """Two cumulative sums: is something being lost that was not, or no longer?"""

    def __init__(self) -> None:
        self.lossy = False
        self._sum = 0.0

    def add(self, packets: float, losses: float) -> bool:
        """`lossy`, after so many packets with so many separate losses among them."""
        evidence = min(losses, MOST_LOSSES) * PER_LOSS + packets * PER_PACKET
        self._sum = max(0.0, self._sum + (-evidence if self.lossy else evidence))
        if self._sum >= ALARM[self.lossy]:
            self.lossy, self._sum = not self.lossy, 0.0
        return self.lossy


class Recogniser:
    """Of one direction of one call. Reports come in the order of their times."""

    def __init__(self) -> None:
        self._feeler = Feeler()
        self._change = LossChange()
        self._pattern = Pattern.GOOD
        self._since = 0.0
        self._candidate = Pattern.GOOD
        self._candidate_at = 0.0
        self._level = Level.LIGHT
        self._lighter_at: float | None = None
        self._confidence = 0.0
        self._at: float | None = None

    def add(self, seen: Seen) -> Verdict:
        """The verdict with this report."""
        features = self._feeler.add(seen)
        lossy = self._change.add(seen.received + seen.missing, seen.events)
        found = self._look(features, lossy)
        if found is not self._candidate:
            self._candidate, self._candidate_at = found, seen.at
        if found is not self._pattern and seen.at - self._candidate_at >= self._patience(found):
            self._pattern, self._since, self._confidence = found, seen.at, 0.5
        self._weigh(found, seen.at)
        self._grade(features)
        return Verdict(self._pattern, self._level, self._confidence, self._since, features)

    def _look(self, now: Features, lossy: bool) -> Pattern:
        """What the last seconds look like; what was recognised already needs less to stay."""

        def beyond(value: float, thresholds: tuple[float, float], pattern: Pattern) -> bool:
            return value >= thresholds[self._pattern is pattern]

        if now.quiet_ms >= OUTAGE_MS:
            return Pattern.OUTAGE
        if beyond(now.standing_ms, STANDING_MS, Pattern.CONGESTED):
            return Pattern.CONGESTED
        known = self._pattern is Pattern.LONG_BURSTS
        again = now.long_bursts >= (1 if known else 2) and now.long_burst <= LONGEST_BURST
        if again and beyond(now.long_share, LONG_SHARE, Pattern.LONG_BURSTS):
            return Pattern.LONG_BURSTS
        if lossy:
            clustered = now.burst * (1 - now.loss)
            if beyond(clustered, BURST, Pattern.SHORT_BURSTS):
                return Pattern.SHORT_BURSTS
            return Pattern.RANDOM_LOSS
        if beyond(now.jitter_ms, JITTER_MS, Pattern.JITTER):
            return Pattern.JITTER
        return Pattern.GOOD

    def _patience(self, found: Pattern) -> float:
        worse = _BADNESS[found] - _BADNESS[self._pattern]
        # Silence of that length is no accident, and the first report after it none either.
        if found is Pattern.OUTAGE:
            return 0.0
        if self._pattern is Pattern.OUTAGE:
            return WORSE_S
        return WORSE_S if worse > 0 else OTHER_S if worse == 0 else BETTER_S

    def _weigh(self, found: Pattern, at: float) -> None:
        elapsed = 0.0 if self._at is None else max(0.0, at - self._at)
        self._at = at
        keep = exp(-elapsed / MEMORY_S)
        agrees = 1.0 if found is self._pattern else 0.0
        self._confidence = keep * self._confidence + (1 - keep) * agrees

    def _grade(self, now: Features) -> None:
        """Heavier at once, lighter after some seconds."""
        loss = min(now.loss, now.loss_now) if self._level is Level.LIGHT else now.loss
        heavier = Level(sum(loss >= threshold for threshold in LEVELS))
        lighter = Level(sum(now.loss >= 0.7 * threshold for threshold in LEVELS))
        if heavier > self._level:
            self._level, self._lighter_at = heavier, None
        elif lighter >= self._level:
            self._lighter_at = None
        elif self._lighter_at is None:
            self._lighter_at = now.at
        elif now.at - self._lighter_at >= LIGHTER_S:
            self._level, self._lighter_at = lighter, None
