"""Whatever a trace file holds: sessions within bounds, or a sentence."""

from __future__ import annotations

import numpy as np
import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from visavis.errors import TraceError
from visavis.netlab.mine.readers import format_of, read_bytes
from visavis.netlab.mine.session import MAX_BYTES, MAX_ROWS


def read_or_told(data: bytes) -> None:
    try:
        found = read_bytes(data, "some.trace")
    except TraceError as error:
        assert "some.trace" in str(error)
        return
    assert found
    for each in found:
        rows = each.time_s.size
        assert 2 <= rows <= MAX_ROWS
        for column in (each.delay_s, each.lost, each.capacity_bps, each.reordered):
            assert column.shape == (rows,)
        assert (np.diff(each.time_s) >= 0).all()
        assert np.isnan(each.delay_s[each.lost]).all()
        known = each.delay_s[~np.isnan(each.delay_s)]
        assert ((known >= 0) & (known <= 600)).all()


@pytest.mark.parametrize("name", samples.ALL)
def test_every_sample_is_read_as_what_it_is(name: str) -> None:
    assert format_of(samples.ALL[name]) == {"pcapng": "pcap"}.get(name, name)
    read_or_told(samples.ALL[name])
    read_bytes(samples.ALL[name], name)


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    read_or_told(data)


@given(st.sampled_from(sorted(samples.ALL)), st.data())
def test_a_trace_cut_anywhere(name: str, data: st.DataObject) -> None:
    whole = samples.ALL[name]
    read_or_told(whole[: data.draw(st.integers(0, len(whole)))])


@given(
    st.sampled_from(sorted(samples.ALL)),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(max_size=8)), max_size=6),
)
def test_a_trace_with_bytes_overwritten(name: str, changes: list[tuple[int, bytes]]) -> None:
    damaged = bytearray(samples.ALL[name])
    for place, new in changes:
        at = place % len(damaged)
        damaged[at : at + len(new)] = new
    read_or_told(bytes(damaged))


@given(
    st.sampled_from(["cicv5g", "starlink_ping", "starlink_road", "mahimahi", "ping", "atc"]),
    st.integers(0, 40),
    st.sampled_from(
        ["", "nan", "inf", "-5", "1e400", "9" * 30, "x", "\x00", "é", "-", "1e15", "{"]
    ),
)
def test_a_number_that_is_none(name: str, which: int, instead: str) -> None:
    parts = samples.ALL[name].decode().replace(",", " , ").replace("\t", " \t ").split(" ")
    parts[which % len(parts)] = instead
    read_or_told(" ".join(parts).replace(" , ", ",").replace(" \t ", "\t").encode())


def test_a_file_that_is_too_large() -> None:
    with pytest.raises(TraceError, match="at most 64"):
        read_bytes(bytes(MAX_BYTES + 1), "large")


def test_nothing_of_ours() -> None:
    with pytest.raises(TraceError, match="no format that can be read"):
        read_bytes(b"hello\nworld\n", "letter.txt")
