"""The native line: WebRTC calls, Opus, buffers and pacing. See crates/line/src.

Buffers in a `Batch` are little-endian arrays for `numpy.frombuffer`; row i of each belongs to
`calls[i]`. Received PCM has `receive_rate`, played PCM `play_rate`, both int16 mono.
All times are seconds of CLOCK_MONOTONIC (what `time.monotonic()` reads on Linux), or, in
`Stepped`, whatever the caller counts in.
"""

from collections.abc import Sequence
from typing import Final

class LineError(Exception):
    """Base of this module's errors. args = (code, message).

    Codes: invalid_sdp, call_ended, busy (no capacity, or no free UDP port for `offer`), queue_full,
    invalid_plan (a figure of `set_plan`), invalid_time (`Stepped.step` off the grid),
    invalid_scenario (`Range`), internal_error (the engine has been shut down). Constructor
    arguments that make no sense are a ValueError.
    """

class Batch:
    """What one 20 ms tick brought, for all calls."""

    now: Final[float]
    late_ms: Final[float]
    """How late the tick ran."""
    calls: Final[bytes]
    """int64[n]: which calls have a frame in this tick; one that catches up has several rows."""
    positions: Final[bytes]
    """int64[n]: index of the frame's first sample since the call's first media, receive_rate."""
    rtp: Final[bytes]
    """int64[n]: extended RTP timestamp (48 kHz) of the frame's first sample, as sent."""
    captured: Final[bytes]
    """float64[n]: when the far end says it captured the first sample (abs-capture-time,
    seconds since 1970), NaN if it does not say."""
    marks: Final[bytes]
    """uint8[n]: visavis.seam.Mark."""
    pcm: Final[bytes]
    """int16[n, receive_rate / 50]."""
    voices: Final[bytes]
    """float32[n, 2]: probabilities of the detector's 16 ms frames that ended in the row, NaN
    where there is none; empty unless `listen` was called."""
    events: Final[list[tuple]]
    """In order; the first two items are always (call: int, kind: str):
    (call, "connected")
    (call, "closed", reason: str)
    (call, "text", data: str)
    (call, "played", reply: int, samples: int, exact: bool, done: bool)
    (call, "report", dict)   every 100 ms; keys as the fields of visavis.seam.LinkReport except
                             `at` and `far`
    """

class _Calls:
    """What an engine and a stepped core have in common. Unknown or ended calls are ignored
    by everything that returns nothing."""

    def accept(self, offer: str, *, max_call_s: float = 3600.0) -> tuple[int, str]:
        """Take an SDP offer; returns (call, SDP answer). LineError("invalid_sdp"|"busy", …)."""

    def offer(self, *, max_call_s: float = 3600.0) -> tuple[int, str]:
        """Start a call of our own (audio both ways and the data channel `oai-events`);
        returns (call, SDP offer)."""

    def answer(self, call: int, answer: str) -> None:
        """Give the far end's SDP answer to a call made by `offer`."""

    def restart(self, call: int, offer: str) -> str:
        """The far end of a call taken by `accept` begins ICE anew, or has found candidates: takes
        its SDP offer (only ICE may differ from the first) or a trickle-ice-sdpfrag (RFC 8840),
        returns the SDP answer or a fragment. LineError("invalid_sdp"|"call_ended", …)."""

    def restart_offer(self, call: int, *, host: str | None = None) -> str:
        """Begin ICE of a call made by `offer` anew, from a new socket bound to `host` (where the
        machine is now); returns the SDP offer, whose answer goes to `answer`. Until then the call
        goes on as it was. LineError("invalid_sdp"|"call_ended"|"busy", …)."""

    def play(self, call: int, reply: int, pcm: bytes) -> None:
        """Queue int16 samples at play_rate. Beyond max_queue_s the rest is dropped and an
        error raised: LineError("queue_full", …)."""

    def finish(self, call: int, reply: int) -> None: ...
    def duck(self, call: int, gain: float, ramp_s: float) -> None: ...
    def flush(self, call: int, fade_s: float) -> None: ...
    def heard(self, call: int, rtp: int) -> None:
        """The far end reports that it has played up to this RTP timestamp (32 bit) of ours;
        a "played" event with exact=True follows."""

    def send(self, call: int, text: str) -> None: ...
    def set_plan(
        self,
        call: int,
        *,
        bitrate: int,
        complexity: int,
        fec: bool,
        expected_loss: float,
        dred_ms: int,
        red: Sequence[int],
        repair_every: int,
        repair_window: int,
        ahead_ms: int,
        pace: float,
        frame_ms: int,
        dtx: bool,
    ) -> None:
        """From the next packet on; see visavis.seam.SendPlan. LineError("invalid_plan", …)."""

    def close(self, call: int) -> None: ...
    def listen(self, weights: bytes) -> None:
        """Let a voice activity detector listen to every call from now on; see `Voice`. Without
        effect unless receive_rate is 16000. ValueError for weights of another model."""

    def stats(self) -> dict[str, float]:
        """calls, ticks, tick_late_p50_ms, tick_late_p99_ms, tick_late_max_ms, packets_in,
        packets_out, packets_dropped, encodes, red_in and red_out (packets with RED received and
        sent), repairs_in and repairs_out (repairs of sliding-window FEC received and sent),
        repaired (packets they made whole), batches_dropped, core_share (of the media thread over
        the last 5 s, 0 to 1)."""

class Voice:
    """akiki's voice activity detector for many streams at once."""

    def __init__(self, weights: bytes) -> None:
        """float32: the spectrum's basis, weights and biases of the four convolutions, of the
        GRU's input and state, and of the head. ValueError for another number of them."""

    def push(self, heard: list[tuple[int, bytes]]) -> list[tuple[int, float]]:
        """Feed 16 kHz int16 samples of streams, by number; (stream, probability) of each 16 ms
        frame that became complete, in order for each stream."""

    def forget(self, stream: int) -> None: ...

class Engine(_Calls):
    """Calls on real sockets, on a thread of their own that never takes the GIL."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        udp_ports: tuple[int, int] = (0, 0),
        public_ips: list[str] = [],
        receive_rate: int = 16_000,
        play_rate: int = 24_000,
        playout: bool = False,
        max_calls: int = 1000,
        max_message_bytes: int = 262_144,
        silence_timeout_s: float = 30.0,
        max_queue_s: float = 60.0,
    ) -> None:
        """`playout=False`: the server's ingest (deadline-driven, never time-stretched);
        True: a client's adaptive playout buffer. OSError if no port of the range is free."""

    @property
    def fd(self) -> int:
        """An eventfd, readable while batches wait."""

    @property
    def addresses(self) -> list[str]:
        """host:port of each local candidate."""

    def poll(self) -> list[Batch]:
        """Take all waiting batches and clear the fd. Never blocks. At most 15 s of batches
        are kept; beyond that the oldest go (counted in stats) but their events are kept."""

    def shutdown(self) -> None:
        """Close all calls, stop the thread. Idempotent."""

class Stepped(_Calls):
    """The same calls with no socket, thread or clock: a simulation drives them.

    Two calls between the same pair of addresses cannot be told apart (DTLS has no other name):
    give each simulated client a `Stepped` and an address of its own.
    """

    def __init__(
        self,
        *,
        seed: int,
        address: str = "10.0.0.1:5000",
        start: float = 0.0,
        receive_rate: int = 16_000,
        play_rate: int = 24_000,
        playout: bool = False,
        max_calls: int = 1000,
        max_message_bytes: int = 262_144,
        silence_timeout_s: float = 30.0,
        max_queue_s: float = 60.0,
    ) -> None: ...
    def move_to(self, address: str) -> None:
        """This end is at another address from now on, as after a change of network."""

    def receive(self, now: float, source: str, packet: bytes) -> None:
        """One datagram from the network arrives."""

    def step(self, now: float) -> Batch:
        """Advance to `now`, a multiple of 20 ms after `start`, and run that tick."""

    def timeout(self, now: float) -> None:
        """Let protocol timers due by `now` run, without a tick."""

    def packets(self) -> list[tuple[str, bytes]]:
        """Take the datagrams to be sent: (destination, contents), in order."""

def opus_version() -> str: ...

RANGE_REASONS: Final[list[str]]
"""Why `Range` loses a packet; `decide_many` counts from 1."""

class Range:
    """What a network does to each packet (crates/range): seeded, the same on every machine."""

    def __init__(self, scenario: str, seed: int) -> None:
        """`scenario`: JSON of visavis.netlab's `Scenario.for_range`. `seed`: 0 to 2^64 - 1.
        LineError("invalid_scenario")."""
    def decide(self, up: bool, index: int, now: float, size: int) -> float | str:
        """The `index`-th packet of a direction, sent at `now` seconds since the network began,
        `size` bytes with IP and UDP headers: its arrival, or one of RANGE_REASONS."""
    def decide_many(self, up: bool, first: int, times: bytes, sizes: bytes) -> tuple[bytes, bytes]:
        """The same for float64 times and uint32 sizes of packets from index `first` on: float64
        arrivals, NaN where lost, and uint8 reasons, 0 where not."""
