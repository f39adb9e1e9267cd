"""What crosses the seam between the line (packets and samples) and everything that decides.

Up: `AudioIn`, `Played`, `Text`, `LinkReport`, `Connected`, `Closed`. Down: the methods of
`CallPort`, and `SendPlan`. A transport (WebRTC engine, WebSocket, simulation) delivers the
upward events of one call, in order, to one `CallSink` on the event loop's thread.

Rates: speech in is 16 kHz, speech out 24 kHz, both int16 mono. Times are seconds of the
monotonic clock that the event loop uses (`loop.time()`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

RATE_IN = 16_000
"""Samples a second of speech going up (person to AI)."""
RATE_OUT = 24_000
"""Samples a second of speech going down (AI to person)."""
FRAME_S = 0.02
"""Seconds of one frame; the engine hands up one frame a call every tick."""
FRAME_IN = 320
FRAME_OUT = 480

Pcm: TypeAlias = NDArray[np.int16]
"""int16 mono samples, shape [n]."""


class Mark(IntEnum):
    """Where a frame's samples came from."""

    RECEIVED = 0
    RECOVERED = 1
    """Lost, and rebuilt from redundancy (in-band FEC, RED, DRED): trustworthy speech."""
    CONCEALED = 2
    """Lost, and guessed by concealment: not evidence of speech or of silence."""
    MISSING = 3
    """Nothing was sent (muted, discontinuous transmission) or nothing is known; PCM is zero."""
    AWAITED = 4
    """The link is out, or what it lost is on its way again: the frame keeps time and stands for no
    samples. PCM is zero; the next frame has the same position."""


@dataclass(slots=True, frozen=True)
class AudioIn:
    """One frame of the person's speech."""

    position: int
    """Index of the first sample since the call's first media sample, at 16 kHz."""
    pcm: Pcm
    """int16, shape [320]."""
    mark: Mark
    at: float
    """When the frame was handed up. After an outage that is seconds after it was said."""
    voices: tuple[float, ...] | None = None
    """How probably each detector frame that ended in this one is voice, 0…1, if the line's own
    detector listens; else None, and whoever wants to know asks a detector."""


@dataclass(slots=True, frozen=True)
class Played:
    """How much of a reply's audio the person has heard."""

    reply: int
    samples: int
    """Samples of this reply played so far, at 24 kHz."""
    at: float
    exact: bool
    """True if the client reported it; False if estimated from what was sent."""
    done: bool = False
    """True once the last sample of a finished reply has been played."""


@dataclass(slots=True, frozen=True)
class Text:
    """One text message of the data channel or WebSocket."""

    data: str
    at: float


@dataclass(slots=True, frozen=True)
class Connected:
    """Media may flow."""

    at: float


@dataclass(slots=True, frozen=True)
class Closed:
    """The call is over. No event follows."""

    reason: str
    """One of: `hangup` (far end said so), `timeout` (far end vanished), `local`, `error: …`."""
    at: float


LossRuns: TypeAlias = tuple[int, int, int, int]
"""Runs of consecutive lost packets: of one, of 2-3, of 4-9, of 10 and more."""


@dataclass(slots=True, frozen=True)
class FarReport:
    """What the far end measured of what it gets from us. None: it does not know or tell."""

    window_ms: float
    """What the counts below are of."""
    received: int = 0
    lost: int = 0
    """Packets."""
    late: int | None = None
    """Of those: came after all."""
    loss_runs: LossRuns | None = None
    longest_loss: int | None = None
    jitter_ms: float | None = None
    queue_ms: float | None = None
    """Delay in the network above its recent minimum."""
    recovered: int | None = None
    concealed: int | None = None
    """20 ms frames rebuilt and guessed."""
    buffer_ms: float | None = None
    """Delay of its playout buffer."""
    age_ms: float = 0.0
    """How long ago it came."""


@dataclass(slots=True, frozen=True)
class LinkReport:
    """What the network did since the last report, ten times a second.

    `up` is what this end receives, `down` what it sends. Counts are of the window, everything
    else is as of now. A packet counts as lost once three later ones have come or nothing has for
    100 ms, whatever repairs it.
    """

    at: float
    window_ms: float = 0.0
    quiet_ms: float = 0.0
    """Since anything came from the far end. A link that works is never quiet for a second."""
    rtt_ms: float | None = None
    """Round trip from RTCP or ICE consent checks."""
    jitter_ms: float = 0.0
    """RFC 3550 interarrival jitter of what we receive."""
    received: int = 0
    lost: int = 0
    """Packets that never came in time, before repair."""
    late: int = 0
    """Came after they had been counted as lost."""
    reordered: int = 0
    """Were overtaken, and came in time."""
    loss_runs: LossRuns = (0, 0, 0, 0)
    """Runs that ended."""
    longest_loss: int = 0
    """Longest run that ended or goes on, packets."""
    queue_ms: float = 0.0
    """Delay of the newest packet above the least of the last 5 to 10 s."""
    gradient: float | None = None
    """Milliseconds that delay gains in a second (trendline over the last 20 packets)."""
    recovered: int = 0
    concealed: int = 0
    """20 ms frames rebuilt and guessed."""
    buffer_ms: float = 0.0
    """Delay the receive buffer adds now."""
    bitrate_up: float = 0.0
    bitrate_down: float = 0.0
    """Bits a second received and sent, with IP and UDP headers."""
    loss_down: float | None = None
    """Fraction of our packets that were lost: of the last second by transport-wide congestion
    control, else by receiver reports. None if nothing was told since the last report."""
    estimate_down: float | None = None
    """Bits a second that the way down is estimated to carry (Google congestion control). Speech
    seldom fills a line, so this is a lower bound until it falls."""
    far: FarReport | None = None
    """The far end's own view of the way down, if it tells."""


@dataclass(slots=True, frozen=True)
class SendPlan:
    """How to send speech from the next packet on. Policy makes it, the line obeys it."""

    bitrate: int = 32_000
    complexity: int = 5
    fec: bool = True
    """In-band FEC (LBRR)."""
    expected_loss: float = 0.1
    """What the encoder is told, 0…1."""
    dred_ms: int = 0
    """Deep redundancy kept in each packet; 0 turns it off."""
    red: tuple[int, ...] = ()
    """RED (RFC 2198): each packet also carries copies of the packets that were sent so many
    packets before it. At most 4, ascending, each 1…17; what is older than 341 ms or does not fit
    is left out, the farthest first. Only for a far end that agreed to RED."""
    frame_ms: int = 20
    """Speech in one packet: 20, 40 or 60. Longer packets cost fewer bits and more delay."""
    dtx: bool = True
    """Send (almost) nothing while a continuous microphone hears no speech."""
    repair_every: int = 0
    """Sliding-window FEC (as RLC, RFC 8681): one in so many packets, 0…16, carries a repair, from
    which lost ones are solved for; 0 for none. Left out for far ends that are not our own, or
    did not agree to RED."""
    repair_window: int = 16
    """Packets that a repair covers, 1…32, and no fewer than `repair_every`: a longer window bridges
    longer bursts, and what it repairs comes later."""
    ahead_ms: int = 800
    """Speech that is made, not brought by a microphone, is sent to our own client up to so long
    before its time, 0…2000: it is heard no later for it, and what is lost meanwhile is asked for
    again. 0 sends everything in its time."""
    pace: float = 2.0
    """How much faster than real time it gets ahead, 0…8: packets beyond its own in each tick."""


DEFAULT_PLAN: Final = SendPlan(red=(1,), dtx=False)
"""What a server sends with unless told otherwise: a copy of the packet before, which browsers
and an ear can use at once."""

UPLINK_PLAN: Final = SendPlan(fec=False, expected_loss=0.2, dred_ms=500, dtx=False)
"""The same for our own client, to a recogniser: of all plans of the same bits, deep redundancy
lost the fewest words (bench/redundancy.py). Without discontinuous transmission: the listener's
voice activity detection hears more than Opus'."""

UpEvent: TypeAlias = AudioIn | Played | Text | Connected | Closed | LinkReport


class CallSink(Protocol):
    """Who listens to one call."""

    def on_event(self, event: UpEvent) -> None:
        """Take one upward event. Must not block; called on the event loop's thread."""


class CallPort(Protocol):
    """What a transport lets the conversation do to one call. No method blocks or awaits.

    A reply is a run of speech with a number of its own, chosen by the caller and growing.
    Methods on a closed call do nothing.
    """

    @property
    def call_id(self) -> str: ...

    def play(self, reply: int, pcm: Pcm) -> None:
        """Queue speech (24 kHz). It leaves at its own pace; clauses may be queued ahead."""

    def finish(self, reply: int) -> None:
        """No more audio will be queued for this reply; `Played(done=True)` follows."""

    def duck(self, gain: float, ramp_s: float = 0.02) -> None:
        """Bring what is being played to `gain` (0…1) within `ramp_s`; 1.0 brings it back."""

    def flush(self, fade_s: float = 0.02) -> None:
        """Drop everything queued after a short fade. `Played` of what was heard follows."""

    def send(self, text: str) -> None:
        """Send one text message (the realtime protocol's JSON)."""

    def set_plan(self, plan: SendPlan) -> None: ...

    def close(self, reason: str = "local") -> None:
        """Hang up. `Closed(reason)` follows."""


@dataclass(slots=True)
class CallLimits:
    """What a stranger may use of us."""

    max_message_bytes: int = 256 * 1024
    max_messages_per_s: float = 200.0
    max_audio_ahead_s: float = 60.0
    """Longest queued speech of one reply."""
    max_call_s: float = 3600.0
    silence_timeout_s: float = 30.0
    """No packet for so long: the far end has vanished."""


@dataclass(slots=True)
class NetworkSettings:
    """Where media listens and what clients are told."""

    host: str = "127.0.0.1"
    """Address the UDP sockets bind; 0.0.0.0 for all."""
    public_ips: list[str] = field(default_factory=list)
    """Addresses announced as candidates instead of, or besides, the bound one."""
    udp_ports: tuple[int, int] = (0, 0)
    """Inclusive range to choose the media port from; (0, 0) lets the system choose."""
