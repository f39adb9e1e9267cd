"""A real HTTP server that speaks the OpenAI protocol, well or badly, as a test tells it."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from visavis.models.remote import Endpoint

Behave = Callable[[Request], Awaitable[Response]]


@dataclass
class Provider:
    """`behave` answers every request; `seen` are the paths, `bodies` what was sent."""

    port: int
    behave: Behave | None = None
    seen: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when a client left before its answer was complete."""

    def endpoint(self, **settings: Any) -> Endpoint:
        limits: dict[str, Any] = {"first_byte_s": 5.0, "idle_s": 5.0, "api_key": "sk-secret-1"}
        url = f"http://127.0.0.1:{self.port}/v1"
        return Endpoint(url, "test-model", **(limits | settings))

    def streams(self, *pieces: bytes, kind: str = "text/event-stream") -> None:
        """Answer with these pieces, each its own chunk."""

        async def behave(request: Request) -> Response:
            async def body() -> AsyncIterator[bytes]:
                for piece in pieces:
                    yield piece

            return StreamingResponse(body(), media_type=kind)

        self.behave = behave

    def refuses(self, status: int, message: str, *, times: int = 1000) -> None:
        """Answer so many requests with an error, then go back to what was told before."""
        after, left = self.behave, times

        async def behave(request: Request) -> Response:
            nonlocal left
            left -= 1
            if left < 0 and after is not None:
                return await after(request)
            return JSONResponse({"error": {"message": message}}, status)

        self.behave = behave


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    provider = Provider(sock.getsockname()[1])

    async def answer(request: Request) -> Response:
        provider.seen.append(request.url.path)
        provider.bodies.append(await request.body())
        provider.headers.append(dict(request.headers))
        assert provider.behave is not None
        return await provider.behave(request)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([sock],))
    thread.start()
    yield provider
    server.should_exit = True
    thread.join()
    sock.close()


@pytest.fixture
def half_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Accepts connections and never says a word."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield Provider(sock.getsockname()[1])
