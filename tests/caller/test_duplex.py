"""Sound between the card's thread and the call's; and machines without a card."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.caller.duplex import SampleQueue, load_sounddevice
from visavis.errors import AudioError


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 900)), max_size=60))
def test_samples_keep_their_order_and_the_queue_its_bound(steps: list[tuple[bool, int]]) -> None:
    line = SampleQueue(16000, start_s=0.01, most_s=0.1)
    given_so_far, heard = 0, []
    for put, count in steps:
        if put:
            line.put(np.arange(given_so_far + 1, given_so_far + count + 1, dtype=np.int16))
            given_so_far += count
        else:
            out = line.take(count)
            assert len(out) == count
            heard += [int(sample) for sample in out if sample]
    assert heard == sorted(set(heard))
    assert len(line._waiting) <= 1600
    assert len(heard) + line.dropped + len(line._waiting) == given_so_far


def test_it_starts_only_when_enough_has_gathered() -> None:
    line = SampleQueue(16000, start_s=0.04)
    line.put(np.ones(639, np.int16))
    assert not line.take(160).any()
    line.put(np.ones(1, np.int16))
    assert line.take(160).all()


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(AudioError, match="pip install"):
        load_sounddevice()
