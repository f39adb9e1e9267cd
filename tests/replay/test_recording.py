"""What crosses the seam comes back from the file as it was; damaged files are refused."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visavis.errors import RecordingError
from visavis.replay import Recorder, RecordingPort, RecordingSink, load_recording
from visavis.seam import (
    AudioIn,
    CallPort,
    CallSink,
    Closed,
    Connected,
    LinkReport,
    Mark,
    Pcm,
    Played,
    SendPlan,
    Text,
    UpEvent,
)


class Port:
    """A port that notes what it is told."""

    call_id = "call_1"

    def __init__(self) -> None:
        self.told: list[str] = []

    def play(self, reply: int, pcm: Pcm) -> None:
        self.told.append("play")

    def finish(self, reply: int) -> None:
        self.told.append("finish")

    def duck(self, gain: float, ramp_s: float = 0.02) -> None:
        self.told.append("duck")

    def flush(self, fade_s: float = 0.02) -> None:
        self.told.append("flush")

    def send(self, text: str) -> None:
        self.told.append("send")

    def set_plan(self, plan: SendPlan) -> None:
        self.told.append("plan")

    def close(self, reason: str = "local") -> None:
        self.told.append("close")


class Sink:
    def __init__(self) -> None:
        self.events: list[UpEvent] = []

    def on_event(self, event: UpEvent) -> None:
        self.events.append(event)


EVENTS: list[UpEvent] = [
    Connected(1.0),
    AudioIn(0, np.arange(320, dtype=np.int16), Mark.RECEIVED, 1.02),
    AudioIn(320, np.zeros(320, np.int16), Mark.MISSING, 1.04),
    Text('{"type": "x", "ü": "\\n"}', 1.05),
    Played(3, 480, 1.06, True, False),
    LinkReport(at=1.5, rtt_ms=12.5, received=50, loss_down=None),
    Closed("hangup", 2.0),
]


def record(folder: Path, events: list[UpEvent] = EVENTS) -> Path:
    recorder = Recorder(folder, "call_1", started=0.5, about={"voice": "default"})
    sink, port = Sink(), Port()
    wrapped: CallSink = RecordingSink(sink, recorder)
    out: CallPort = RecordingPort(port, recorder, lambda: 1.25)
    out.send("hello")
    out.play(7, np.full(480, -5, np.int16))
    out.finish(7)
    out.duck(0.1)
    out.flush()
    out.set_plan(SendPlan())
    for event in events:
        wrapped.on_event(event)
    out.close()
    recorder.close()
    assert recorder.join(5)
    assert sink.events == events
    assert port.told == ["send", "play", "finish", "duck", "flush", "plan", "close"]
    return recorder.path


def test_a_recording_goes_round(tmp_path: Path) -> None:
    recording = load_recording(record(tmp_path))
    assert recording.call_id == "call_1"
    assert recording.started == 0.5
    assert recording.about == {"voice": "default"}
    assert recording.cut is None
    for got, expected in zip(recording.events, EVENTS, strict=True):
        if isinstance(expected, AudioIn):
            assert isinstance(got, AudioIn)
            assert (got.position, got.mark, got.at) == (
                expected.position,
                expected.mark,
                expected.at,
            )
            assert np.array_equal(got.pcm, expected.pcm)
        else:
            assert got == expected
    kinds = [command.kind for command in recording.commands]
    assert kinds == ["send", "play", "finish", "duck", "flush", "plan"]
    played = recording.commands[1]
    assert played.fields == {"reply": 7}
    assert played.pcm is not None
    assert np.array_equal(played.pcm, np.full(480, -5, np.int16))
    assert all(command.at == 1.25 for command in recording.commands)


def test_no_part_is_left(tmp_path: Path) -> None:
    path = record(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_call_twice_is_refused(tmp_path: Path) -> None:
    first = Recorder(tmp_path, "call_1", started=0.0)
    with pytest.raises(RecordingError, match="cannot record"):
        Recorder(tmp_path, "call_1", started=0.0)
    first.close()
    assert first.join(5)


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "calls", "../../evil/x", started=0.0)
    recorder.close()
    assert recorder.join(5)
    assert recorder.path.parent == tmp_path / "calls"
    assert recorder.path.is_file()


def test_a_recording_that_grows_too_large_is_cut_and_says_so(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "call_1", started=0.0, max_bytes=3000)
    for n in range(10):
        recorder.up(AudioIn(n * 320, np.zeros(320, np.int16), Mark.RECEIVED, n * 0.02))
    recorder.close()
    assert recorder.join(5)
    recording = load_recording(recorder.path)
    assert len(recording.events) == 4
    assert recording.cut is not None
    assert "largest" in recording.cut


def test_what_a_crash_left_is_readable(tmp_path: Path) -> None:
    path = record(tmp_path)
    part = tmp_path / "crash.part"
    with zipfile.ZipFile(path) as file:
        file.extractall(part)
    lines = (part / "events.jsonl").read_text()
    (part / "events.jsonl").write_text(lines[: len(lines) * 2 // 3])
    recording = load_recording(part)
    assert recording.cut is not None
    assert 0 < len(recording.events) + len(recording.commands) < 13


def rewrite(path: Path, name: str, data: bytes) -> Path:
    out = path.with_name("changed.call.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for each in old.namelist():
            new.writestr(each, data if each == name else old.read(each))
    return out


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("meta.json", b"{", "meta.json is damaged"),
        ("meta.json", b"[]", "meta.json is damaged"),
        ("meta.json", b'{"version": 99, "call_id": "", "started": 0, "about": {}}', "version 99"),
        ("meta.json", b'{"version": 1, "call_id": 4, "started": 0, "about": {}}', "wrong type"),
        ("events.jsonl", b"nonsense\n", "line 1"),
        ("events.jsonl", b'{"way":"up","kind":"audio","at":1}\n', "line 1"),
        ("events.jsonl", b'{"way":"up","kind":"closed","at":NaN,"reason":""}\n', "line 1"),
        ("events.jsonl", b'{"way":"sideways","at":1}\n', "sideways"),
        ("up.s16", b"", "line 8"),
    ],
)
def test_damage_is_named(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    changed = rewrite(record(tmp_path), name, data)
    with pytest.raises(RecordingError, match=words):
        load_recording(changed)


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme", "hi")
    with pytest.raises(RecordingError, match=r"lacks meta\.json"):
        load_recording(path)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot read"):
        load_recording(tmp_path / "nothing.zip")
    with pytest.raises(RecordingError, match="not a recorded call"):
        load_recording(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_flipped_bytes_never_crash(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "call_1.call.zip"
    if not path.exists():
        record(tmp_path)
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    changed = tmp_path / "flipped.zip"
    changed.write_bytes(bytes(raw[: data.draw(st.integers(1, len(raw)))]))
    try:
        load_recording(changed)
    except RecordingError as error:
        assert "flipped.zip" in str(error)


def test_events_are_one_line_each(tmp_path: Path) -> None:
    with zipfile.ZipFile(record(tmp_path)) as file:
        lines = file.read("events.jsonl").splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert json.loads(lines[-1]) == {"way": "end"}
