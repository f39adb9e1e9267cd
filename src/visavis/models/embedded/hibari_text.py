"""Text as a language model writes it, made fit to be read out by an English voice.

Numbers, times, money, units and titles are spelled out by hibari itself; here goes what it
would spell as garbage: markup, links, emoji, control characters. Nothing raises.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

_FENCE = re.compile(r"```[\w+-]*")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_URL = re.compile(r"\b(?:https?://|www\.)([^\s/?#<>\"']+)[^\s<>\"']*", re.IGNORECASE)
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}|[-*+•]|>|\d{1,3}[.)](?=\s))[ \t]+", re.MULTILINE)
_MARK = re.compile(r"[*`~|]+|(?<!\w)_+|_+(?!\w)|[\[\]{}\\]")
_SHORT = (
    (re.compile(r"\be\.\s?g\.", re.IGNORECASE), "for example"),
    (re.compile(r"\bi\.\s?e\.", re.IGNORECASE), "that is"),
    (re.compile(r"\betc\.", re.IGNORECASE), "et cetera"),
    (re.compile(r"\bvs\.", re.IGNORECASE), "versus"),
    (re.compile(r"\s*(?:->|=>|→|⇒)\s*"), " to "),
    (re.compile(r"\s*(?:--+|–|—)\s*"), ", "),
)
_SPACE = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]*_`]*\s+|\n+")
_CLAUSE_END = re.compile(r"(?<=[,;:—])\s+")
_NO_END = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|jr|sr|no|vs|e\.g|i\.e|approx|fig|gen|col|sgt|capt)|\b[A-Z]"
    r"|^\s*\d{1,3})\.[\"'”’)\]*_`]*\s*$",
    re.IGNORECASE,
)


def sentences(text: str, longest: int) -> list[str]:
    """The text in pieces to be spoken one by one, none much longer than `longest` characters.

    Pieces end at sentences, over-long ones at clauses or, failing that, at words. Joined they
    hold the words of the text in order.
    """
    pieces: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        piece = text[start : match.end()]
        if "\n" in match.group() or not _NO_END.search(piece):
            pieces.append(piece)
            start = match.end()
    pieces.append(text[start:])
    return [part for piece in pieces if piece.strip() for part in _shorten(piece.strip(), longest)]


def _shorten(sentence: str, longest: int) -> list[str]:
    if len(sentence) <= longest:
        return [sentence]
    parts: list[str] = []
    for clause in _CLAUSE_END.split(sentence):
        for word in [clause] if len(clause) <= longest else clause.split():
            for i in range(0, len(word), longest):
                bit = word[i : i + longest]
                if parts and not i and len(parts[-1]) + 1 + len(bit) <= longest:
                    parts[-1] += " " + bit
                else:
                    parts.append(bit)
    return parts


def speakable(text: str) -> str:
    """What is left to say of a piece of text, on one line; may be empty."""
    text = _FENCE.sub(" ", text)
    text = _LINK.sub(r"\1", text)
    text = _URL.sub(lambda match: _host(match.group(1)), text)
    text = _LINE_MARK.sub("", text)
    text = _MARK.sub(" ", text)
    for pattern, words in _SHORT:
        text = pattern.sub(words, text)
    kept = "".join(c if _sayable(c) else " " for c in unicodedata.normalize("NFC", text))
    kept = _SPACE.sub(" ", kept).strip()
    kept = re.sub(r"\s+([,.;:!?])", r"\1", kept)
    kept = re.sub(r"^[,.;:!?\s]+", "", kept)
    return kept if any(c.isalnum() for c in kept) else ""


def plain(text: str) -> str:
    """Only Latin letters, single digits and simple punctuation of the text."""
    folded = unicodedata.normalize("NFKD", text)
    spaced = "".join(f" {c} " if c in "0123456789" else c for c in folded)
    return _SPACE.sub(" ", re.sub(r"[^A-Za-z0-9 ,.!?]", " ", spaced)).strip()


def _host(host: str) -> str:
    return host.removeprefix("www.").rstrip(".,;:!?)").replace(".", " dot ")


def _sayable(char: str) -> bool:
    """Letters of scripts other than Latin cannot be read out; emoji should not be."""
    category = unicodedata.category(char)
    if category[0] in "CM" or category in ("So", "Sk"):
        return char in "°"
    return not (category[0] == "L" and ord(char) > 0x24F)


def word_ends(
    written: Sequence[str], spoken: Sequence[str], ends: Sequence[int]
) -> tuple[tuple[str, int], ...]:
    """Where each written word ends, from where the spoken ones do.

    `spoken` is the text after spelling out ("$5" became "five dollars") and `ends` its words'
    end samples. Words equal in both are matched; what differs between two matches is shared
    out in order. A written word that is not spoken ends where the one before it does.
    """
    if not spoken:
        return tuple((word, 0) for word in written)
    left = [_bare(word) for word in written]
    right = [_bare(word) for word in spoken]
    found: list[int] = []
    for _, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for i in range(i1, i2):
            # The last of the group of written words gets the last of the spoken ones.
            j = j1 + -(-(i - i1 + 1) * (j2 - j1) // (i2 - i1)) - 1
            found.append(ends[j] if j >= 0 else 0)
        if i1 == i2 and j2 > j1 and found:
            found[-1] = ends[j2 - 1]
    best = 0
    ordered = []
    for word, end in zip(written, found, strict=True):
        best = max(best, end)
        ordered.append((word, best))
    return tuple(ordered)


def _bare(word: str) -> str:
    return "".join(c for c in word.lower() if c.isalnum())
