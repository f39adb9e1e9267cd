"""Running a server in the foreground, until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import socket
import sys
from collections.abc import Callable

import structlog
import uvicorn
from starlette.applications import Starlette

from visavis.errors import SettingsError
from visavis.server.app import Server, create_app
from visavis.settings import HttpSettings, Settings

GRACE_S = 5


def listen(http: HttpSettings) -> socket.socket:
    """A listening socket. SettingsError if the address is taken, forbidden or not ours."""
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((http.host, http.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SettingsError(_cannot_listen(http, error)) from error
    listener.setblocking(False)
    return listener


def _cannot_listen(http: HttpSettings, error: OSError) -> str:
    where = f"http.port {http.port} on {http.host}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"{where} is already in use, perhaps by another visavis. Stop the other program or "
            f"choose another port with --port (0 takes a free one)."
        )
    if error.errno == errno.EACCES:
        return f"{where} needs privileges this user lacks; choose a port from 1024 on."
    return (
        f"{where} cannot be opened: {error.strerror or error}. http.host must be an address of "
        f"this machine, 127.0.0.1 or 0.0.0.0."
    )


def url_of(settings: Settings, listener: socket.socket) -> str:
    """Where the page is, for a person on this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    scheme = "https" if settings.http.tls_cert else "http"
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{port}"


def server_config(settings: Settings, app: Starlette) -> uvicorn.Config:
    """uvicorn as this server needs it; also for servers inside another program's loop."""
    limits = settings.limits
    return uvicorn.Config(
        app,
        lifespan="on",
        ws="websockets-sansio",
        # Somewhat larger messages are refused by an event, in words; beyond that by closing.
        ws_max_size=4 * limits.max_message_bytes,
        # A client that vanishes answers no ping.
        ws_ping_interval=limits.silence_timeout_s / 2,
        ws_ping_timeout=limits.silence_timeout_s / 2,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE_S,
        access_log=False,
        log_config=None,
        server_header=False,
        root_path=settings.http.root_path,
        ssl_certfile=settings.http.tls_cert,
        ssl_keyfile=settings.http.tls_key,
    )


def serve(
    settings: Settings,
    *,
    app: Starlette | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. `on_ready` gets the URL once connections are taken.

    SettingsError if the port is in use, or store or media socket cannot be opened.
    """
    configure_logging(settings)
    listener = listen(settings.http)
    uvicorn_log = logging.getLogger("uvicorn.error")
    application = app or create_app(settings)

    def unexplained(_: logging.LogRecord) -> bool:
        """A start that failed is told once, by the error raised here, without a traceback."""
        return application.state.server.start_error is None

    uvicorn_log.addFilter(unexplained)
    try:
        server = _Server(
            server_config(settings, application),
            application.state.server,
            on_ready,
            url_of(settings, listener),
        )
        server.run(sockets=[listener])
    except SystemExit:
        failed = application.state.server.start_error
        if failed is None:
            raise
        raise failed from None
    finally:
        uvicorn_log.removeFilter(unexplained)
        listener.close()


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        inside: Server,
        on_ready: Callable[[str], None] | None,
        url: str,
    ) -> None:
        super().__init__(config)
        self._inside = inside
        self._on_ready = on_ready
        self._url = url
        self._tidying: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.should_exit:
            return
        self._tidying = asyncio.create_task(_tidy(self._inside), name="visavis-tidy")
        if self._on_ready is not None:
            self._on_ready(self._url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
        await super().shutdown(sockets=sockets)


async def _tidy(inside: Server) -> None:
    """Take what lives as long as the server out of the collector's sight, so that collections
    become short; and free ended calls, whose parts know each other, while nobody waits."""
    await inside.hub.wait()
    gc.collect()
    gc.freeze()
    inside.calls.on_idle = gc.collect


def configure_logging(settings: Settings) -> None:
    """structlog and the standard library's loggers to stderr. No speech is ever logged."""
    level = getattr(logging, settings.log.level.upper())
    logging.basicConfig(level=max(level, logging.WARNING), format="%(name)s: %(message)s")
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log.json_lines
        else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
