"""The parser of server-sent events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.errors import ModelError
from visavis.models.remote.sse import SseParser

WHOLE = (
    b': comment\r\n\r\ndata: {"a": 1}\n\nevent: x\ndata: two\rdata:lines\r\r'
    b"id: 4\ndata:\n\ndata: \xe4\xbd\xa0\r\n\r\ndata: unfinished"
)
EVENTS = ['{"a": 1}', "two\nlines", "", "你"]


@given(st.lists(st.integers(1, 12), max_size=80))
def test_events_do_not_depend_on_how_bytes_are_cut(sizes: list[int]) -> None:
    parser, events, at = SseParser(), [], 0
    for size in [*sizes, len(WHOLE)]:
        events += parser.push(WHOLE[at : at + size])
        at += size
    assert events == EVENTS
    assert parser.finish() == ["unfinished"]


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    parser = SseParser()
    parser.push(data)
    parser.finish()


@pytest.mark.parametrize(
    "data", [b"x" * 20, b"data: " + b"x" * 20 + b"\n", b"data: abcdefgh\n" * 3]
)
def test_too_much_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="more than 16 bytes"):
        SseParser(limit=16).push(data)
