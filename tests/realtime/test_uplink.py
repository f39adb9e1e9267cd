"""Speech from a WebSocket client: positions, rates, silence, and what is refused."""

from __future__ import annotations

from base64 import b64encode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.realtime.client_events import ClientEventError
from visavis.realtime.uplink import Uplink
from visavis.seam import AudioIn, Mark, Pcm


def audio(pcm: Pcm) -> str:
    return b64encode(pcm.astype("<i2").tobytes()).decode()


def tone(seconds: float) -> Pcm:
    t = np.arange(int(seconds * 24_000)) / 24_000
    return (8000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16)


def drain(up: Uplink, now: float) -> list[AudioIn]:
    frames: list[AudioIn] = []
    while more := up.take(now, tick=False):
        frames += more
    return frames


@given(st.lists(st.integers(0, 3000), max_size=12))
def test_any_chunking_gives_the_same_frames(cuts: list[int]) -> None:
    """Cuts are in bytes: a sample may be torn in two."""
    raw = tone(0.5).astype("<i2").tobytes()
    whole, pieces = Uplink(), Uplink()
    whole.push(b64encode(raw).decode(), 0.0)
    at = 0
    for size in [*cuts, len(raw)]:
        pieces.push(b64encode(raw[at : at + size]).decode(), 0.0)
        at += size
    a, b = drain(whole, 0.0), drain(pieces, 0.0)
    for n, (x, y) in enumerate(zip(a, b, strict=False)):
        assert x.position == y.position == n * 320
        assert np.max(np.abs(x.pcm.astype(int) - y.pcm)) <= 2
    assert abs(len(a) - len(b)) <= 1


def test_the_tone_keeps_its_pitch_and_level() -> None:
    up = Uplink()
    up.push(audio(tone(1.0)), 0.0)
    pcm = np.concatenate([f.pcm for f in drain(up, 0.0)]).astype(float)
    spectrum = np.abs(np.fft.rfft(pcm[1600:14400] * np.hanning(12800)))
    assert abs(np.argmax(spectrum) * 16_000 / 12_800 - 440) < 2
    assert abs(np.sqrt(np.mean(pcm[1600:14400] ** 2)) - 8000 / np.sqrt(2)) < 60


def test_a_gap_between_chunks_is_no_silence() -> None:
    up, frames = Uplink(), []
    for n in range(20):
        up.push(audio(tone(0.1)), n * 0.1)
        for k in range(5):
            frames += up.take(n * 0.1 + k * 0.02, tick=True)
    assert {f.mark for f in frames} == {Mark.RECEIVED}


def test_a_client_that_stops_sending_is_missing_after_a_while() -> None:
    up = Uplink()
    assert up.take(5.0, tick=True) == []
    up.push(audio(tone(0.1)), 10.0)
    marks = [f.mark for n in range(50) for f in up.take(10.0 + n * 0.02, tick=True)]
    assert marks.count(Mark.RECEIVED) in (4, 5)
    assert marks.count(Mark.MISSING) == 50 - 12
    positions = []
    up.push(audio(tone(0.1)), 11.0)
    positions = [f.position for f in up.take(11.0, tick=False)]
    assert positions[0] == len(marks) * 320


def test_a_long_recording_is_handed_up_in_bursts() -> None:
    up = Uplink()
    up.push(audio(tone(5.0)), 0.0)
    assert len(up.take(0.0, tick=False)) == 8
    assert up.waiting_s > 4


def test_clear_forgets_and_pad_adds_silence() -> None:
    up = Uplink()
    up.push(audio(tone(1.0)), 0.0)
    up.clear()
    assert drain(up, 0.0) == []
    up.pad(0.1)
    frames = drain(up, 0.0)
    assert [f.mark for f in frames] == [Mark.RECEIVED] * 5
    assert not np.any(frames[0].pcm)


@pytest.mark.parametrize("bad", ["%%%", "AAA", "ä"])
def test_what_is_not_base64_is_refused(bad: str) -> None:
    with pytest.raises(ClientEventError, match="not valid base64") as caught:
        Uplink().push(bad, 0.0)
    assert caught.value.code == "invalid_audio"


def test_faster_than_real_time_is_refused_after_half_a_minute() -> None:
    up = Uplink()
    for _ in range(6):
        up.push(audio(np.zeros(120_000, np.int16)), 0.0)
    with pytest.raises(ClientEventError, match=r"5\.0 s of audio more than 30 s ahead"):
        up.push(audio(np.zeros(120_000, np.int16)), 0.0)
    up.push(audio(np.zeros(24_000, np.int16)), 1.0)
