"""A session without models: says 0.2 s of sound when asked, and notes what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from starlette.applications import Starlette

from visavis.conversation.agent import Agent
from visavis.conversation.events import (
    ConversationItemAdded,
    ReplyDone,
    ReplyStarted,
    ReplyText,
    SessionEvent,
)
from visavis.models.protocols import ModelSet
from visavis.models.scripted import scripted_models
from visavis.seam import AudioIn, CallPort, Closed, Played, UpEvent
from visavis.server import create_app, listen, server_config, url_of
from visavis.settings import Settings, load_settings


class PuppetSession:
    made: list[PuppetSession]

    def __init__(self, agent: Agent, models: ModelSet, port: CallPort) -> None:
        self.agent = agent
        self.port = port
        self.heard: list[UpEvent] = []
        self.frames = 0
        self.started = self.closed = False
        self.crash_on: type | None = None
        self._listeners: list[Callable[[SessionEvent], None]] = []
        self._replies = 0

    def start(self) -> None:
        self.started = True

    async def aclose(self) -> None:
        self.closed = True

    def on_event(self, event: UpEvent) -> None:
        if self.crash_on is not None and isinstance(event, self.crash_on):
            raise RuntimeError("a bug in one session")
        if isinstance(event, AudioIn):
            self.frames += 1
            return
        self.heard.append(event)
        if isinstance(event, Played) and event.done:
            n = event.reply
            ms = event.samples // 24
            done = ReplyDone(
                n, f"resp_{n}", f"item_{n}", "completed", "Hello.", "Hello.", ms, event.at
            )
            self._emit(done)
            item = ConversationItemAdded(f"item_{n}", "assistant", "Hello.", False, event.at)
            self._emit(item)

    @property
    def over(self) -> Closed | None:
        return next((e for e in self.heard if isinstance(e, Closed)), None)

    def subscribe(self, listener: Callable[[SessionEvent], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _emit(self, event: SessionEvent) -> None:
        for listener in list(self._listeners):
            listener(event)

    def generate_reply(self, *, instructions: str | None = None) -> None:
        self._replies += 1
        n, now = self._replies, asyncio.get_running_loop().time()
        self._emit(ReplyStarted(n, f"resp_{n}", f"item_{n}", now))
        self._emit(ReplyText(n, f"resp_{n}", f"item_{n}", "Hello.", now))
        self.port.play(n, np.full(4800, 1000, np.int16))
        self.port.finish(n)

    def add_user_text(self, text: str) -> None:
        now = asyncio.get_running_loop().time()
        self._emit(ConversationItemAdded("item_typed", "user", text, False, now))

    def interrupt(self) -> None:
        self.port.flush()

    def truncate(self, item_id: str, audio_end_ms: int) -> None: ...

    def update(self, *, instructions: str | None = None, voice: str | None = None) -> None: ...


class Puppets:
    """A session factory that keeps what it made."""

    def __init__(self) -> None:
        self.made: list[PuppetSession] = []

    def __call__(self, agent: Agent, models: ModelSet, port: CallPort) -> PuppetSession:
        self.made.append(PuppetSession(agent, models, port))
        return self.made[-1]


def settings_for(tmp_path: Path, **sections: dict[str, Any]) -> Settings:
    flags: dict[str, Any] = {
        "http": {"port": 0},
        "store": {"path": str(tmp_path / "visavis.db")},
        "log": {"level": "error"},
    }
    for name, values in sections.items():
        flags[name] = {**flags.get(name, {}), **values}
    return load_settings(None, flags, environ={})


@asynccontextmanager
async def running(
    settings: Settings, app: Starlette | None = None, **more: Any
) -> AsyncIterator[tuple[str, Starlette]]:
    """A real server on 127.0.0.1 in this loop; gives its URL. Waits until models are ready."""
    app = app or create_app(settings, scripted_models(["hello"]), **more)
    listener = listen(settings.http)
    server = uvicorn.Server(server_config(settings, app))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                task.result()
                raise app.state.server.start_error or RuntimeError("the server did not start")
            await asyncio.sleep(0.01)
        await app.state.server.hub.wait()
        yield url_of(settings, listener), app
    finally:
        server.should_exit = True
        await task
        listener.close()


async def eventually(check: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Wait for something another task does."""
    async with asyncio.timeout(timeout_s):
        while not check():  # noqa: ASYNC110  # the other side has no event to wait for
            await asyncio.sleep(0.005)
