"""Who may use the server: the API key, and pages of our own origin only."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from visavis.settings import Settings

WS_KEY_PREFIX = "openai-insecure-api-key."
"""How a browser passes a key to a WebSocket: as a subprotocol, like OpenAI's clients do."""


class Access:
    """Only the key's hash is kept."""

    def __init__(self, settings: Settings) -> None:
        key = settings.http.api_key
        self._digest = None if key is None else _digest(key.get_secret_value())

    def refusal(self, request: HTTPConnection) -> tuple[int, str, str] | None:
        """None if the request may pass, else (HTTP status, code, message)."""
        if not same_origin(request):
            return 403, "forbidden_origin", "Calls are only taken from this server's own page."
        if self._digest is None:
            return None
        given = _given_key(request)
        if given is None:
            return 401, "missing_api_key", "Send the server's key as `Authorization: Bearer <key>`."
        if not hmac.compare_digest(_digest(given), self._digest):
            return 401, "invalid_api_key", "The API key is not this server's."
        return None

    def may_read_calls(self, request: HTTPConnection) -> bool:
        """Transcripts are shown to whoever has the key; without one, on this machine only."""
        if self._digest is not None:
            return self.refusal(request) is None
        here = request.client is not None and is_loopback(request.client.host)
        # A name that merely resolves to this machine (DNS rebinding) is not good enough.
        return here and is_loopback(request.url.hostname or "") and same_origin(request)


def same_origin(request: HTTPConnection) -> bool:
    """False for a browser page of another origin; programs send no Origin."""
    origin = request.headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc == request.headers.get("host")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _given_key(request: HTTPConnection) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key:
        return key.strip()
    for name in request.headers.get("sec-websocket-protocol", "").split(","):
        if name.strip().startswith(WS_KEY_PREFIX):
            return name.strip().removeprefix(WS_KEY_PREFIX)
    return request.query_params.get("key")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
