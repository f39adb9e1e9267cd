"""The line: WebRTC calls on the native engine.

In: SDP offers and answers, and what `seam.CallPort` tells a call to do. Out: `seam.UpEvent`s,
in order, to each call's `seam.CallSink` on the event loop. `LineEngine` lives in real time on
real sockets, `SteppedLink` in the event loop's time without any.
"""

from visavis.line.calls import LineCalls, MakeSink
from visavis.line.engine import LineEngine
from visavis.line.frames import FrameIn
from visavis.line.native import load_native, native_available
from visavis.line.port import LinePort
from visavis.line.stepped import IP_UDP_BYTES, Carry, LinkNetwork, SteppedEnd, SteppedLink

__all__ = [
    "IP_UDP_BYTES",
    "Carry",
    "FrameIn",
    "LineCalls",
    "LineEngine",
    "LinePort",
    "LinkNetwork",
    "MakeSink",
    "SteppedEnd",
    "SteppedLink",
    "load_native",
    "native_available",
]
