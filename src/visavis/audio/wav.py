"""Sound files: any PCM WAV in, mono or stereo WAV out.

Reading WAV needs nothing; other formats are read if `soundfile` or `av` is installed.
"""

from __future__ import annotations

import importlib
import struct
import wave
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visavis.audio.resample import resample
from visavis.errors import AudioError
from visavis.seam import Pcm

MAX_BYTES = 1 << 30
"""Largest file read."""
MAX_SECONDS = 3600
_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_NEEDS = "a WAV of 8 to 32 bit PCM or float samples"


class Stereo(NamedTuple):
    """Two tracks on one time line."""

    left: Pcm
    right: Pcm


class _Format(NamedTuple):
    tag: int
    channels: int
    rate: int
    bits: int


def read_audio(path: Path | str, rate: int) -> Pcm:
    """A recording as int16 mono at `rate`. AudioError if it cannot be read."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise AudioError(f"{path} is larger than {MAX_BYTES >> 20} MB; cut it first")
        data = path.read_bytes()
    except OSError as error:
        raise AudioError(f"cannot read {path}: {error.strerror or error}") from error
    if data[:4] == b"RIFF":
        pcm, source = decode_wav(data, str(path))
    else:
        pcm, source = _decode_other(path)
    return resample(pcm, source, rate)


def decode_wav(data: bytes, name: str = "audio") -> tuple[Pcm, int]:
    """The samples of a WAV, mixed to mono, and their rate. AudioError says what is wrong."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise AudioError(f"{name} is not a WAV file; expected {_NEEDS}")
    fmt: _Format | None = None
    at = 12
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = memoryview(data)[at + 8 : at + 8 + size]
        if kind == b"fmt ":
            fmt = _parse_format(bytes(body), name)
        elif kind == b"data":
            if fmt is None:
                raise AudioError(f"{name} has its samples before their format (no 'fmt ' chunk)")
            # A recorder that was cut off leaves a wrong size; what is there is read.
            return _mono(_samples(body, fmt, name), fmt, name), fmt.rate
        at += 8 + size + (size & 1)
    missing = "'fmt ' chunk" if fmt is None else "'data' chunk"
    raise AudioError(f"{name} is a WAV file without a {missing}; it is damaged or cut short")


def _parse_format(body: bytes, name: str) -> _Format:
    if len(body) < 16:
        raise AudioError(f"{name} has a 'fmt ' chunk of {len(body)} bytes; expected 16 or more")
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        tag = int.from_bytes(body[24:26], "little")
    if not 1 <= channels <= 64:
        raise AudioError(f"{name} says it has {channels} channels; expected 1 to 64")
    if not 1000 <= rate <= 768_000:
        raise AudioError(f"{name} says it has {rate} samples a second; expected 1000 to 768000")
    known = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64), _ALAW: (8,), _MULAW: (8,)}
    if bits not in known.get(tag, ()):
        raise AudioError(f"{name} has samples of format {tag} with {bits} bit; expected {_NEEDS}")
    return _Format(tag, channels, rate, bits)


def _samples(body: memoryview, fmt: _Format, name: str) -> NDArray[np.float32]:
    """All samples, -1…1, float32 [frames, channels]."""
    frame = fmt.bits // 8 * fmt.channels
    count = len(body) // frame
    if count > MAX_SECONDS * fmt.rate:
        raise AudioError(f"{name} is longer than {MAX_SECONDS // 60} minutes; cut it first")
    raw = body[: count * frame]
    if fmt.tag == _FLOAT:
        flat = np.frombuffer(raw, f"<f{fmt.bits // 8}")
        flat = np.nan_to_num(np.clip(flat, -1, 1), nan=0.0).astype(np.float32)
    elif fmt.tag in (_ALAW, _MULAW):
        table = _alaw_table() if fmt.tag == _ALAW else _mulaw_table()
        flat = table[np.frombuffer(raw, np.uint8)]
    elif fmt.bits == 8:
        flat = (np.frombuffer(raw, np.uint8).astype(np.float32) - 128) / 128
    elif fmt.bits == 24:
        bytes3 = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        wide = np.zeros((len(bytes3), 4), np.uint8)
        wide[:, 1:] = bytes3
        flat = wide.view("<i4")[:, 0].astype(np.float32) / 2**31
    else:
        flat = np.frombuffer(raw, f"<i{fmt.bits // 8}").astype(np.float32) / 2 ** (fmt.bits - 1)
    return np.asarray(flat, np.float32).reshape(count, fmt.channels)


def _mono(samples: NDArray[np.float32], fmt: _Format, name: str) -> Pcm:
    if not len(samples):
        raise AudioError(f"{name} holds no samples")
    mixed = samples.mean(axis=1) if fmt.channels > 1 else samples[:, 0]
    return np.clip(np.rint(mixed * 32768), -32768, 32767).astype(np.int16)


def _mulaw_table() -> NDArray[np.float32]:
    """G.711 µ-law, -1…1, for each of the 256 codes."""
    code = ~np.arange(256, dtype=np.uint8)
    value = (((code & 15).astype(np.int32) << 3) + 132 << ((code >> 4) & 7)) - 132
    return (np.where(code & 128, -value, value) / 32768).astype(np.float32)


def _alaw_table() -> NDArray[np.float32]:
    """G.711 A-law, -1…1, for each of the 256 codes."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((code >> 4) & 7).astype(np.int32)
    value = ((code & 15).astype(np.int32) << 4) + 8
    value = np.where(exponent > 0, (value + 256) << np.maximum(exponent - 1, 0), value)
    return (np.where(code & 128, value, -value) / 32768).astype(np.float32)


def _decode_other(path: Path) -> tuple[Pcm, int]:
    """Other formats, by whichever library is installed."""
    failure = f"{path} is not a WAV file (`pip install soundfile` adds other formats)"
    for library, decode in (("soundfile", _by_soundfile), ("av", _by_av)):
        try:
            module = importlib.import_module(library)
        except ImportError:
            continue
        try:
            samples, rate = decode(module, path)
        except Exception as error:  # each library has errors of its own; all mean the same here
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            failure = f"{path} is not a sound file that {library} can read ({reason})"
            continue
        fmt = _Format(_FLOAT, samples.shape[1], rate, 32)
        return _mono(samples, fmt, str(path)), rate
    raise AudioError(f"{failure}; expected {_NEEDS}")


def _by_soundfile(soundfile: Any, path: Path) -> tuple[NDArray[np.float32], int]:
    with soundfile.SoundFile(path) as file:
        frames = file.read(MAX_SECONDS * file.samplerate, dtype="float32", always_2d=True)
        return frames, int(file.samplerate)


def _by_av(av: Any, path: Path) -> tuple[NDArray[np.float32], int]:
    with av.open(str(path)) as container:
        rate = int(container.streams.audio[0].codec_context.sample_rate)
        to_mono = av.AudioResampler(format="flt", layout="mono", rate=rate)
        pieces = [
            out.to_ndarray().reshape(-1, 1)
            for frame in container.decode(audio=0)
            for out in to_mono.resample(frame)
        ]
    return np.concatenate(pieces)[: MAX_SECONDS * rate], rate


def write_mono(path: Path | str, pcm: Pcm, rate: int) -> None:
    """int16 [n] as a 16 bit mono WAV."""
    _write(path, np.ascontiguousarray(pcm, "<i2").tobytes(), 1, rate)


def write_stereo(path: Path | str, tracks: Stereo, rate: int) -> None:
    """Two tracks, the shorter one padded with silence, as a 16 bit stereo WAV."""
    both = np.zeros((max(len(tracks.left), len(tracks.right)), 2), "<i2")
    both[: len(tracks.left), 0] = tracks.left
    both[: len(tracks.right), 1] = tracks.right
    _write(path, both.tobytes(), 2, rate)


def _write(path: Path | str, frames: bytes, channels: int, rate: int) -> None:
    try:
        # wave itself, given a path that cannot be opened, complains from its destructor.
        with Path(path).open("wb") as raw, wave.open(raw, "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(frames)
    except OSError as error:
        raise AudioError(f"cannot write {path}: {error.strerror or error}") from error
