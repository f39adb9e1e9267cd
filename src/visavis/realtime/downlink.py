"""Speech to a WebSocket client: paced, so that what is not yet sent can still be taken back."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np

from visavis.seam import FRAME_OUT, RATE_OUT, Pcm, Played

LEAD_S = 0.3
"""So much is sent ahead of the client's playing."""
LATENCY_S = 0.05
"""From sending to sound, assumed where the client does not report."""
CHUNK = 5 * FRAME_OUT
LAST_REPORT_S = 0.2
"""Wait for the last report of a reply that was flushed, if the client reports at all."""
REPORT_GRACE_S = 1.0
"""A client that reported and stopped doing so is believed to have played everything then."""


@dataclass(slots=True)
class _Reply:
    reply: int
    queue: deque[Pcm] = field(default_factory=deque)
    sent: int = 0
    starts: list[tuple[float, int]] = field(default_factory=list)
    """(when a piece starts to sound, its samples)."""
    reported: int | None = None
    told: int = -1
    finished: bool = False
    ended: bool = False
    """The end of its audio was announced."""


@dataclass(slots=True, frozen=True)
class Outgoing:
    """A piece to send now; `last` if the reply's audio ends with it (`pcm` may be empty)."""

    reply: int
    pcm: Pcm
    last: bool = False


class Downlink:
    """Pure. Replies sound one after another; times are seconds of the event loop."""

    def __init__(self, max_ahead_s: float) -> None:
        self._max = int(max_ahead_s * RATE_OUT)
        self._replies: deque[_Reply] = deque()
        self._cut: list[tuple[float, _Reply]] = []
        """Flushed replies of a client that reports, and until when its last word is awaited."""
        self._over = -1
        """Replies up to this one are done or flushed: more of them is not played."""
        self._free_at = 0.0
        """When everything sent so far has sounded."""
        self._gain = 1.0
        self._target = 1.0
        self._step = 0.0
        self.dropped = 0
        """Samples that did not fit."""

    @property
    def busy(self) -> bool:
        """There is something to send, or to say about what was sent."""
        return bool(self._replies or self._cut)

    def play(self, reply: int, pcm: Pcm) -> None:
        entry = self._entry(reply)
        if entry is None:
            return
        room = max(0, self._max - sum(len(p) for r in self._replies for p in r.queue))
        self.dropped += max(0, len(pcm) - room)
        if len(pcm[:room]):
            entry.queue.append(pcm[:room])

    def finish(self, reply: int) -> None:
        entry = self._entry(reply)
        if entry is not None:
            entry.finished = True

    def duck(self, gain: float, ramp_s: float) -> None:
        self._target = min(1.0, max(0.0, gain))
        samples = max(1, int(ramp_s * RATE_OUT))
        self._step = (self._target - self._gain) / samples

    def flush(self, now: float) -> list[Played]:
        """Drop everything; returns how far each reply was heard. Each is told as done, a reply
        whose playing the client reports once its last report came or is overdue."""
        heard = []
        for entry in self._replies:
            self._over = max(self._over, entry.reply)
            news = self._played(entry, now, done=False)
            if entry.reported is None:
                news = replace(news, done=True)
            else:
                self._cut.append((now + LAST_REPORT_S, entry))
            heard.append(news)
        self._replies.clear()
        self._free_at = now
        self._gain = self._target = 1.0
        return heard

    def take(self, now: float) -> list[Outgoing]:
        """What must leave now to keep the lead."""
        out: list[Outgoing] = []
        for entry in self._replies:
            while entry.queue and self._free_at < now + LEAD_S:
                pcm = self._ramped(_take(entry.queue, CHUNK))
                start = max(self._free_at, now + LATENCY_S)
                entry.starts.append((start, len(pcm)))
                entry.sent += len(pcm)
                self._free_at = start + len(pcm) / RATE_OUT
                out.append(Outgoing(entry.reply, pcm))
            if entry.queue or not entry.finished:
                # A later reply waits until this one is sent as a whole.
                break
            if not entry.ended:
                entry.ended = True
                out.append(Outgoing(entry.reply, np.zeros(0, np.int16), last=True))
        return out

    def report(self, reply: int, samples: int) -> None:
        """The client has played so many samples of this reply."""
        for entry in (*self._replies, *(cut for _, cut in self._cut)):
            if entry.reply == reply:
                entry.reported = max(entry.reported or 0, min(samples, entry.sent))
        # What comes after a flush is the client's last word on that reply.
        self._cut = [(0.0 if cut.reply == reply else at, cut) for at, cut in self._cut]

    def played(self, now: float) -> list[Played]:
        """News of what was heard since the last call."""
        overdue = [entry for until, entry in self._cut if until <= now]
        self._cut = [(until, entry) for until, entry in self._cut if until > now]
        news = [replace(self._played(entry, now, done=False), done=True) for entry in overdue]
        for entry in list(self._replies):
            event = self._played(entry, now, done=True)
            if event.samples != entry.told or event.done:
                entry.told = event.samples
                if event.samples or event.done:
                    news.append(event)
            if event.done:
                self._replies.remove(entry)
                self._over = max(self._over, entry.reply)
        return news

    def _played(self, entry: _Reply, now: float, *, done: bool) -> Played:
        guessed = sum(
            min(n, max(0, int((now - start) * RATE_OUT + 0.5))) for start, n in entry.starts
        )
        samples = guessed if entry.reported is None else entry.reported
        sent_all = entry.finished and not entry.queue
        if sent_all and entry.reported is not None:
            lost_track = now > self._end_of(entry) + REPORT_GRACE_S
            samples = entry.sent if lost_track else samples
        return Played(
            reply=entry.reply,
            samples=samples,
            at=now,
            exact=entry.reported is not None,
            done=done and sent_all and entry.ended and samples >= entry.sent,
        )

    def _end_of(self, entry: _Reply) -> float:
        if not entry.starts:
            return self._free_at
        start, samples = entry.starts[-1]
        return start + samples / RATE_OUT

    def _entry(self, reply: int) -> _Reply | None:
        if reply <= self._over:
            return None
        for entry in self._replies:
            if entry.reply == reply:
                return entry
        entry = _Reply(reply)
        self._replies.append(entry)
        return entry

    def _ramped(self, pcm: Pcm) -> Pcm:
        if self._gain == self._target == 1.0:
            return pcm
        steps = self._gain + self._step * np.arange(1, len(pcm) + 1)
        low, high = sorted((self._gain, self._target))
        gains = np.clip(steps, low, high)
        self._gain = float(gains[-1]) if self._step else self._target
        quieter: Pcm = np.rint(pcm * gains).astype(np.int16)
        return quieter


def _take(queue: deque[Pcm], most: int) -> Pcm:
    """Up to `most` samples from the front."""
    parts: list[Pcm] = []
    while queue and most:
        head = queue.popleft()
        if len(head) > most:
            queue.appendleft(head[most:])
            head = head[:most]
        parts.append(head)
        most -= len(head)
    joined: Pcm = np.concatenate(parts)
    return joined
