"""A peer's loudspeaker plays at once, in real time, and stops when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import pytest

from peers.playout import Playout
from visavis.clock import run_virtual
from visavis.seam import FRAME_OUT, FRAME_S, Pcm

Heard = list[tuple[float, int]]


def play(script: Callable[[Playout], Awaitable[None]]) -> Heard:
    """When which frame (by its first sample) was heard."""
    heard: Heard = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        playout = Playout(lambda pcm: heard.append((loop.time() - began, int(pcm[0]))))
        playing = asyncio.create_task(playout.run())
        await script(playout)
        await asyncio.sleep(1)
        playing.cancel()

    run_virtual(run())
    return heard


def frames(count: int) -> Pcm:
    return np.repeat(np.arange(count, dtype=np.int16), FRAME_OUT)


def test_the_first_frame_leaves_at_once_and_the_others_in_real_time() -> None:
    async def script(playout: Playout) -> None:
        await asyncio.sleep(0.5)
        await playout.push(frames(4))

    heard = play(script)
    assert [frame for _, frame in heard] == [0, 1, 2, 3]
    assert [at for at, _ in heard] == pytest.approx([0.5 + i * FRAME_S for i in range(4)])


def test_speech_pushed_in_pieces_has_no_gap() -> None:
    async def script(playout: Playout) -> None:
        await playout.push(frames(2))
        await playout.until(FRAME_OUT)
        await playout.push(frames(2))

    assert [at for at, _ in play(script)] == pytest.approx([i * FRAME_S for i in range(4)])


def test_what_was_cleared_is_not_heard() -> None:
    async def script(playout: Playout) -> None:
        await playout.push(frames(10))
        await asyncio.sleep(3.5 * FRAME_S)
        playout.clear()
        assert playout.played == 4 * FRAME_OUT

    assert len(play(script)) == 4


def test_a_pause_holds_what_is_queued() -> None:
    async def script(playout: Playout) -> None:
        await playout.push(frames(3))
        await asyncio.sleep(0.5 * FRAME_S)
        await playout.pause(True)
        await asyncio.sleep(0.5)
        await playout.pause(False)

    times = [at for at, _ in play(script)]
    assert times[1] - times[0] > 0.4
    assert times[2] - times[1] == pytest.approx(FRAME_S)
