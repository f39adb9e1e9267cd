"""The ASGI application of one server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from visavis.conversation import FunctionTool
from visavis.errors import VisavisError
from visavis.line import LineEngine, native_available
from visavis.models.protocols import ModelSet, NativeVoice
from visavis.server.access import Access
from visavis.server.calls import Calls, MakeSession, WrapCall
from visavis.server.http import Http
from visavis.server.hub import ModelHub
from visavis.server.load_tools import load_tools
from visavis.server.metrics import Metrics
from visavis.server.page import web_folder
from visavis.server.websocket import RealtimeSocket
from visavis.settings import Settings
from visavis.store import Store

log = structlog.get_logger(__name__)


class Server:
    """Everything one application holds; `app.state.server`. Complete between start and stop."""

    calls: Calls
    engine: LineEngine | None

    def __init__(
        self,
        settings: Settings,
        models: ModelSet | None,
        *,
        webrtc: bool,
        make_session: MakeSession | None,
        wrap_call: WrapCall | None,
        tools: Sequence[FunctionTool] = (),
    ) -> None:
        self.settings = settings
        self._tools = tuple(tools)
        self.hub = ModelHub(settings, models, on_loaded=self._listen)
        self.metrics = Metrics()
        self.metrics.watch_models(self.hub.standings)
        self.access = Access(settings)
        self.store: Store | None = None
        self.start_error: VisavisError | None = None
        """Why `start` failed."""
        self._webrtc = webrtc
        self._make_session = make_session
        self._wrap_call = wrap_call

    async def start(self) -> None:
        """Load tools, open store and media socket, begin to load models. SettingsError."""
        tools = (*self._tools, *await asyncio.to_thread(load_tools, self.settings.agent.tools))
        if self.settings.store.enabled:
            self.store = await asyncio.to_thread(Store.open, self.settings.store.url)
        try:
            self.engine = self._open_engine()
        except VisavisError:
            self._close_store()
            raise
        self.calls = Calls(
            self.settings,
            self.hub,
            self.metrics,
            store=self.store,
            engine=self.engine,
            make_session=self._make_session,
            wrap_call=self._wrap_call,
            tools=tools,
        )
        self.hub.start()

    def _close_store(self) -> None:
        if self.store is not None:
            self.store.close()

    def _open_engine(self) -> LineEngine | None:
        if not self._webrtc:
            return None
        if not native_available():
            log.warning("server.no_webrtc", why="visavis-line is not installed")
            return None
        engine = LineEngine(self.settings.media_network(), self.settings.limits.for_call())
        self.metrics.watch_line(engine.stats)
        return engine

    def _listen(self, models: ModelSet) -> None:
        """The native line runs the detector itself if it can."""
        if self.engine is not None and isinstance(models.vad, NativeVoice):
            self.engine.listen(models.vad.weights())

    async def stop(self) -> None:
        """Tell and end every call, then free everything."""
        await self.calls.close_all("server_shutdown", "The server is shutting down.")
        if self.engine is not None:
            await self.engine.aclose()
        await self.hub.aclose()
        await asyncio.to_thread(self._close_store)


def create_app(
    settings: Settings,
    models: ModelSet | None = None,
    *,
    webrtc: bool = True,
    make_session: MakeSession | None = None,
    wrap_call: WrapCall | None = None,
    tools: Sequence[FunctionTool] = (),
) -> Starlette:
    """The application. `models` are used instead of those the settings name, and stay open;
    `webrtc=False` answers as if the native module were missing; `wrap_call` comes between each
    call's transport and conversation (see `WrapCall`); `tools` are the agent's, before those that
    the settings name.

    Its lifespan must run (uvicorn does); it raises SettingsError if store or media socket cannot
    be opened.
    """
    server = Server(
        settings,
        models,
        webrtc=webrtc,
        make_session=make_session,
        wrap_call=wrap_call,
        tools=tools,
    )
    http = Http(server)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            await server.start()
        except VisavisError as error:
            # uvicorn turns this into an exit; `serve` raises it again, in words.
            server.start_error = error
            raise
        try:
            yield
        finally:
            await server.stop()

    async def realtime(socket: WebSocket) -> None:
        await RealtimeSocket(server, socket).run()

    call = "/v1/realtime/calls/{call_id}"
    routes: list[BaseRoute] = [
        Route("/config.json", http.config),
        Route("/health", http.health),
        Route("/metrics", http.metrics),
        Route("/v1/realtime/calls", http.open_call, methods=["POST"]),
        Route(call, http.hang_up, methods=["DELETE"]),
        Route(call, http.restart_ice, methods=["PATCH"]),
        Route(f"{call}/hangup", http.hang_up, methods=["POST"]),
        WebSocketRoute("/v1/realtime", realtime),
        Route("/v1/calls", http.list_calls),
        Route("/v1/calls/{call_id}", http.show_call),
    ]
    folder = web_folder()
    if folder is None:
        routes.append(Route("/", _no_page))
    else:
        routes.append(Mount("/", StaticFiles(directory=folder, html=True)))
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.server = server
    return app


async def _no_page(_: Request) -> Response:
    return PlainTextResponse("visavis is running; this installation has no page (web/).\n", 404)
