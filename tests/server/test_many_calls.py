"""Call after call leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import json
import os
from pathlib import Path

from tests.server.fakes import eventually, running, settings_for
from websockets.asyncio.client import connect

from visavis.models.scripted import scripted_models
from visavis.server import create_app


async def talk(url: str) -> None:
    async with connect(url.replace("http", "ws", 1) + "/v1/realtime?model=any") as ws:
        content = [{"type": "input_text", "text": "Hi."}]
        item = {"type": "message", "role": "user", "content": content}
        await ws.send(json.dumps({"type": "conversation.item.create", "item": item}))
        await ws.send(json.dumps({"type": "response.create"}))
        await ws.send(json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 6400}))
        async for message in ws:
            if json.loads(message)["type"] == "response.output_audio.delta":
                return


def footprint() -> list[int]:
    """Tasks, threads, descriptors of this process."""
    folders = (Path("/proc/self/task"), Path("/proc/self/fd"))
    return [len(asyncio.all_tasks()), *(len(list(folder.iterdir())) for folder in folders)]


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_calls_five_at_once_leave_no_task_thread_descriptor_or_memory(tmp_path: Path) -> None:
    async def run() -> None:
        settings = settings_for(tmp_path)
        app = create_app(settings, scripted_models(["a"], ["Yes."]))
        async with running(settings, app) as (url, _):

            async def round_of_calls(n: int) -> None:
                for _ in range(n):
                    await asyncio.gather(*(talk(url) for _ in range(5)))
                await eventually(lambda: len(app.state.server.calls) == 0, 20)
                gc.collect()

            # The allocator settles during the first hundred calls.
            await round_of_calls(20)
            await eventually(lambda: len(asyncio.all_tasks()) <= 3, 20)
            before, memory = footprint(), resident()
            await round_of_calls(40)
            await eventually(
                lambda: all(n <= b for n, b in zip(footprint(), before, strict=True)), 20
            )
            assert (resident() - memory) / 200 < 10_000

    asyncio.run(run())


def test_the_end_of_the_last_running_call_is_told(tmp_path: Path) -> None:
    async def run() -> None:
        settings = settings_for(tmp_path)
        app = create_app(settings, scripted_models(["a"], ["Yes."]))
        async with running(settings, app) as (url, _):
            calls = app.state.server.calls
            idle: list[int] = []
            calls.on_idle = lambda: idle.append(len(calls))
            async with connect(url.replace("http", "ws", 1) + "/v1/realtime?model=any"):
                await talk(url)
                await eventually(lambda: len(calls) == 1, 20)
                assert idle == []
            await eventually(lambda: idle == [0], 20)

    asyncio.run(run())
