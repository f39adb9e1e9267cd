"""The server: HTTP, signalling and everything that runs for as long as it does.

In: HTTP requests, WebSocket and WebRTC calls. Out: the page, answers, events; rows in the store
and figures in /metrics. `create_app` makes the ASGI application, `serve` runs it.
"""

from visavis.server.app import Server, create_app
from visavis.server.calls import Calls, MakeSession, WrapCall
from visavis.server.hub import ModelHub
from visavis.server.serve import configure_logging, listen, serve, server_config, url_of

__all__ = [
    "Calls",
    "MakeSession",
    "ModelHub",
    "Server",
    "WrapCall",
    "configure_logging",
    "create_app",
    "listen",
    "serve",
    "server_config",
    "url_of",
]
