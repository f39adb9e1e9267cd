"""SDP that leaves only the way through the relay."""

from __future__ import annotations

from visavis.netlab.signalling import hide_client, lead_to

SDP = (
    "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
    "a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n"
    "a=candidate:2 1 udp 1 192.0.2.2 4000 typ host\r\n"
    "a=end-of-candidates\r\na=sendrecv\r\n"
)


def test_the_client_is_hidden() -> None:
    assert "candidate" not in hide_client(SDP)
    assert hide_client(SDP).endswith("a=mid:0\r\na=sendrecv\r\n")


def test_the_answer_leads_to_the_relay_alone() -> None:
    led = lead_to(("127.0.0.1", 7000), SDP)
    candidates = [line for line in led.splitlines() if "candidate" in line]
    assert candidates == ["a=candidate:1 1 udp 2130706431 127.0.0.1 7000 typ host"]
    assert led.endswith("a=sendrecv\r\n")


def test_an_answer_without_addresses_stays() -> None:
    assert lead_to(("127.0.0.1", 7000), "v=0\r\n") == "v=0\r\n"
