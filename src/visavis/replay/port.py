"""The line of a replayed call: takes commands, plays in virtual time, tells what was played."""

from __future__ import annotations

import asyncio
from collections import deque
from statistics import median

from visavis.replay.file import Command, Recording
from visavis.seam import FRAME_OUT, FRAME_S, CallSink, Pcm, Played, SendPlan

DEFAULT_DELAY_S = 0.1
_TELL_FRAMES = 3
"""`Played` is told every so many frames, as the line does."""


class ReplayPort:
    """A `CallPort` that notes every command and pretends a person listens, `delay_s` away."""

    def __init__(self, call_id: str, delay_s: float) -> None:
        self._call_id = call_id
        self._delay_s = delay_s
        self._loop = asyncio.get_running_loop()
        self._sink: CallSink | None = None
        self._queue: deque[tuple[int, int]] = deque()
        self._finished: set[int] = set()
        self._sent: dict[int, int] = {}
        self._frames = 0
        self._ticking: asyncio.TimerHandle | None = None
        self.commands: list[Command] = []

    @property
    def call_id(self) -> str:
        return self._call_id

    def attach(self, sink: CallSink) -> None:
        self._sink = sink

    def play(self, reply: int, pcm: Pcm) -> None:
        self._note("play", {"reply": reply}, pcm)
        self._queue.append((reply, len(pcm)))
        self._sent.setdefault(reply, 0)
        self._wake()

    def finish(self, reply: int) -> None:
        self._note("finish", {"reply": reply})
        self._finished.add(reply)
        self._sent.setdefault(reply, 0)
        self._wake()

    def duck(self, gain: float, ramp_s: float = 0.02) -> None:
        self._note("duck", {"gain": gain, "ramp_s": ramp_s})

    def flush(self, fade_s: float = 0.02) -> None:
        self._note("flush", {"fade_s": fade_s})
        self._queue.clear()
        for reply, samples in self._sent.items():
            self._tell(reply, samples, done=True)
        self._sent.clear()
        self._finished.clear()

    def send(self, text: str) -> None:
        self._note("send", {"data": text})

    def set_plan(self, plan: SendPlan) -> None:
        self._note("plan", {name: getattr(plan, name) for name in SendPlan.__slots__})

    def close(self, reason: str = "local") -> None:
        self._note("close", {"reason": reason})

    def _note(self, kind: str, fields: dict[str, object], pcm: Pcm | None = None) -> None:
        self.commands.append(Command(self._loop.time(), kind, fields, pcm))

    def _wake(self) -> None:
        if self._ticking is None:
            self._ticking = self._loop.call_later(FRAME_S, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        room = FRAME_OUT
        self._frames += 1
        while room and self._queue:
            reply, left = self._queue.popleft()
            count = min(left, room)
            room -= count
            self._sent[reply] += count
            if left > count:
                self._queue.appendleft((reply, left - count))
            if self._frames % _TELL_FRAMES == 1:
                self._tell(reply, self._sent[reply], done=False)
        waiting = {reply for reply, _ in self._queue}
        for reply in sorted(self._finished - waiting):
            self._finished.discard(reply)
            self._tell(reply, self._sent.pop(reply, 0), done=True)
        if self._queue:
            self._wake()

    def _tell(self, reply: int, samples: int, *, done: bool) -> None:
        self._loop.call_later(self._delay_s, self._emit, reply, samples, done)

    def _emit(self, reply: int, samples: int, done: bool) -> None:
        if self._sink is not None:
            self._sink.on_event(Played(reply, samples, self._loop.time(), True, done))


def playing_delay(recording: Recording) -> float:
    """Median time from the first `play` of a reply to the first word that it was heard."""
    first_play: dict[int, float] = {}
    for command in recording.commands:
        if command.kind == "play":
            first_play.setdefault(int(command.fields["reply"]), command.at)
    delays = []
    for event in recording.events:
        if isinstance(event, Played) and event.samples and event.reply in first_play:
            heard = event.at - event.samples / (FRAME_OUT / FRAME_S)
            delays.append(heard - first_play.pop(event.reply))
    inside = [delay for delay in delays if 0 <= delay <= 2]
    return round(median(inside), 3) if inside else DEFAULT_DELAY_S
