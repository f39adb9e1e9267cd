"""Keeping a call: wrappers around its port and sink, and the thread that writes the file.

The event loop only puts items into a bounded queue; encoding and writing happen on a thread of
the recorder's own. A disk that cannot follow ends the recording, never the call.

While the call lasts the parts lie in a folder `NAME.part`, so that a crash leaves what was
recorded until then; at the end they become one zip.
"""

from __future__ import annotations

import asyncio
import json
import queue
import shutil
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import structlog

from visavis.errors import RecordingError
from visavis.link_window import to_fields
from visavis.seam import (
    AudioIn,
    CallPort,
    CallSink,
    Closed,
    Connected,
    LinkReport,
    Pcm,
    Played,
    SendPlan,
    Text,
    UpEvent,
)

VERSION = 1
SUFFIX = ".call.zip"
META, EVENTS, UP, DOWN = "meta.json", "events.jsonl", "up.s16", "down.s16"
MAX_BYTES = 1 << 30
"""Largest recording; about three hours and a half of both sides."""
_QUEUE = 8192
_HEAD = 300
"""Characters of a message in which its type is looked for."""

log = structlog.get_logger(__name__)

_Item = tuple[float, str, str, dict[str, Any], Pcm | None]
"""(time, "up" | "down", kind, fields, samples)"""


class Recorder:
    """Writes one call into `folder/CALL_ID.call.zip`. RecordingError if it cannot start.

    All methods return at once and belong on the event loop's thread.
    """

    def __init__(
        self,
        folder: Path,
        call_id: str,
        *,
        started: float,
        about: dict[str, Any] | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """`started`: loop time of the call's beginning. `about`: what a replay must know of
        the session and its models (JSON)."""
        safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in call_id) or "call"
        self.path = folder / f"{safe}{SUFFIX}"
        self._part = folder / f"{safe}.part"
        self._left = max_bytes
        self._queue: queue.Queue[_Item | None] = queue.Queue(_QUEUE)
        self._closed = False
        self._cut: str | None = None
        meta = {
            "version": VERSION,
            "call_id": call_id,
            "started": started,
            "wall": time.time(),
            "about": about or {},
        }
        try:
            self._part.mkdir(parents=True, exist_ok=False)
            (self._part / META).write_text(json.dumps(meta, indent=1))
        except OSError as error:
            raise RecordingError(
                f"cannot record into {folder}: {error.strerror or error}"
            ) from error
        self._thread = threading.Thread(target=self._run, name=f"record-{safe}", daemon=True)
        self._thread.start()

    def up(self, event: UpEvent) -> None:
        """Keep an event that came from the line."""
        if isinstance(event, Text) and '"input_audio_buffer.append"' in event.data[:_HEAD]:
            return  # the same sound comes once more as AudioIn
        kind, fields, pcm = _describe(event)
        self._put((event.at, "up", kind, fields, pcm))

    def down(self, at: float, kind: str, fields: dict[str, Any], pcm: Pcm | None = None) -> None:
        """Keep a command that went to the line."""
        self._put((at, "down", kind, fields, pcm))

    def close(self) -> None:
        """No more will come; the thread writes the file and ends. Idempotent."""
        if self._closed:
            return
        self._closed = True
        # The thread always drains the queue, so a place becomes free in no time.
        self._queue.put(None)

    def join(self, timeout: float | None = None) -> bool:
        """Wait (blocking) until the file is written; True if it is. Call off the loop."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _put(self, item: _Item) -> None:
        if self._closed or self._cut is not None:
            return
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self._cut = "the disk could not follow"
            log.warning("recording_cut", path=str(self.path), reason=self._cut)

    def _run(self) -> None:
        try:
            self._write_parts()
            self._zip()
        except OSError as error:
            self._cut = str(error)
            log.warning("recording_failed", path=str(self.path), reason=str(error))
            while self._queue.get() is not None:  # let the loop's side go on without blocking
                pass

    def _write_parts(self) -> None:
        with (
            (self._part / EVENTS).open("w", encoding="utf-8") as events,
            (self._part / UP).open("wb") as up,
            (self._part / DOWN).open("wb") as down,
        ):
            files: dict[str, BinaryIO] = {"up": up, "down": down}
            while (item := self._queue.get()) is not None:
                self._write(events, files, item)
            if self._cut is not None:
                events.write(json.dumps({"way": "end", "cut": self._cut}) + "\n")
            else:
                events.write(json.dumps({"way": "end"}) + "\n")

    def _write(self, events: TextIO, files: dict[str, BinaryIO], item: _Item) -> None:
        at, way, kind, fields, pcm = item
        line: dict[str, Any] = {"at": at, "way": way, "kind": kind, **fields}
        if pcm is not None:
            line["offset"] = files[way].tell() // 2
            line["samples"] = len(pcm)
        text = json.dumps(line, separators=(",", ":")) + "\n"
        self._left -= len(text) + (2 * len(pcm) if pcm is not None else 0)
        if self._left < 0:
            if self._cut is None:
                self._cut = "it reached its largest size"
                log.warning("recording_cut", path=str(self.path), reason=self._cut)
            return
        if pcm is not None:
            files[way].write(pcm.astype("<i2", copy=False).tobytes())
        events.write(text)

    def _zip(self) -> None:
        unfinished = self.path.with_name(self.path.name + ".tmp")
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED, allowZip64=True) as out:
            for name in (META, EVENTS, UP, DOWN):
                pack = zipfile.ZIP_DEFLATED if name == EVENTS else zipfile.ZIP_STORED
                out.write(self._part / name, name, compress_type=pack)
        unfinished.replace(self.path)
        shutil.rmtree(self._part)


def _describe(event: UpEvent) -> tuple[str, dict[str, Any], Pcm | None]:
    """(kind, fields, samples) of an upward event; `read_up` in visavis.replay.file is its
    opposite."""
    match event:
        case AudioIn(position=position, pcm=pcm, mark=mark):
            return "audio", {"position": position, "mark": int(mark)}, pcm
        case Played(reply=reply, samples=samples, exact=exact, done=done):
            return (
                "played",
                {"reply": reply, "played": samples, "exact": exact, "done": done},
                None,
            )
        case Text(data=data):
            return "text", {"data": data}, None
        case Connected():
            return "connected", {}, None
        case Closed(reason=reason):
            return "closed", {"reason": reason}, None
        case LinkReport():
            return "report", to_fields(event), None


class CallRecorder:
    """Records every call of a server into one folder; its `wrap` is the server's `wrap_call`."""

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        """RecordingError if the folder cannot be made."""
        self._folder = folder
        self._about = about
        self._running: list[Recorder] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordingError(
                f"cannot record into {folder}: {error.strerror or error}"
            ) from error

    def wrap(self, port: CallPort, sink: CallSink) -> tuple[CallPort, CallSink]:
        """Put a recorder between both sides of a new call. A call that cannot be recorded goes
        on without."""
        now = asyncio.get_running_loop().time
        try:
            recorder = Recorder(self._folder, port.call_id, started=now(), about=self._about)
        except RecordingError as error:
            log.warning("recording_failed", call=port.call_id, reason=str(error))
            return port, sink
        self._running = [each for each in self._running if not each.join(0)]
        self._running.append(recorder)
        return RecordingPort(port, recorder, now), RecordingSink(sink, recorder)

    def close(self) -> None:
        """Wait until every file is written. Blocks; call after the server has stopped."""
        for recorder in self._running:
            recorder.close()
            recorder.join()


class RecordingSink:
    """A `CallSink` that keeps what it hands on. The recorder closes after `Closed`."""

    def __init__(self, sink: CallSink, recorder: Recorder) -> None:
        self._sink = sink
        self._recorder = recorder

    def on_event(self, event: UpEvent) -> None:
        self._recorder.up(event)
        try:
            self._sink.on_event(event)
        finally:
            if isinstance(event, Closed):
                self._recorder.close()


class RecordingPort:
    """A `CallPort` that keeps what it is told. `now`: the loop's `time`."""

    def __init__(self, port: CallPort, recorder: Recorder, now: Callable[[], float]) -> None:
        self._port = port
        self._recorder = recorder
        self._now = now

    @property
    def call_id(self) -> str:
        return self._port.call_id

    def play(self, reply: int, pcm: Pcm) -> None:
        self._recorder.down(self._now(), "play", {"reply": reply}, pcm)
        self._port.play(reply, pcm)

    def finish(self, reply: int) -> None:
        self._recorder.down(self._now(), "finish", {"reply": reply})
        self._port.finish(reply)

    def duck(self, gain: float, ramp_s: float = 0.02) -> None:
        self._recorder.down(self._now(), "duck", {"gain": gain, "ramp_s": ramp_s})
        self._port.duck(gain, ramp_s)

    def flush(self, fade_s: float = 0.02) -> None:
        self._recorder.down(self._now(), "flush", {"fade_s": fade_s})
        self._port.flush(fade_s)

    def send(self, text: str) -> None:
        if '"response.output_audio.delta"' not in text[:_HEAD]:  # `play` has kept that sound
            self._recorder.down(self._now(), "send", {"data": text})
        self._port.send(text)

    def set_plan(self, plan: SendPlan) -> None:
        fields = {name: getattr(plan, name) for name in SendPlan.__slots__}
        self._recorder.down(self._now(), "plan", fields)
        self._port.set_plan(plan)

    def close(self, reason: str = "local") -> None:
        self._recorder.down(self._now(), "close", {"reason": reason})
        self._port.close(reason)
