"""A language model behind `POST /chat/completions`, streamed."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from visavis.errors import ModelError
from visavis.models.protocols import DEFAULT_OPTIONS, ChatMessage, GenerateOptions, ToolCall
from visavis.models.remote.http import Endpoint, RemoteClient
from visavis.models.remote.sse import SseParser
from visavis.models.remote.tool_calls import ToolCallsIn, message_field, tools_field

_LONGEST_REPLY = 100_000
"""Characters after which a reply is taken for a runaway."""


class RemoteLanguageModel:
    """`LanguageModel` over HTTP. `options.extra` goes into the request as it is."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.model
        self._client = RemoteClient(endpoint, "language model")

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[str | ToolCall, None]:
        """Stream the reply, calls of tools last; closing closes the connection. Raises
        `ModelError` for every failure, also for a stream that ends before the reply does."""
        parser, calls, length, finished = SseParser(), ToolCallsIn(), 0, False
        request = self._request(messages, options)
        async with self._client.post("/chat/completions", json=request) as chunks:
            async for chunk in chunks:
                for data in parser.push(chunk):
                    text, ends = self._event(data, calls)
                    finished = finished or ends
                    length += len(text)
                    if length > _LONGEST_REPLY:
                        raise self._client.error("does not come to an end.")
                    if text or calls:
                        yield text  # nothing, while a call is written, but somebody is alive
            for data in parser.finish():
                text, ends = self._event(data, calls)
                finished = finished or ends
                if text:
                    yield text
        if not finished:
            raise self._client.error("ended its stream in the middle of a reply.")
        for call in calls.take():
            yield call

    async def prefill(self, messages: Sequence[ChatMessage]) -> None:
        """Nothing to do: the cache is the provider's."""

    async def aclose(self) -> None:
        await self._client.aclose()

    def _request(self, messages: Sequence[ChatMessage], options: GenerateOptions) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.name,
            "messages": [message_field(message) for message in messages],
            "stream": True,
            "max_tokens": options.max_tokens,
            "temperature": options.temperature,
        }
        if tools := tools_field(messages):
            body["tools"] = tools
        if options.stop:
            body["stop"] = list(options.stop)
        return body | options.extra

    def _event(self, data: str, calls: ToolCallsIn) -> tuple[str, bool]:
        """The text of one event, and whether it ends the reply."""
        if data.strip() == "[DONE]":
            return "", True
        try:
            event = json.loads(data)
            if "error" in event:
                error = event["error"]
                reason = error.get("message", error) if isinstance(error, dict) else error
                raise self._client.error(f"failed in mid-reply: {str(reason)[:200]}")
            choices = event.get("choices") or []
            if not choices:
                return "", False
            delta = choices[0].get("delta", {})
            if delta.get("tool_calls"):
                self._call(calls, delta["tool_calls"])
            text = delta.get("content") or ""
            if not isinstance(text, str):
                raise TypeError(f"content is {type(text).__name__}")
            return text, choices[0].get("finish_reason") is not None
        except ModelError:
            raise
        except (ValueError, TypeError, AttributeError, KeyError, IndexError) as failure:
            raise self._client.error(
                f"sent an event that is not a piece of a reply: {data[:80]!r}."
            ) from failure

    def _call(self, calls: ToolCallsIn, fragments: Any) -> None:
        try:
            calls.push(fragments)
        except ModelError as wrong:
            raise self._client.error(f"called a tool wrongly: {wrong}.") from None
