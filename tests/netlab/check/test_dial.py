"""Where an agent wants its media, from its SDP answer."""

from __future__ import annotations

import pytest

from visavis.errors import CheckError
from visavis.netlab.check.dial import address_in


def answer(*candidates: str) -> str:
    return "v=0\r\n" + "".join(f"a=candidate:{each}\r\n" for each in candidates)


HOME = "1 1 udp 100 127.0.0.1 4000 typ host"
LAN = "2 1 UDP 2130706431 10.0.0.5 4001 typ host"
LAN2 = "3 1 udp 2130706175 10.0.0.6 4002 typ host"
PUBLIC = "4 1 udp 9999999999 203.0.113.7 4003 typ srflx raddr 10.0.0.5 rport 4001"


def test_the_nearest_address_counts() -> None:
    sdp = answer(PUBLIC, LAN2, LAN, HOME)
    assert address_in(sdp, "127.0.0.1") == ("127.0.0.1", 4000)
    assert address_in(sdp, "10.0.0.9") == ("10.0.0.5", 4001)
    assert address_in(answer(PUBLIC), "127.0.0.1") == ("203.0.113.7", 4003)


@pytest.mark.parametrize(
    "sdp",
    [
        "v=0\r\n",
        answer("1 1 tcp 1 127.0.0.1 9 typ host tcptype active"),
        answer("1 1 udp 1 7c9f8a.local 4000 typ host"),
        answer("1 1 udp 1 127.0.0.1 0 typ host"),
        answer("1 1 udp 1 127.0.0.1 70000 typ host"),
    ],
)
def test_an_answer_that_names_none(sdp: str) -> None:
    with pytest.raises(CheckError, match="must have gathered its candidates"):
        address_in(sdp, "127.0.0.1")
