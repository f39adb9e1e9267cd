"""Debian's Chromium as the near end, calling as our page does: `web/call/webrtc.js` itself, with
RED first, audio NACK and backlog. The server it calls is this process, on the namespace's own
loopback, and answers with what the far end said, also when the page begins ICE anew in mid-call.

Sound goes in and out where the `wrtc` wheel's does, with no Web Audio between: frames of 20 ms are
written to a MediaStreamTrackGenerator when they are due, and what NetEq gives is read from a
MediaStreamTrackProcessor, with the time at which NetEq gave it. That way adds about 0.3 ms: so much
later a frame is read from a processor on the very track that it was written to. One browser and
one page hold all calls.

Argument: the path at which the far end takes restarts.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soxr
import uvicorn
from numpy.typing import NDArray
from playwright.async_api import ConsoleMessage, Page, Playwright, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from lineloss.blocks import RATE, recording
from lineloss.ends import Recording, phase, serve
from lineloss.material import LEAD_S
from lineloss.restarts import RestartRefused, ask_restart

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/interop"))
from chromium import EXECUTABLE, FLAGS  # noqa: E402

GOODBYE_S = 0.5
COUNTED = ("totalSamplesReceived", "concealedSamples", "silentConcealedSamples",
           "fecPacketsReceived", "packetsLost", "packetsDiscarded")  # fmt: skip


class Server:
    """What the page calls: its files, its calls, and the sound it takes and brings."""

    def __init__(self, restarts: Path) -> None:
        self._restarts = restarts
        self.offers: asyncio.Queue[str] = asyncio.Queue()
        self.answers: dict[int, asyncio.Future[str]] = {}
        self.said: list[bytes] = []
        self.heard: dict[int, bytes] = {}
        app = Starlette(
            routes=[
                Route("/call/{id:int}/v1/realtime/calls", self._offer, methods=["POST"]),
                Route("/call/{id:int}", self._restart, methods=["PATCH"]),
                Route("/call/{id:int}/hangup", lambda _: Response(), methods=["POST"]),
                Route("/said/{id:int}", self._say),
                Route("/heard/{id:int}", self._hear, methods=["POST"]),
                Mount("/web", StaticFiles(directory=ROOT / "web")),
                Mount("/", StaticFiles(directory=Path(__file__).parent / "chromium", html=True)),
            ]
        )
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        config = uvicorn.Config(app, log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._running = asyncio.create_task(self._server.serve([self._socket]))

    async def _offer(self, request: Request) -> Response:
        call = request.path_params["id"]
        self.answers[call] = asyncio.get_running_loop().create_future()
        self.offers.put_nowait((await request.body()).decode())
        answer = await self.answers[call]
        return Response(answer, 201, {"Location": f"/call/{call}"}, "application/sdp")

    async def _restart(self, request: Request) -> Response:
        offer = (await request.body()).decode()
        try:
            answer = await ask_restart(self._restarts, request.path_params["id"], offer)
        except (RestartRefused, OSError) as error:
            print(f"restart refused: {error}", file=sys.stderr, flush=True)
            return Response(status_code=400)
        return Response(answer, 200, media_type="application/sdp")

    async def _say(self, request: Request) -> Response:
        return Response(self.said[request.path_params["id"]])

    async def _hear(self, request: Request) -> Response:
        self.heard[request.path_params["id"]] = await request.body()
        return Response()

    async def aclose(self) -> None:
        self._server.should_exit = True
        await self._running


class Chromium:
    def __init__(self, page: Page, server: Server) -> None:
        self._page = page
        self._server = server
        self._calls = 0

    async def offer(self) -> tuple[int, str]:
        await self._page.evaluate("bench.call()")
        async with asyncio.timeout(10):
            sdp = await self._server.offers.get()
        self._calls += 1
        return self._calls - 1, sdp

    async def accept(self, sdp: str) -> tuple[int, str]:
        raise NotImplementedError("a page calls, it is never called")

    async def answer(self, call: int, sdp: str) -> None:
        self._server.answers[call].set_result(sdp)

    async def connected(self, call: int) -> None:
        await self._page.evaluate("bench.connected", call)

    async def run(
        self, start: float, streams: list[NDArray[np.int16]], replies: list[list[int]]
    ) -> list[Recording]:
        self._server.said = [
            soxr.resample(stream, 16_000, RATE).astype("<i2").tobytes() for stream in streams
        ]
        seconds = max(len(stream) for stream in streams) / 16_000
        began = start - await self._clock()
        when = {
            "start": 1e3 * began,
            "phases": [phase(i) for i in range(len(streams))],
            "seconds": seconds + GOODBYE_S,
        }
        running = asyncio.create_task(self._page.evaluate("bench.run", when))
        # NetEq counts as concealed what comes before the first packet and after the last.
        await asyncio.sleep(start + LEAD_S - 0.5 - time.monotonic())
        before = await self._inbound()
        await asyncio.sleep(start + seconds - 0.5 - time.monotonic())
        after = await self._inbound()
        ran = await running
        notes = {f"handed_late_p{q}_ms": float(np.percentile(ran["late"], q)) for q in (50, 99)}
        recordings = []
        for i in range(len(streams)):
            account = {key: after[i][key] - before[i][key] for key in COUNTED}
            heard = recording(self._server.heard[i], began, phase(i), account)
            heard.notes |= notes | {"lost": i in ran["lost"]}
            recordings.append(heard)
        return recordings

    async def _clock(self) -> float:
        """CLOCK_MONOTONIC less the page's clock, in seconds, by the quickest of a few questions."""
        found = []
        for _ in range(20):
            asked = time.monotonic()
            there = await self._page.evaluate("performance.timeOrigin + performance.now()")
            told = time.monotonic()
            found.append((told - asked, (asked + told) / 2 - there / 1e3))
        return min(found)[1]

    async def _inbound(self) -> list[dict[str, float]]:
        """NetEq's own account of each call; all zero before the first packet."""
        reports = await self._page.evaluate("bench.inbound()")
        return [{key: (report or {}).get(key, 0) for key in COUNTED} for report in reports]

    async def aclose(self) -> None:
        await self._page.evaluate("bench.close()")


def _log(message: ConsoleMessage) -> None:
    print(f"page: {message.type}: {message.text}", file=sys.stderr, flush=True)


def _first(folder: Path) -> Path:
    """Chromium as the rig starts every end, before whatever else runs here: it is given a session
    of its own, and the kernel may share time between sessions."""
    script = folder / "chromium"
    group = "/proc/self/autogroup"
    script.write_text(
        f'#!/bin/sh\n[ ! -e {group} ] || echo -10 > {group}\nexec {EXECUTABLE} "$@"\n'
    )
    script.chmod(0o700)
    return script


async def launch(playwright: Playwright, folder: Path, url: str) -> Page:
    # Loopback is for the page's own server; media has the device to the other namespace.
    flags = [flag for flag in FLAGS if flag != "--allow-loopback-in-peer-connection"]
    context = await playwright.chromium.launch_persistent_context(
        folder / "profile",
        executable_path=_first(folder),
        headless=True,
        args=flags,
        permissions=["microphone"],
    )
    page = context.pages[0]
    page.on("console", _log)
    page.on("pageerror", lambda error: print(f"page: {error}", file=sys.stderr, flush=True))
    await page.goto(url)
    await page.wait_for_function("globalThis.bench")
    return page


async def main() -> None:
    server = Server(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory(prefix="visavis-chromium-") as folder:
        async with async_playwright() as playwright:
            page = await launch(playwright, Path(folder), server.url)
            try:
                await serve(Chromium(page, server))
            finally:
                await page.context.close()
    await server.aclose()


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    asyncio.run(main())
