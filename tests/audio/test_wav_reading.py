"""WAV files of every kind are read; garbage is refused with a sentence, never a crash."""

import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.audio import Stereo, decode_wav, read_audio, write_mono, write_stereo
from visavis.errors import AudioError

TONE = (np.sin(np.arange(1600) * 0.2) * 12000).astype(np.int16)


def riff(tag: int, bits: int, data: bytes, channels: int = 1, rate: int = 16000) -> bytes:
    step = bits // 8 * channels
    fmt = struct.pack("<HHIIHH", tag, channels, rate, rate * step, step, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def encoded(bits: int, tag: int) -> bytes:
    unit = TONE / 32768
    if tag == 3:
        return unit.astype(f"<f{bits // 8}").tobytes()
    if bits == 8:
        return np.round(unit * 128 + 128).astype(np.uint8).tobytes()
    wide = (unit * 2**31).astype("<i4")
    if bits == 24:
        return wide.view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    return (wide >> (32 - bits)).astype(f"<i{bits // 8}").tobytes()


@pytest.mark.parametrize(("tag", "bits"), [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)])
def test_every_sample_format(tag: int, bits: int) -> None:
    pcm, rate = decode_wav(riff(tag, bits, encoded(bits, tag)))
    assert rate == 16000
    assert np.max(np.abs(pcm.astype(int) - TONE)) <= (256 if bits == 8 else 1)


@pytest.mark.parametrize("tag", [6, 7])
def test_companded_codes_are_symmetric_and_monotonic(tag: int) -> None:
    pcm, _ = decode_wav(riff(tag, 8, bytes(range(256))))
    assert len(np.unique(np.abs(pcm.astype(int)))) in (127, 128)
    assert abs(int(pcm.astype(int).sum())) <= 256
    assert 31000 < int(np.max(pcm)) <= 32767


def test_channels_are_mixed() -> None:
    both = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    pcm, _ = decode_wav(riff(1, 16, both.astype("<i2").tobytes(), channels=2))
    assert np.max(np.abs(pcm.astype(int) - TONE // 2)) <= 1


def test_a_chunk_before_the_samples_is_skipped() -> None:
    data = riff(1, 16, TONE.tobytes())
    junk = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    at = data.index(b"data")
    pcm, _ = decode_wav(data[:at] + junk + data[at:])
    assert np.array_equal(pcm, TONE)


def test_a_recording_cut_off_is_read_as_far_as_it_goes() -> None:
    pcm, _ = decode_wav(riff(1, 16, TONE.tobytes())[:-101])
    assert len(pcm) == len(TONE) - 51


@given(st.binary(max_size=200))
def test_garbage_never_crashes(data: bytes) -> None:
    for candidate in (data, b"RIFF\0\0\0\0WAVE" + data, b"RIFF\0\0\0\0WAVEfmt " + data):
        try:
            decode_wav(candidate)
        except AudioError as error:
            assert str(error)


@given(st.data())
def test_flipped_bytes_never_crash(data: st.DataObject) -> None:
    good = bytearray(riff(1, 16, TONE[:50].tobytes()))
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        pcm, rate = decode_wav(bytes(good))
    except AudioError:
        return
    assert pcm.dtype == np.int16
    assert 1000 <= rate <= 768_000


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a WAV"),
        (b"RIFF\0\0\0\0WAVE", "without a 'fmt ' chunk"),
        (riff(1, 16, b""), "no samples"),
        (riff(1, 12, b"1234"), "12 bit"),
        (riff(1, 16, b"1234", channels=0), "0 channels"),
        (riff(1, 16, b"1234", rate=7), "7 samples a second"),
        (riff(2, 16, b"1234"), "format 2"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, words: str) -> None:
    with pytest.raises(AudioError, match=words):
        decode_wav(data, "a.wav")


def test_files_go_round(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_mono(path, TONE, 16000)
    assert np.array_equal(read_audio(path, 16000), TONE)
    assert abs(len(read_audio(path, 24000)) - len(TONE) * 3 // 2) <= 1


def test_stereo_pads_the_shorter_track(tmp_path: Path) -> None:
    path = tmp_path / "s.wav"
    write_stereo(path, Stereo(TONE, TONE[:100]), 24000)
    with wave.open(io.BytesIO(path.read_bytes())) as file:
        assert (file.getnchannels(), file.getnframes(), file.getframerate()) == (2, 1600, 24000)
        frames = np.frombuffer(file.readframes(1600), "<i2").reshape(-1, 2)
    assert np.array_equal(frames[:, 0], TONE)
    assert not frames[100:, 1].any()


@pytest.mark.parametrize("make", ["missing", "folder", "text"])
def test_unreadable_paths(tmp_path: Path, make: str) -> None:
    path = tmp_path / "x.wav"
    if make == "folder":
        path.mkdir()
    elif make == "text":
        path.write_text("hello, this is no sound at all")
    with pytest.raises(AudioError, match=r"x\.wav"):
        read_audio(path, 16000)


def test_writing_where_one_may_not(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot write"):
        write_mono(tmp_path / "no" / "folder.wav", TONE, 16000)
