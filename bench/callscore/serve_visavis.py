"""The product's line and voice activity, without the models behind it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from control import CYCLE_S, Meter, options, phase, serve

from visavis.line import LineEngine, LinePort
from visavis.models.embedded.akiki_vad import AkikiVad
from visavis.seam import (
    RATE_OUT,
    AudioIn,
    CallLimits,
    NetworkSettings,
    SendPlan,
    UpEvent,
)


class Sink:
    """Hears one call."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def on_event(self, event: UpEvent) -> None:
        if isinstance(event, AudioIn) and event.voices:
            self._meter.count(event.voices)


async def main() -> None:
    given, meter = options(), Meter()
    engine = LineEngine(NetworkSettings(host="0.0.0.0"), CallLimits())
    engine.listen(AkikiVad.load().weights())
    ports: list[LinePort] = []
    reply = given.speech[: round(CYCLE_S * given.talk * RATE_OUT)]

    def speak(call: int) -> None:
        """Queue a whole reply, as a voice that is faster than real time, and so again when the
        next one is due."""
        loop, now = asyncio.get_running_loop(), time.monotonic()
        turn, into = divmod(now / CYCLE_S + phase(call), 1.0)
        if into < given.talk:
            ports[call].play(int(turn), reply)
        loop.call_later((1.0 - into) * CYCLE_S + 0.001, speak, call)

    async def answer(offer: str) -> str:
        port, sdp = engine.accept(offer, lambda port: Sink(meter))
        port.set_plan(SendPlan(complexity=given.complexity, dtx=False))
        ports.append(port)
        speak(len(ports) - 1)
        return sdp

    def figures() -> dict[str, Any]:
        found, stats = meter.take(), engine.stats()
        return found | {"late_p99_ms": stats["tick_late_p99_ms"], "encodes": stats["encodes"]}

    await serve(answer, figures)
    await engine.aclose()


asyncio.run(main())
