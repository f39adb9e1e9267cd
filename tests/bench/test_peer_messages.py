"""Messages over the socket pair come out whole, however the bytes were cut."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.wire import LARGEST, Messages, WireError, note, sound

payload = st.one_of(
    st.lists(st.integers(-32768, 32767), max_size=9).map(lambda x: np.array(x, np.int16)),
    st.dictionaries(st.sampled_from(["how", "delay", "said"]), st.text(max_size=9), max_size=3),
)


@given(st.lists(payload, max_size=4), st.integers(1, 40))
def test_what_was_written_is_read(written: list[object], cut: int) -> None:
    data = b"".join(
        sound(p) if isinstance(p, np.ndarray) else note("begin", **p)  # type: ignore[arg-type]
        for p in written
    )
    messages = Messages()
    read = [m for at in range(0, len(data), cut) for m in messages.feed(data[at : at + cut])]
    assert len(read) == len(written)
    for got, sent in zip(read, written, strict=True):
        if isinstance(sent, np.ndarray):
            np.testing.assert_array_equal(got, sent)
        else:
            assert got == {"type": "begin", **sent}  # type: ignore[dict-item]


@given(st.binary(max_size=200))
def test_a_strangers_bytes_raise_nothing_else(data: bytes) -> None:
    with contextlib.suppress(WireError):
        Messages().feed(data)


@pytest.mark.parametrize(
    "data",
    [
        b"X\x00\x00\x00\x00",
        b"A" + (LARGEST + 1).to_bytes(4, "little"),
        b"A\x01\x00\x00\x00\x00",
        b"N\x02\x00\x00\x00[]",
        b"N\x02\x00\x00\x00{}",
        b"N\x01\x00\x00\x00{",
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        Messages().feed(data)
