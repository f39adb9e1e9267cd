"""From whole partial transcripts to the protocol's deltas, which can only append."""

from __future__ import annotations


class StableText:
    """Sends on the words that two partial transcripts in a row agree on.

    A recogniser revises its last words; a delta cannot be taken back. Once something already
    sent turns out to be wrong, nothing more is sent, and the final transcript puts it right.
    """

    def __init__(self) -> None:
        self._last: list[str] = []
        self._sent: list[str] = []

    def push(self, text: str) -> str:
        """The newest whole text; returns what to append to what was sent, possibly ''."""
        words = text.split()
        agreed = 0
        for old, new in zip(self._last, words, strict=False):
            if old != new:
                break
            agreed += 1
        self._last = words
        return self._send(words[:agreed])

    def finish(self, text: str) -> str:
        """The final text; returns the last delta, '' if what was sent contradicts it."""
        return self._send(text.split())

    def _send(self, words: list[str]) -> str:
        known = len(self._sent)
        if len(words) <= known or words[:known] != self._sent:
            return ""
        fresh = " ".join(words[known:])
        self._sent = words
        return f" {fresh}" if known else fresh
