"""One WebRTC call as the conversation sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import structlog

from visavis.errors import CallEnded, SettingsError, SignallingError
from visavis.line.frames import FrameIn
from visavis.line.native import LineError
from visavis.seam import CallSink, Pcm, SendPlan

if TYPE_CHECKING:
    from visavis.line.calls import NativeCalls

log = structlog.get_logger(__name__)


class LinePort:
    """A `seam.CallPort` on the native line. Made by `LineEngine` and `SteppedLink`."""

    def __init__(self, native: NativeCalls, number: int, call_id: str) -> None:
        self._native = native
        self._call_id = call_id
        self.number = number
        """The call's number in the native line."""
        self.closed = False
        self.close_reason: str | None = None
        """Why this side hung up; takes the place of `local` in the `Closed` that follows."""
        self.sink: CallSink | None = None
        self.on_frame: Callable[[FrameIn], None] | None = None
        """If set, received frames go here, at the line's own rate, and not to the sink."""

    @property
    def call_id(self) -> str:
        return self._call_id

    def set_answer(self, sdp: str) -> None:
        """Give the far end's answer to a call of ours. SignallingError if it cannot be used,
        CallEnded if the call is over."""
        if self.closed:
            raise CallEnded(f"call {self._call_id} is over: its SDP answer came too late")
        try:
            self._native.answer(self.number, sdp)
        except LineError as error:
            raise SignallingError(sentence(error)) from error

    def restart_ice(self, offer: str) -> str:
        """The client begins ICE anew (its network has changed) or has found candidates: takes
        its SDP offer or a trickle-ice-sdpfrag (RFC 8840), returns the answer in kind.
        SignallingError if it cannot be used, CallEnded if the call is over."""
        if self.closed:
            raise CallEnded(f"call {self._call_id} is over")
        try:
            return self._native.restart(self.number, offer)
        except LineError as error:
            raise _restart_error(error) from error

    def offer_restart(self, host: str | None = None) -> str:
        """Begin ICE of a call of ours anew, from a new socket on this machine's address `host`:
        the SDP offer, whose answer goes to `set_answer`. SignallingError, CallEnded."""
        if self.closed:
            raise CallEnded(f"call {self._call_id} is over")
        try:
            return self._native.restart_offer(self.number, host=host)
        except LineError as error:
            raise _restart_error(error) from error

    def play(self, reply: int, pcm: Pcm) -> None:
        if self.closed or not len(pcm):
            return
        samples = np.ascontiguousarray(pcm, dtype="<i2")
        try:
            self._native.play(self.number, reply, samples.tobytes())
        except LineError as error:
            # The queue kept what fits; a reply longer than the limit ends there, and
            # `Played` counts only what was heard, so history stays right.
            log.warning("line.play_dropped", call=self._call_id, error=sentence(error))

    def finish(self, reply: int) -> None:
        if not self.closed:
            self._native.finish(self.number, reply)

    def duck(self, gain: float, ramp_s: float = 0.02) -> None:
        if not self.closed:
            self._native.duck(self.number, gain, ramp_s)

    def flush(self, fade_s: float = 0.02) -> None:
        if not self.closed:
            self._native.flush(self.number, fade_s)

    def heard(self, rtp: int) -> None:
        """The client says it has played our audio up to this RTP timestamp (its low 32 bits
        count); a `Played(exact=True)` follows."""
        if not self.closed:
            self._native.heard(self.number, rtp & 0xFFFF_FFFF)

    def send(self, text: str) -> None:
        if not self.closed:
            self._native.send(self.number, text)

    def set_plan(self, plan: SendPlan) -> None:
        """SettingsError if a figure is out of its range."""
        if self.closed:
            return
        try:
            self._native.set_plan(
                self.number,
                bitrate=plan.bitrate,
                complexity=plan.complexity,
                fec=plan.fec,
                expected_loss=plan.expected_loss,
                dred_ms=plan.dred_ms,
                red=plan.red,
                repair_every=plan.repair_every,
                repair_window=plan.repair_window,
                ahead_ms=plan.ahead_ms,
                pace=plan.pace,
                frame_ms=plan.frame_ms,
                dtx=plan.dtx,
            )
        except LineError as error:
            raise SettingsError(f"this cannot be sent: {sentence(error)}") from error

    def close(self, reason: str = "local") -> None:
        if not self.closed and self.close_reason is None:
            self.close_reason = reason
            self._native.close(self.number)


def _restart_error(error: Exception) -> CallEnded | SignallingError:
    kind = CallEnded if error.args and error.args[0] == "call_ended" else SignallingError
    return kind(sentence(error))


def sentence(error: Exception) -> str:
    """The message of a LineError, whose args are (code, message)."""
    return str(error.args[1]) if len(error.args) > 1 else str(error)
