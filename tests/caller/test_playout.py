"""The WebSocket client's loudspeaker queue."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visavis.caller.link_websocket import MAX_QUEUE_S, START_S, Playout
from visavis.seam import RATE_OUT

START = round(START_S * RATE_OUT)


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20))
def test_everything_comes_out_once_and_in_order(sizes: list[int]) -> None:
    playout = Playout()
    sent = np.arange(1, sum(sizes) + 1) % 30000 + 1
    for piece in np.split(sent.astype(np.int16), np.cumsum(sizes)[:-1]):
        playout.push("item", piece)
    playout.end()
    out = []
    while (taken := playout.take())[1]:
        out.append(taken[0])
    heard = np.concatenate(out)
    assert np.array_equal(heard[: len(sent)], sent)
    assert not heard[len(sent) :].any()
    assert playout.played == len(sent)


def test_a_little_is_gathered_before_it_starts() -> None:
    playout = Playout()
    playout.push("a", np.ones(START - 1, np.int16))
    assert not playout.take()[1]
    playout.push("a", np.ones(1, np.int16))
    assert playout.take()[1]


def test_clearing_fades_and_forgets() -> None:
    playout = Playout()
    playout.push("a", np.full(5000, 10000, np.int16))
    playout.take()
    playout.clear()
    frame, sound = playout.take()
    assert not sound
    assert frame[0] > 9000
    assert not frame[120:].any()
    assert not playout.take()[0].any()


def test_the_count_starts_anew_with_each_item() -> None:
    playout = Playout()
    playout.push("a", np.ones(480, np.int16))
    playout.push("b", np.ones(2000, np.int16))
    playout.take()
    assert (playout.item, playout.played) == ("a", 480)
    playout.take()
    assert (playout.item, playout.played) == ("b", 480)


def test_a_server_that_floods_is_bounded() -> None:
    playout = Playout()
    for _ in range(200):
        playout.push("a", np.ones(RATE_OUT, np.int16))
    assert playout._samples <= MAX_QUEUE_S * RATE_OUT
