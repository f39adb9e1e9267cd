"""A plan that the server tells is taken only if it makes sense."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.errors import SettingsError
from visavis.seam import UPLINK_PLAN
from visavis.settings import plan_from_event


def test_what_was_told_is_what_is_taken() -> None:
    assert plan_from_event({"type": "visavis.plan", "plan": asdict(UPLINK_PLAN)}) == UPLINK_PLAN


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        (None, "plan"),
        ([1], "plan"),
        ({"bitrate": 10**9}, "bitrate"),
        ({"dred_ms": -1}, "dred_ms"),
        ({"red": [1] * 50}, "red"),
        ({"frame_ms": 5}, "frame_ms"),
        ({"volume": 3}, "volume"),
    ],
)
def test_what_makes_no_sense_is_refused(plan: object, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        plan_from_event({"type": "visavis.plan", "plan": plan})


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
fields = st.sampled_from([*asdict(UPLINK_PLAN), "more"])


@given(json | st.dictionaries(fields, json, max_size=4))
def test_whatever_is_told_is_a_plan_or_an_error(plan: Any) -> None:
    try:
        got = plan_from_event({"plan": plan})
    except SettingsError:
        return
    assert 6_000 <= got.bitrate <= 128_000 and len(got.red) <= 4 and 0 <= got.dred_ms <= 1040
