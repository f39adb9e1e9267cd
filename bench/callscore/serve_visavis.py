"""The product's line and voice activity, without the models behind it."""

from __future__ import annotations

import asyncio
from typing import Any

from control import CYCLE_S, Meter, every_tick, options, serve, talking

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
    spoken: dict[int, int] = {}
    reply = given.speech[: round(CYCLE_S * given.talk * RATE_OUT)]

    def speak(now: float) -> None:
        """Queue a whole reply when its time comes, as a voice that is faster than real time."""
        for call, port in enumerate(ports):
            turn = int(now / CYCLE_S + call * 0.381966)
            if spoken.get(call) != turn and talking(given.talk, call, now):
                spoken[call] = turn
                port.play(turn, reply)

    async def answer(offer: str) -> str:
        port, sdp = engine.accept(offer, lambda port: Sink(meter))
        port.set_plan(SendPlan(complexity=given.complexity, dtx=False))
        ports.append(port)
        return sdp

    def figures() -> dict[str, Any]:
        found, stats = meter.take(), engine.stats()
        return found | {"late_p99_ms": stats["tick_late_p99_ms"], "encodes": stats["encodes"]}

    clock = asyncio.ensure_future(every_tick(meter, speak))
    await serve(answer, figures)
    clock.cancel()
    await engine.aclose()


asyncio.run(main())
