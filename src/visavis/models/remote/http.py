"""One request to a remote model: its time limits, its retries and its errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from visavis.errors import ModelError, RequestRefused

RETRIED = frozenset({408, 429, 500, 502, 503, 504})
"""Status codes after which the same request may succeed."""
REFUSED = frozenset({400, 413, 422})
"""Status codes that find fault with the request, not with the provider."""
_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 1.0
_ERROR_BYTES = 4096
_ERROR_CHARS = 200


@dataclass(slots=True, frozen=True)
class Endpoint:
    """Where a remote model is and how long it may take."""

    base_url: str
    """Up to and including `/v1`."""
    model: str
    api_key: str | None = field(default=None, repr=False)
    connect_s: float = 2.0
    first_byte_s: float = 5.0
    """From the request sent to the first byte of the answer's body."""
    idle_s: float = 2.0
    """Between two pieces of the answer: a provider that hangs is noticed after this."""
    retries: int = 1
    """How often a request is tried again that failed before its first byte."""


class RemoteClient:
    """Sends requests to one endpoint. Every failure is a `ModelError` without the key."""

    def __init__(self, endpoint: Endpoint, what: str) -> None:
        if not endpoint.base_url.startswith(("http://", "https://")):
            raise ModelError(
                f"The address of the {what} must begin with http:// or https://; "
                f"it is {endpoint.base_url!r}."
            )
        self.endpoint = endpoint
        headers = {"authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
        # The time limits below are ours: httpx has one for every read, the first included.
        self._http = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(None, connect=endpoint.connect_s, pool=endpoint.connect_s),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
        )
        self._name = f"{what} at {httpx.URL(endpoint.base_url).host}"

    async def aclose(self) -> None:
        await self._http.aclose()

    @asynccontextmanager
    async def post(self, path: str, **content: Any) -> AsyncIterator[AsyncIterator[bytes]]:
        """The pieces of the answer's body, as they come. `content` is httpx's (json, data,
        files). Leaving the block closes the connection, even in the middle of the answer."""
        url = self.endpoint.base_url.rstrip("/") + path
        for attempt in range(self.endpoint.retries + 1):
            last = attempt == self.endpoint.retries
            request = self._http.build_request("POST", url, **content)
            async with aclosing(self._answer(request)) as pieces:
                try:
                    first = await anext(pieces, b"")
                except _Passing as failure:
                    if last:
                        raise self.error(failure.text) from failure.__cause__
                    pause = failure.pause_s
                else:
                    yield _joined(first, pieces)
                    return
            await asyncio.sleep(pause)

    def error(self, text: str) -> ModelError:
        """A `ModelError` that names the service and never the key."""
        if self.endpoint.api_key:
            text = text.replace(self.endpoint.api_key, "***")
        return ModelError(f"The {self._name} {text}")

    async def _answer(self, request: httpx.Request) -> AsyncGenerator[bytes, None]:
        """The body's pieces. Raises `_Passing` for what may be tried again."""
        wait, begun = self.endpoint.first_byte_s, False
        try:
            loop = asyncio.get_running_loop()
            deadline = loop.time() + wait
            async with asyncio.timeout_at(deadline):
                response = await self._http.send(request, stream=True)
            try:
                if response.status_code != 200:
                    raise await self._refused(response)
                chunks = response.aiter_bytes()
                while True:
                    limit = loop.time() + wait if begun else deadline
                    async with asyncio.timeout_at(limit):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        return
                    begun, wait = True, self.endpoint.idle_s
                    yield chunk
            finally:
                await response.aclose()
        except TimeoutError as failure:
            raise self.error(f"gave no answer for {wait:g} s.") from failure
        except (httpx.ConnectError, httpx.ConnectTimeout) as failure:
            raise _Passing("cannot be reached; check its address and network.") from failure
        except httpx.InvalidURL as failure:
            raise self.error("has an address that is not a URL.") from failure
        except httpx.HTTPError as failure:
            text = f"broke off ({type(failure).__name__})."
            raise (self.error(text) if begun else _Passing(text)) from failure

    async def _refused(self, response: httpx.Response) -> Exception:
        body = b""
        async with asyncio.timeout(self.endpoint.idle_s):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) >= _ERROR_BYTES:
                    break
        text = f"answered {response.status_code}: {_reason(body[:_ERROR_BYTES])}"
        if response.status_code in REFUSED:
            return RequestRefused(str(self.error(text)))
        if response.status_code not in RETRIED:
            return self.error(text)
        asked = response.headers.get("retry-after", "")
        pause = float(asked) if asked.isdecimal() else _PAUSE_S
        return _Passing(text, min(pause, _LONGEST_PAUSE_S))


class _Passing(Exception):
    """A failure before the first byte that may pass; a signal inside this file."""

    def __init__(self, text: str, pause_s: float = _PAUSE_S) -> None:
        self.text = text
        self.pause_s = pause_s


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in rest:
        yield piece


def _reason(body: bytes) -> str:
    """What an error's body says, in one short line."""
    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict):
        error = found.get("error", found)
        message = error.get("message", error) if isinstance(error, dict) else error
        text = message if isinstance(message, str) else json.dumps(message)
    line = " ".join(text.split())
    return line[:_ERROR_CHARS] + ("…" if len(line) > _ERROR_CHARS else "") or "(no reason given)"
