"""From a language model's stream to what a voice can say, piece by piece.

`Speakable` takes marks of writing away (markdown, list marks, emoji, link targets);
`ClauseSplitter` cuts what remains: a short first piece so that sound starts early, then longer
ones at natural breaks. Cutting changes nothing: joined, the pieces are the speakable text,
wherever the model's tokens began and ended.
"""

from __future__ import annotations

import re
import unicodedata

_DROPPED = frozenset("*`#~|<>")
_LIST_MARK = re.compile(r"(?:[-+•–]|\d{1,3}[.)])\Z")
_CJK_ENDS = frozenset("。！？；，、")
_SENTENCE_ENDS = frozenset(".!?…。！？")
_CLAUSE_ENDS = frozenset(",;:。，；、—")
_CLOSERS = "\"')]}”’»"
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|No)|\b[A-Z])\.\Z")
MAX_LINK = 300
"""Longest link target looked through; what is longer is text after all and dropped too."""


class Speakable:
    """Streaming filter: `feed` pieces, get what can be spoken. Blanks become one space, and a
    line break one newline (a place to cut, spoken as a blank)."""

    def __init__(self) -> None:
        self._line_start = True
        self._word = ""
        """Letters of a possible list mark at the beginning of a line."""
        self._blank = ""
        self._any = False
        self._bracket_closed = False
        self._link = 0
        """Letters of a link target skipped so far; 0 outside."""

    def feed(self, text: str) -> str:
        return "".join(map(self._letter, text))

    def close(self) -> str:
        """The end of the text: what was held back."""
        return self._release() if not _LIST_MARK.match(self._word) else ""

    def _letter(self, letter: str) -> str:
        if self._link:
            self._link = 0 if letter in ")\n" or self._link > MAX_LINK else self._link + 1
            return ""
        if self._bracket_closed:
            self._bracket_closed = False
            if letter == "(":
                self._link = 1
                return ""
        if letter.isspace():
            return self._space(letter)
        if letter in "[]":
            self._bracket_closed = letter == "]"
            return ""
        if letter in _DROPPED or _is_picture(letter):
            return ""
        if letter == "_":
            return self._space(" ")
        if self._line_start:
            self._word += letter
            if re.fullmatch(r"[-+•–]|\d{1,3}[.)]?", self._word):
                return ""
            return self._release()
        return self._put(letter)

    def _space(self, letter: str) -> str:
        out = ""
        if self._word:
            if _LIST_MARK.match(self._word):
                self._word = ""
            else:
                out = self._release()
        if letter in "\n\r\v\f\u2028\u2029":
            self._blank = "\n"
            self._line_start = True
        elif not self._blank:
            self._blank = " "
        return out

    def _release(self) -> str:
        word, self._word = self._word, ""
        self._line_start = False
        return self._put(word) if word else ""

    def _put(self, letters: str) -> str:
        blank, self._blank = self._blank if self._any else "", ""
        self._any = True
        self._line_start = False
        return blank + letters


def _is_picture(letter: str) -> bool:
    if letter.isascii():
        return not letter.isprintable()
    if letter in "°℃℉№™®©":
        return False
    return unicodedata.category(letter) in ("So", "Sk", "Cs", "Cf", "Cn", "Co", "Cc")


def speakable(text: str) -> str:
    """What of a finished text is spoken."""
    whole = Speakable()
    return (whole.feed(text) + whole.close()).replace("\n", " ")


class ClauseSplitter:
    """Feed text, get the pieces to speak. A piece keeps the blank before it, so that joined
    they give `speakable` of everything fed."""

    def __init__(self, first_words: int = 2, max_words: int = 16) -> None:
        self._filter = Speakable()
        self._first = first_words
        self._max = max_words
        self._open = ""
        """Text since the last cut."""
        self._words = 0
        """Complete words in it."""
        self._in_word = False
        self._pieces = 0

    def feed(self, text: str) -> list[str]:
        return self._take(self._filter.feed(text))

    def close(self) -> list[str]:
        """The end of the text: the pieces that remain."""
        pieces = self._take(self._filter.close())
        if self._open.strip():
            pieces.append(self._cut())
        self._open = ""
        return pieces

    def _take(self, text: str) -> list[str]:
        pieces: list[str] = []
        for letter in text:
            if letter in " \n":
                if self._in_word:
                    self._words += 1
                    self._in_word = False
                    if letter == "\n" or self._breaks():
                        pieces.append(self._cut())
                self._open += " "
                continue
            self._open += letter
            self._in_word = True
            if letter in _CJK_ENDS:
                self._words += 1
                self._in_word = False
                pieces.append(self._cut())
            elif ord(letter) > 0x2E7F:
                self._words += 1
            elif letter in "!?," and not self._pieces and self._open[-2:-1].isalpha():
                # Waiting for the blank after it would cost a token of time.
                self._words += 1
                self._in_word = False
                pieces.append(self._cut())
        return pieces

    def _breaks(self) -> bool:
        if self._pieces == 0 and self._words >= self._first:
            return True
        end = self._open.rstrip(_CLOSERS)[-1:]
        if end in _SENTENCE_ENDS and end and not _ABBREVIATION.search(self._open):
            return True
        enough = 2 if self._pieces < 2 else 4
        if end and end in _CLAUSE_ENDS and self._words >= enough:
            return True
        return self._words >= min(self._max, self._first << min(self._pieces + 1, 8))

    def _cut(self) -> str:
        piece, self._open = self._open, ""
        self._words = 0
        self._in_word = False
        self._pieces += 1
        return piece
