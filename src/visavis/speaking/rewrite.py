"""Rules that turn what is written into what is spoken, and what of the one each word of the other
stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Say: TypeAlias = Callable[[re.Match[str]], str | None]
Rule: TypeAlias = tuple[re.Pattern[str], Say]
"""A pattern, and what a match of it is spoken as; None leaves the match to later rules."""

WIDE = 0x2E7F
"""Letters beyond this are words of their own (CJK)."""


def rule(pattern: str, say: Say, flags: int = 0) -> Rule:
    return re.compile(pattern, flags), say


def any_of(words: Iterable[str]) -> str:
    """A pattern of these words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


@dataclass(slots=True, frozen=True)
class Spoken:
    """One piece of a reply as it is spoken."""

    text: str
    """For the voice; no digits in it."""
    ends: tuple[int, ...]
    """For each word of `text` (as `word_ends` counts them) how much of the written piece has been
    said when it ends: whole written words, growing."""


def silent(written: str) -> Spoken:
    """A piece that is not spoken."""
    return Spoken("", ())


def instead(written: str, said: str) -> Spoken:
    """A piece in whose place something else is said; it counts when the last word is said."""
    count = len(word_ends(said))
    return Spoken(said, (0,) * (count - 1) + (len(written),) if count else ())


def rewrite(written: str, rules: Sequence[Rule]) -> Spoken:
    """Every rule in its turn replaces what it matches and no rule before it took."""
    taken = bytearray(len(written))
    parts: list[tuple[int, int, str]] = []
    for pattern, say in rules:
        for match in pattern.finditer(written):
            start, end = match.span()
            if start == end or any(taken[start:end]):
                continue
            said = say(match)
            if said is not None:
                taken[start:end] = b"\1" * (end - start)
                parts.append((start, end, said))
    return _join(written, sorted(parts))


def _join(written: str, parts: Sequence[tuple[int, int, str]]) -> Spoken:
    out: list[str] = []
    upto: list[int] = []
    """For each spoken letter, how much of the written text has been said after it."""
    at = 0

    def put(letter: str, done: int) -> None:
        if letter.isspace():
            if out and out[-1] != " ":
                out.append(" ")
                upto.append(upto[-1])
            return
        out.append(letter)
        upto.append(done)

    for start, end, said in [*parts, (len(written), len(written), "")]:
        for index in range(at, start):
            if index == at and parts and at and _touch(out, written[index]):
                put(" ", 0)
            put(written[index], index + 1)
        if said and _touch(out, said[0]):
            put(" ", 0)
        for index, letter in enumerate(said):
            put(letter, end if index == len(said) - 1 else start)
        at = end
    while out and out[-1] == " ":
        out.pop()
        upto.pop()
    if upto:
        upto[-1] = len(written)
    text = "".join(out)
    return Spoken(text, tuple(_whole(written, upto[end - 1]) for end in word_ends(text)))


def _touch(out: Sequence[str], letter: str) -> bool:
    """Two words would run together."""
    return bool(out) and _latin(out[-1]) and _latin(letter)


def _latin(letter: str) -> bool:
    return letter.isalnum() and ord(letter) <= WIDE


def _whole(written: str, length: int) -> int:
    """The same without a word that is only half said."""
    while 0 < length < len(written) and not (
        written[length].isspace()
        or written[length - 1].isspace()
        or ord(written[length]) > WIDE
        or ord(written[length - 1]) > WIDE
    ):
        length -= 1
    return length


def word_ends(text: str) -> list[int]:
    """Where each word of the text ends (exclusive). CJK characters are words."""
    ends: list[int] = []
    inside = False
    for index, letter in enumerate(text):
        if letter.isspace():
            inside = False
        elif inside and ord(letter) <= WIDE and ord(text[index - 1]) <= WIDE:
            ends[-1] = index + 1
        else:
            ends.append(index + 1)
            inside = True
    return ends
