"""Each format's figures arrive in the session as what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import samples

from visavis.errors import TraceError
from visavis.netlab.mine.readers import read_all, read_bytes, read_file, trace_files
from visavis.netlab.mine.session import DelayKind, Observable, Session


def only(name: str) -> Session:
    (found,) = read_bytes(samples.ALL[name], name)
    return found


@pytest.mark.parametrize("name", ["rtpdump", "pcap", "pcapng"])
def test_packets_of_a_stream(name: str) -> None:
    found = only(name)
    assert found.delay_kind is DelayKind.RELATIVE
    assert np.flatnonzero(found.lost).tolist() == [10]
    # Delays are relative to the least; number 20 came 100 ms later and so after its followers.
    assert found.delay_s[20] == pytest.approx(0.1, abs=1e-6)
    assert np.nanmax(np.delete(found.delay_s, 20)) == pytest.approx(0, abs=1e-6)
    assert np.flatnonzero(found.reordered).tolist() == [20]
    assert np.diff(found.time_s) == pytest.approx(np.full(59, 0.02))


def test_a_sent_and_a_received_recording_make_one_session(tmp_path: Path) -> None:
    sent = b"#!rtpplay1.0 127.0.0.1/5000\n" + bytes(16)
    for n in range(63):
        packet = samples.rtp(65_500 + n, 160 * n)
        sent += len(packet + bytes(8)).to_bytes(2, "big") + bytes(2) + (20 * n).to_bytes(4, "big")
        sent += packet
    (tmp_path / "talk.rtp").write_bytes(sent)
    (tmp_path / "talk_jitter.rtp").write_bytes(samples.rtpdump())
    (found,) = read_all(trace_files([tmp_path]))
    assert found.name.startswith("talk_jitter")
    # The last three were sent and never came.
    assert np.flatnonzero(found.lost).tolist() == [10, 60, 61, 62]


def test_cicv5g_tells_round_trips_and_no_loss() -> None:
    found = only("cicv5g")
    assert found.delay_kind is DelayKind.ROUND_TRIP
    assert found.observable == {Observable.DELAY}
    assert found.delay_s == pytest.approx([0.034, 0.023, 0.027])
    assert found.time_s == pytest.approx([0, 0.055, 0.109], abs=1e-6)


def test_starlink_ping_tells_loss_but_no_bursts() -> None:
    found = only("starlink_ping")
    assert found.lost.tolist() == [False, True, False]
    assert found.observable == {Observable.DELAY, Observable.LOSS}


def test_starlink_on_the_road_parts_days_and_moving_from_standing() -> None:
    standing, moving = read_bytes(samples.STARLINK_ROAD, "ping.csv")
    assert standing.name.endswith("2024-01-11:standing")
    assert standing.windows is not None and moving.windows is not None
    assert standing.windows.loss.tolist() == pytest.approx([0.004, 1.0])
    assert np.isnan(standing.windows.delay_mean_s[1])
    assert moving.windows.delay_max_s == pytest.approx([0.1229, 0.135])


def test_mahimahi_becomes_what_a_call_would_wait() -> None:
    found = only("mahimahi")
    # Chances every 4 ms, but none from 396 to 900 ms.
    assert found.delay_kind is DelayKind.WAIT
    assert found.delay_s[20] == pytest.approx(0.5)
    assert found.delay_s[10] < 0.004
    assert found.capacity_bps[0] == pytest.approx(3e6)
    assert found.capacity_bps[30] == 0


def test_ping_finds_what_is_missing_also_at_the_end() -> None:
    found = only("ping")
    assert found.lost.tolist() == [False, False, True, False, True]
    assert found.delay_s[[0, 1, 3]] == pytest.approx([0.03, 0.04, 0.05])
    assert found.time_s == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])


def test_ping_without_times_has_an_even_pace() -> None:
    text = b"\n".join(line.partition(b"] ")[2] or line for line in samples.PING.split(b"\n"))
    (found,) = read_bytes(text, "ping.txt")
    assert found.time_s.tolist() == [0, 1, 2, 3, 4]


def test_atc_profiles_give_both_directions() -> None:
    down, up = read_bytes(samples.ATC, "edge.json")
    assert (down.direction, up.direction) == ("down", "up")
    assert down.windows is not None
    assert down.windows.loss[0] == pytest.approx(0.01)
    assert down.capacity_bps[0] == 240e3
    assert down.delay_s[0] == 0.4


def test_iperf3_intervals() -> None:
    found = only("iperf3")
    assert found.direction == "down"
    assert found.capacity_bps.tolist() == [1e6, 2e6, 3e6]
    assert found.windows is not None
    assert found.windows.loss.tolist() == pytest.approx([0, 0.01, 0.02])


def test_uccmisl_reads_download_runs_only() -> None:
    found = only("uccmisl")
    assert found.name.endswith("Static/a.csv")
    assert set(found.capacity_bps) == {1.2e6}


def test_a_path_that_is_not_there() -> None:
    with pytest.raises(TraceError, match="no such file"):
        trace_files([Path("/nowhere/at/all")])


def test_a_folder_is_searched_and_strangers_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/road.csv").write_bytes(samples.CICV5G)
    (tmp_path / "readme.md").write_text("not a trace")
    files = trace_files([tmp_path])
    assert [name for _, name in files] == ["deep/road.csv"]
    assert read_file(*files[0])[0].name == "deep/road.csv"
