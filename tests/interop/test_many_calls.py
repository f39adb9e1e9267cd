"""Call after call and five at once leave a real server as it was."""

from __future__ import annotations

import pytest

import many_calls

pytestmark = pytest.mark.native


def test_nothing_is_left_behind() -> None:
    """A shorter run than `bench/many_calls.py`, which makes 400 calls and measures the slope."""
    _, figures = many_calls.measure(6, 5, 4)
    assert figures["unanswered"] == 0
    assert figures["threads_left"] <= 0
    assert figures["descriptors_left"] <= 0
