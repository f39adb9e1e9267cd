"""Reading a recorded call. Whatever is wrong with the file is a `RecordingError`."""

from __future__ import annotations

import json
import math
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from visavis.errors import RecordingError
from visavis.link_window import from_fields
from visavis.replay.recorder import DOWN, EVENTS, META, UP, VERSION
from visavis.seam import (
    AudioIn,
    Closed,
    Connected,
    Mark,
    Pcm,
    Played,
    Text,
    UpEvent,
)

MAX_BYTES = 4 << 30
"""Largest size of a recording's parts, unpacked."""

_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)
"""What zipfile raises on a damaged file."""


@dataclass(slots=True, frozen=True)
class Command:
    """One call of a `CallPort` method."""

    at: float
    kind: str
    """play, finish, duck, flush, send, plan or close."""
    fields: dict[str, Any]
    pcm: Pcm | None = None


@dataclass(slots=True)
class Recording:
    call_id: str
    started: float
    """Loop time of the recorded run; all times of events and commands count on that clock."""
    about: dict[str, Any]
    events: list[UpEvent] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    cut: str | None = None
    """Why the recording ends before the call did."""


def load_recording(path: Path) -> Recording:
    """Read a recorded call, or the `.part` folder that a crash left behind."""
    parts = _read_folder(path) if path.is_dir() else _read_zip(path)
    meta = _parse_meta(parts[META], path)
    recording = Recording(meta["call_id"], float(meta["started"]), dict(meta["about"]))
    samples = {
        "up": np.frombuffer(parts[UP][: len(parts[UP]) // 2 * 2], "<i2").astype(np.int16),
        "down": np.frombuffer(parts[DOWN][: len(parts[DOWN]) // 2 * 2], "<i2").astype(np.int16),
    }
    ended = False
    lines = parts[EVENTS].splitlines()
    for number, raw in enumerate(lines, 1):
        try:
            line = json.loads(raw)
            way = line["way"]
            if way == "end":
                ended, recording.cut = True, line.get("cut")
            elif way == "up":
                recording.events.append(_read_up(line, samples["up"]))
            elif way == "down":
                recording.commands.append(_read_down(line, samples["down"]))
            else:
                raise ValueError(f"unknown way {way!r}")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if number == len(lines) and path.is_dir():
                break  # the line that the crash cut through
            raise RecordingError(
                f"{path}: line {number} of {EVENTS} is damaged ({type(error).__name__}: {error})"
            ) from error
    if not ended and recording.cut is None:
        recording.cut = "the recording was never finished"
    return recording


def _read_folder(path: Path) -> dict[str, bytes]:
    try:
        return {name: (path / name).read_bytes() for name in (META, EVENTS, UP, DOWN)}
    except OSError as error:
        raise RecordingError(f"{path} is not a recorded call: {error.strerror}") from error


def _read_zip(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as file:
            infos = {info.filename: info for info in file.infolist()}
            missing = [name for name in (META, EVENTS, UP, DOWN) if name not in infos]
            if missing:
                raise RecordingError(
                    f"{path} is not a recorded call: it lacks {', '.join(missing)}"
                )
            if sum(info.file_size for info in infos.values()) > MAX_BYTES:
                raise RecordingError(f"{path} unpacks to more than {MAX_BYTES >> 30} GB")
            return {name: file.read(name) for name in (META, EVENTS, UP, DOWN)}
    except OSError as error:
        raise RecordingError(f"cannot read {path}: {error.strerror or error}") from error
    except _ZIP_ERRORS as error:
        raise RecordingError(f"{path} is not a recorded call, or is damaged: {error}") from error


def _parse_meta(raw: bytes, path: Path) -> dict[str, Any]:
    try:
        meta = json.loads(raw)
        version = meta["version"]
        good = (
            isinstance(meta["call_id"], str)
            and isinstance(meta["started"], int | float)
            and isinstance(meta["about"], dict)
        )
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(f"{path}: {META} is damaged ({error})") from error
    if version != VERSION:
        raise RecordingError(f"{path} has version {version}; this visavis reads version {VERSION}")
    if not good:
        raise RecordingError(f"{path}: {META} has a field of a wrong type")
    return dict(meta)


def _time(line: dict[str, Any]) -> float:
    at = float(line["at"])
    if not math.isfinite(at):
        raise ValueError(f"time {at}")
    return at


def _pcm(line: dict[str, Any], samples: Pcm) -> Pcm:
    offset, count = int(line["offset"]), int(line["samples"])
    if offset < 0 or count < 0 or offset + count > len(samples):
        raise ValueError(f"samples {offset}…{offset + count} of {len(samples)}")
    return samples[offset : offset + count]


def _read_up(line: dict[str, Any], samples: Pcm) -> UpEvent:
    at = _time(line)
    match line["kind"]:
        case "audio":
            pcm = _pcm(line, samples)
            return AudioIn(int(line["position"]), pcm, Mark(line["mark"]), at)
        case "played":
            return Played(
                int(line["reply"]), int(line["played"]), at, bool(line["exact"]), bool(line["done"])
            )
        case "text":
            return Text(str(line["data"]), at)
        case "connected":
            return Connected(at)
        case "closed":
            return Closed(str(line["reason"]), at)
        case "report":
            return from_fields(at, line)
        case kind:
            raise ValueError(f"unknown event {kind!r}")


def _read_down(line: dict[str, Any], samples: Pcm) -> Command:
    kind = line["kind"]
    if kind not in ("play", "finish", "duck", "flush", "send", "plan", "close"):
        raise ValueError(f"unknown command {kind!r}")
    pcm = _pcm(line, samples) if kind == "play" else None
    known = ("at", "way", "kind", "offset", "samples")
    fields = {name: value for name, value in line.items() if name not in known}
    return Command(_time(line), kind, fields, pcm)
