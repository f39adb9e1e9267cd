"""How an agent does on weak networks: calls placed through scenarios, measured, and judged.

Enters: a `Check` (which agent, which networks, what is asked of it). Leaves: a `Report`, a
`NetworkResult` for each network. The agent is visavis itself in virtual time, or any WebRTC agent
on real sockets. From events and sound to figures to verdicts everything is pure (`measure`,
`words`, `verdict`); `run`, `own` and `dial` are the shells.
"""

from visavis.netlab.check.measure import CallFigures, Turn
from visavis.netlab.check.run import Report, run_check
from visavis.netlab.check.settings import VOICE12, Check, Say, load_check, make_check
from visavis.netlab.check.verdict import NetworkResult, Outcome

__all__ = [
    "VOICE12",
    "CallFigures",
    "Check",
    "NetworkResult",
    "Outcome",
    "Report",
    "Say",
    "Turn",
    "load_check",
    "make_check",
    "run_check",
]
