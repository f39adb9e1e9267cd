"""The OpenAI Realtime protocol (GA names, a first slice) around a conversation.

In: a client's messages as text, the session's events, what the transport reports. Out: server
events as dicts, and calls of the session's methods. `RealtimeBridge` speaks for one session over
any transport; `WebSocketPort` is the transport that carries the sound in the protocol itself.
Our own events begin with `visavis.`: hello, state, ledger, link; from the client: playback.
"""

from visavis.realtime.bridge import Microphone, RealtimeBridge, Talk
from visavis.realtime.client_events import ClientEventError
from visavis.realtime.limits import RateLimit
from visavis.realtime.narrator import Narrator
from visavis.realtime.server_events import SessionView
from visavis.realtime.websocket_port import WebSocketPort

__all__ = [
    "ClientEventError",
    "Microphone",
    "Narrator",
    "RateLimit",
    "RealtimeBridge",
    "SessionView",
    "Talk",
    "WebSocketPort",
]
