"""The caller's line to a peer: a process that stays for the whole run, a call at a time."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peers.wire import Messages, Note, note, sound
from visavis.caller.link import Listener, TakeMicrophone, Transport
from visavis.errors import CallFailed
from visavis.seam import FRAME_IN, FRAME_S, Pcm

BENCH = Path(__file__).parents[1]
LOAD_S = 180.0
ANSWER_S = 20.0


class Peer:
    """A framework in a process of its own (`peers.serve`)."""

    def __init__(self, stack: str, log: Path) -> None:
        self.stack = stack
        self._log = log
        self.on_sound: Callable[[Pcm], None] = lambda pcm: None
        self._notes: asyncio.Queue[Note] = asyncio.Queue()
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self, python: Path, llm: str) -> None:
        """Start it and wait until its models are loaded. CallFailed if that does not work."""
        ours, theirs = socket.socketpair()
        source = f"{BENCH.parent / 'src'}:{BENCH}"
        with self._log.open("wb") as sink:
            self._process = await asyncio.create_subprocess_exec(
                python, "-m", "peers.serve", self.stack, "--fd", str(theirs.fileno()),
                "--llm", llm,
                pass_fds=[theirs.fileno()], stdin=asyncio.subprocess.DEVNULL,
                stdout=sink, stderr=sink, env={**os.environ, "PYTHONPATH": source},
            )  # fmt: skip
        theirs.close()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._reading = asyncio.create_task(self._read(reader))
        await self._answer("loaded", LOAD_S)

    async def begin(self, how: dict[str, Any]) -> None:
        """A call with these settings."""
        self._write(note("begin", how=how))
        await self._answer("begun", ANSWER_S)

    async def end(self) -> None:
        self._write(note("end"))
        await self._answer("ended", ANSWER_S)

    def hear(self, pcm: Pcm) -> None:
        self._write(sound(pcm))

    def stop(self) -> None:
        """End the reply that is being spoken."""
        self._write(note("stop"))

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def aclose(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._writer is not None:
            self._writer.close()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def _write(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        messages = Messages()
        while data := await reader.read(1 << 16):
            for message in messages.feed(data):
                if isinstance(message, dict):
                    self._notes.put_nowait(message)
                else:
                    self.on_sound(message)
        self._notes.put_nowait({"type": "its end"})

    async def _answer(self, kind: str, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s):
                told = (await self._notes.get())["type"]
        except TimeoutError:
            told = f"nothing within {within_s:g} s"
        if told != kind:
            said = _tail(self._log) or "(nothing)"
            raise CallFailed(f"{self.stack} told {told} instead of {kind}; its log ends:\n{said}")


def cpu_s(pid: int) -> float:
    """Processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace").strip()[-1500:]


class PeerLink:
    """One call to a peer, as `visavis.caller` sees it. Frames leave in real time; what comes is
    heard the moment it comes, with no network and no jitter buffer between."""

    transport: Transport = "websocket"
    call_id = ""

    def __init__(
        self, peer: Peer, how: dict[str, Any], microphone: TakeMicrophone, listener: Listener
    ) -> None:
        self._peer = peer
        self._how = how
        self._microphone = microphone
        self._listener = listener
        self._ticking: asyncio.Task[None] | None = None

    async def open(self) -> float:
        await self._peer.begin(self._how)
        self._peer.on_sound = self._heard
        began = asyncio.get_running_loop().time()
        self._ticking = asyncio.create_task(self._tick(began))
        return began

    def send(self, event: dict[str, Any]) -> None:
        """Of the realtime events a peer knows the one that ends a reply."""
        if event["type"] == "response.cancel":
            self._peer.stop()

    async def close(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
            self._peer.on_sound = lambda pcm: None
            await self._peer.end()

    def _heard(self, pcm: Pcm) -> None:
        self._listener.on_heard(asyncio.get_running_loop().time(), pcm)

    async def _tick(self, began: float) -> None:
        loop, tick = asyncio.get_running_loop(), 0
        while True:
            tick += 1
            due = began + tick * FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))
            self._peer.hear(self._microphone(FRAME_IN))
            self._listener.on_sent(tick * FRAME_IN, due)
