"""From tokens' bytes to text that can be spoken: whole characters, ended where it should."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

JUNK_AT_START = frozenset("#*->`|_=~•–—")
"""Marks that begin lists, headings and code: no spoken sentence starts with them."""


def starts_speech(piece: bytes) -> bool:
    """False for a token that may not be the first of a reply: blanks and formatting."""
    text = piece.decode("utf-8", "ignore").strip()
    return bool(piece) and (bool(text) or not piece.isascii()) and text[:1] not in JUNK_AT_START


class TextOut:
    """Joins the bytes of tokens to text and stops before the first stop string.

    Characters split between tokens are held back until whole; so is text that might be the
    beginning of a stop string. `stopped` turns true once one was found.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._stop = tuple(mark for mark in stop if mark)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._begun = False
        self.stopped = False

    def push(self, piece: bytes) -> str:
        """The text that became certain with these bytes."""
        return self._release(self._held + self._decoder.decode(piece), at_end=False)

    def finish(self) -> str:
        """What was still held back, at the end of the reply."""
        return self._release(self._held + self._decoder.decode(b"", True), at_end=True)

    def _release(self, text: str, *, at_end: bool) -> str:
        if self.stopped:
            return ""
        if not self._begun:
            text = text.lstrip()
        found = [at for at in (text.find(mark) for mark in self._stop) if at >= 0]
        if found:
            self.stopped = True
            text, self._held = text[: min(found)], ""
        else:
            keep = 0 if at_end else self._unsure(text)
            text, self._held = text[: len(text) - keep], text[len(text) - keep :]
        self._begun = self._begun or bool(text)
        return text

    def _unsure(self, text: str) -> int:
        """Length of the longest ending that is the beginning of a stop string."""
        longest = max((len(mark) for mark in self._stop), default=1) - 1
        for length in range(min(longest, len(text)), 0, -1):
            if any(mark.startswith(text[-length:]) for mark in self._stop):
                return length
        return 0
