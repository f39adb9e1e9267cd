"""Going on with a reply that somebody else began."""

from __future__ import annotations

import re
from collections.abc import Sequence

from visavis.models.protocols import ChatMessage

GO_ON = (
    "(Your reply was cut off there. Go on from its last word, in the same sentence. Repeat "
    "nothing of it, and do not mention this.)"
)
_WORD = re.compile(r"(?=\w)[\u2e80-\uffff]|(?:(?![\u2e80-\uffff])[\w'])+")
"""A word, or one character of a script without blanks."""


def resuming(messages: Sequence[ChatMessage], said: str) -> list[ChatMessage]:
    """What to ask for the rest of a reply of which `said` was given."""
    if not said.strip():
        return list(messages)
    return [*messages, ChatMessage("assistant", said.strip()), ChatMessage("user", GO_ON)]


class Resumed:
    """Joins the rest of a reply to `said`: `push` its pieces, get what is new.

    A model that begins again from the first word, or with the last ones (many do), is listened
    to in silence as long as it says the same words. Text without `said` goes through untouched.
    """

    def __init__(self, said: str) -> None:
        self._said = _words(said)
        self._end = said[-1:]
        self._held = ""
        self._joined = not self._said

    def push(self, piece: str) -> str:
        return piece if self._joined else "".join(map(self._letter, piece))

    def finish(self) -> str:
        """What is still held back, at the end of the rest."""
        return "" if self._joined else self._join()

    def _letter(self, letter: str) -> str:
        if self._joined:
            return letter
        self._held += letter
        if _is_wide(letter) or not (letter.isalnum() or letter in "_'"):
            words = _words(self._held)
            if words and not self._repeats(words):
                return self._join()
        return ""

    def _repeats(self, words: list[str]) -> bool:
        """Whether these may be words of `said` again, with more of them to come."""
        count = len(words)
        places = range(len(self._said) - count)
        return any(self._said[place : place + count] == words for place in places)

    def _join(self) -> str:
        self._joined = True
        text, found = self._held, list(_WORD.finditer(self._held))
        if again := _common_end(self._said, [match.group().lower() for match in found]):
            text = text[found[again - 1].end() :]
        if self._end.isspace():
            return text.lstrip(" ")
        blank = text[:1].isalnum() and not _is_wide(text[0]) and not _is_wide(self._end)
        return (" " if blank else "") + text


def _is_wide(letter: str) -> bool:
    return letter > "\u2e7f"


def _common_end(said: Sequence[str], rest: Sequence[str]) -> int:
    """How many of the first words of `rest` are the last ones of `said` again."""
    for count in range(min(len(said), len(rest)), 0, -1):
        if said[-count:] == rest[:count]:
            return count
    return 0


def _words(text: str) -> list[str]:
    return [match.group().lower() for match in _WORD.finditer(text)]
