"""The callers of a bench of calls a core: our native client, in a network of its own."""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
import threading
import time
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from callscore.server import Server
from visavis.seam import RATE_OUT, SendPlan

ADDRESS = "10.99.0.1"


def own_network() -> None:
    """Leave the machine's network for one with a single address. OSError without the right."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000) != 0:  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "no network namespace; run this bench as root")
    for command in (
        "link set lo up",
        "link add c0 type veth peer name c1",
        f"addr add {ADDRESS}/24 dev c0",
        "link set c0 up",
        "link set c1 up",
    ):
        subprocess.run(["ip", *command.split()], check=True)


class Load:
    """The callers: our native client, which speaks all the time and drops what it hears."""

    def __init__(self, speech: NDArray[np.int16], seconds: float) -> None:
        import visavis_line

        repeats = int(np.ceil(seconds * RATE_OUT / len(speech)))
        self._speech = np.tile(speech, repeats)[: round(seconds * RATE_OUT)]
        self._engine = visavis_line.Engine(host=ADDRESS, max_queue_s=seconds + 1)
        self._connected: set[int] = set()
        self._open = True
        self._thread = threading.Thread(target=self._drain)
        self._thread.start()

    def _drain(self) -> None:
        while self._open:
            for batch in self._engine.poll():
                for event in batch.events:
                    if event[1] == "connected":
                        self._connected.add(event[0])
            time.sleep(0.05)

    def _offer(self) -> tuple[int, str]:
        """One more call; a burst of another program may make the callers' engine refuse it."""
        import visavis_line

        for _ in range(100):
            with contextlib.suppress(visavis_line.LineError):
                return self._engine.offer()
            time.sleep(0.1)
        return self._engine.offer()

    def connect(self, server: Server, calls: int) -> None:
        """Make the calls and wait until all of them stand. RuntimeError if one does not."""
        numbers: list[int] = []
        for _ in range(calls):
            number, offer = self._offer()
            # Cheap to encode: the callers' cost is nobody's figure.
            self._engine.set_plan(number, **asdict(SendPlan(complexity=0, dtx=False)))
            reply = server.ask({"offer": offer})
            if "answer" not in reply:
                raise RuntimeError(f"{server.stack} refused call {len(numbers)}: {reply}")
            self._engine.answer(number, reply["answer"])
            time.sleep(0.12)  # handshakes all at once would tell the engine that it is full
            numbers.append(number)
        end = time.monotonic() + 20
        while len(self._connected) < calls:
            if time.monotonic() > end:
                raise RuntimeError(f"{len(self._connected)} of {calls} calls connected")
            time.sleep(0.02)
        for k, number in enumerate(numbers):
            self._engine.play(number, 1, np.roll(self._speech, -k * 4801).tobytes())

    def close(self) -> None:
        self._open = False
        self._thread.join()
        self._engine.shutdown()
