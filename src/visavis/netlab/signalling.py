"""WebRTC through the relay: SDP changed so that the relay is the only way.

ICE looks for every way there is and would find the one around the relay. So the server is not told
the client's addresses (it learns the relay's from the client's own checks, RFC 8445 7.3.1.3), and
the client is told the relay's address in place of the server's.
"""

from __future__ import annotations

import re

from visavis.netlab.relay import Address

_CANDIDATE = re.compile(r"^a=(candidate:|end-of-candidates).*\r?\n", re.MULTILINE)
_FIRST = re.compile(r"^a=candidate:.*\r?\n", re.MULTILINE)


def hide_client(offer: str) -> str:
    """The client's SDP without its addresses: what the server is given."""
    return _CANDIDATE.sub("", offer)


def lead_to(relay: Address, answer: str) -> str:
    """The server's SDP with the relay's address for all of its own: what the client is given.
    An answer without candidates comes back as it is."""
    host = f"a=candidate:1 1 udp 2130706431 {relay[0]} {relay[1]} typ host\r\n"
    first = _FIRST.search(answer)
    if first is None:
        return answer
    return (
        _CANDIDATE.sub("", answer[: first.start()])
        + host
        + _CANDIDATE.sub("", answer[first.end() :])
    )
