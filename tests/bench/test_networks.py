"""The networks of the benches: the same seed decides the same, at the rates that are promised."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path as File

import pytest
from bench.lineloss.networks import BASE_S, NETWORKS, Network, Path, neteq

from visavis.errors import TraceError

SENT = [i * 0.02 for i in range(30_000)]
LOSS = {"random10": 0.10, "gilbert20": 0.20, "bursts30": 0.30}


def named(name: str) -> Network:
    return next(network for network in NETWORKS if network.name == name)


def delivered(network: Network, seed: str = "1/0/0") -> list[float | None]:
    path = Path(network, seed)
    return [path.deliver(at) for at in SENT]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_the_same_seed_decides_the_same(network: Network) -> None:
    assert delivered(network) == delivered(network)
    if network.name != "clean":
        assert delivered(network, "1/0/1") != delivered(network)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_loss_and_least_delay_are_as_promised(network: Network) -> None:
    arrivals = delivered(network)
    lost = sum(at is None for at in arrivals) / len(arrivals)
    assert lost == pytest.approx(LOSS.get(network.name, 0.0), abs=0.02)
    late = [at - sent for at, sent in zip(arrivals, SENT, strict=True) if at is not None]
    assert min(late) >= BASE_S - 1e-9
    assert max(late) <= BASE_S + 1.0


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_packets_overtake_only_where_the_network_says_so(network: Network) -> None:
    arrivals = [at for at in delivered(network) if at is not None]
    assert (arrivals == sorted(arrivals)) == network.ordered


def test_bursts_last_as_long_as_they_should() -> None:
    lost = [at is None for at in delivered(named("bursts30"))]
    edges = [i for i in range(1, len(lost)) if lost[i] != lost[i - 1]]
    first = edges[0] if lost[edges[0]] else edges[1]
    lengths = [b - a for a, b in itertools.pairwise(edges) if lost[a] and a >= first]
    assert min(lengths) >= 14
    gilbert = [at is None for at in delivered(named("gilbert20"))]
    begins = sum(now and not before for before, now in itertools.pairwise(gilbert))
    assert sum(gilbert) / begins == pytest.approx(2.0, abs=0.1)


def rtpdump(path: File, packets: list[tuple[int, int]]) -> None:
    rows = [struct.pack(">HHIHHII", 20, 12, ms, 0x8000, seq, 0, 0) for seq, ms in packets]
    path.write_bytes(b"#!rtpplay1.0 0.0.0.0/0\n" + bytes(16) + b"".join(rows))


def test_neteq_files_become_delays_and_losses(tmp_path: File) -> None:
    sent = [(65_535, 0), (0, 20), (1, 40)]
    for name, suffix in (("hrtf_g722_1C_48", "_jitterT2"), ("stereo_g729", "_jitter")):
        rtpdump(tmp_path / f"{name}.rtp", sent)
        rtpdump(tmp_path / f"{name}{suffix}.rtp", [(65_535, 5), (1, 75)])
    for network in neteq(tmp_path):
        path = Path(network, "1")
        extra = {at if at is None else round(at - i * 0.02 - BASE_S, 6)
                 for i in range(3) for at in [path.deliver(i * 0.02)]}  # fmt: skip
        assert extra == {0.0, None, 0.03}


def test_what_is_no_rtpdump_file_is_refused(tmp_path: File) -> None:
    for name in ("hrtf_g722_1C_48", "hrtf_g722_1C_48_jitterT2"):
        (tmp_path / f"{name}.rtp").write_bytes(b"RIFF")
    with pytest.raises(TraceError, match="does not begin as an rtpdump"):
        neteq(tmp_path)
