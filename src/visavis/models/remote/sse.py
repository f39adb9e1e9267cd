"""Server-sent events from bytes, as the HTML standard has them, with bounds."""

from __future__ import annotations

import re

from visavis.errors import ModelError

_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r)")


class SseParser:
    """Feed it bytes cut anywhere; it gives the data of every event that became complete.

    Raises `ModelError` for a line, or an event's data, longer than `limit` bytes.
    """

    def __init__(self, limit: int = 256 * 1024) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._data: list[str] = []
        self._size = 0

    def push(self, chunk: bytes) -> list[str]:
        self._rest += chunk
        events: list[str] = []
        at = 0
        while match := _LINE.match(self._rest, at):
            # A carriage return at the very end may be half of a line's end.
            if match[2] == b"\r" and match.end() == len(self._rest):
                break
            at = match.end()
            if (event := self._line(match[1])) is not None:
                events.append(event)
        del self._rest[:at]
        self._check(len(self._rest))
        return events

    def finish(self) -> list[str]:
        """The data of a last event that no blank line ended; some providers forget it."""
        events = self.push(b"\n\n") if self._rest or self._data else []
        return [event for event in events if event]

    def _line(self, line: bytes) -> str | None:
        self._check(len(line))
        if not line:
            data, self._data, self._size = self._data, [], 0
            return "\n".join(data) if data else None
        name, _, value = line.partition(b":")
        if name == b"data":
            value = value.removeprefix(b" ")
            self._size += len(value)
            self._check(self._size)
            self._data.append(value.decode("utf-8", "replace"))
        return None

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise ModelError(
                f"A remote model sent an event of more than {self._limit} bytes; "
                "that is no piece of a reply."
            )
