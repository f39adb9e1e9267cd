"""A headless caller: plays a recording into a server and reports.

Enters: recordings. Leaves: transcripts, waterfalls, WAV files, report pages.
"""

from visavis.caller.caller import CallOptions, TransportChoice, call, connect
from visavis.caller.result import CallResult, TurnResult
from visavis.caller.script import (
    AfterReply,
    AtTime,
    DuringReply,
    Utterance,
    from_files,
    load_script,
    utterance,
)

__all__ = [
    "AfterReply",
    "AtTime",
    "CallOptions",
    "CallResult",
    "DuringReply",
    "TransportChoice",
    "TurnResult",
    "Utterance",
    "call",
    "connect",
    "from_files",
    "load_script",
    "utterance",
]
