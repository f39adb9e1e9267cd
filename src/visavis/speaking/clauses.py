"""From a language model's stream to pieces a voice can say.

`ClauseSplitter` cuts what the marks of writing leave: a short first piece so that sound starts
early, then longer ones at natural breaks, and never between a number and what it belongs to.
Cutting changes nothing: joined, the pieces are the speakable text, wherever the model's tokens
began and ended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from visavis.speaking.markup import Item, Markup
from visavis.speaking.rewrite import WIDE
from visavis.speaking.style import PLAIN, Style

_CJK_ENDS = frozenset("。！？；，、")
_SENTENCE_ENDS = frozenset(".!?…。！？")
_CLAUSE_ENDS = frozenset(",;:。，；、—")
_CLOSERS = "\"')]}”’»"
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|Ft|Sr|Jr|vs|etc|e\.g|i\.e|[Nn]os?|[Aa]pprox|ca|[Vv]ol|[Ff]ig"
    r"|[Cc]h|[Ss]ec|pp?|[ap]\.m|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Mon|Tues?|Wed|Thu"
    r"|Thurs|Fri|Sat|Sun|Ave|Blvd|Rd)|\b[A-Z])\.\Z"
)
_BINDS = re.compile(
    r"""(?:
      \d['’"”)\]}]*                           # a unit, "million", "pm" or the next group may follow
    | \d\s*[-–—+*/×x=<>~]
    | \d\s?ft\.?
    | [-–+*/×÷=<>≈≤≥~$€£¥₹\#&@]               # a sign belongs to what is on both sides
    | \b(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|Ft|[Nn]os?|[Aa]pprox|ca|[Vv]ol|[Ff]ig|[Cc]h|[Ss]ec|pp?|vs)\.
    | \b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?
    | \b(?:January|February|March|April|May|June|July|August|September|October|November|December)
      (?:\s\d{1,2}(?:st|nd|rd|th)?,)?
    | \b(?:Mr|Mrs|Ms|Dr|Prof|USD|EUR|GBP|CNY|JPY|RMB|US|version|chapter|Chapter|part|Part|War|Act
      |room|Room|flight|Flight|number|Number|call|Call|dial|Dial|zip|Zip|extension|code|Code
      |order|Order|Henry|Louis|Pope)
    | \b(?:AL|AZ|CA|CO|DC|FL|GA|IL|MA|MD|MI|MN|NC|NJ|NV|NY|OH|OR|PA|TX|UT|VA|WA|WI)
    )\Z""",
    re.VERBOSE,
)
_PLAIN_WORD = re.compile(r"(?:\A|\s)[^\W\d_]+(?:['’][^\W\d_]+)?[!?,]\Z")
_TAIL = 60
"""Letters at the end of the open text that are looked at."""
_LOOSE_WORDS = 24
_LONGEST = 400
"""So much is cut wherever it may be."""


@dataclass(slots=True, frozen=True)
class Piece:
    """A piece of the reply as it is written."""

    text: str
    """With the blank before it, or the line break after it."""
    code: str | None = None
    """For code, which is not read out: its language, "" if that is not said; None for text."""
    first: bool = True
    """Of code that comes in several pieces."""
    style: Style = PLAIN
    """How it is to be said."""


class ClauseSplitter:
    """Feed text, get the pieces to speak. Unless `expressive`, marks of style change nothing."""

    def __init__(
        self, first_words: int = 2, max_words: int = 16, *, expressive: bool = False
    ) -> None:
        self._expressive = expressive
        self._style = PLAIN
        self._markup = Markup()
        self._first = first_words
        self._max = max_words
        self._open = ""
        """Text since the last cut."""
        self._words = 0
        """Complete words in it."""
        self._in_word = False
        self._pieces = 0

    def feed(self, text: str) -> list[Piece]:
        return self._take(self._markup.feed(text))

    def close(self) -> list[Piece]:
        """The end of the text: the pieces that remain."""
        pieces = self._take(self._markup.close())
        self._flush(pieces)
        self._open = ""
        return pieces

    def _take(self, items: list[Item]) -> list[Piece]:
        pieces: list[Piece] = []
        for item in items:
            if isinstance(item, str):
                for letter in item:
                    self._letter(letter, pieces)
            elif isinstance(item, Style):
                if self._expressive and item != self._style:
                    self._flush(pieces)
                    self._style = item
            else:
                self._flush(pieces)
                pieces.append(Piece(self._open + item.text, item.language, item.first))
                self._open = ""
                self._pieces += 1
        return pieces

    def _letter(self, letter: str, pieces: list[Piece]) -> None:
        if letter in " \n":
            if self._in_word:
                self._words += 1
                self._in_word = False
                if letter == " " and self._breaks():
                    pieces.append(self._cut())
            self._open += letter
            if letter == "\n":
                self._flush(pieces)
            return
        self._open += letter
        self._in_word = True
        if letter in _CJK_ENDS:
            self._words += 1
            self._in_word = False
            pieces.append(self._cut())
        elif ord(letter) > WIDE:
            self._words += 1
        elif letter in "!?," and not self._pieces and _PLAIN_WORD.search(self._open):
            # Waiting for the blank after it would cost a token of time.
            self._words += 1
            self._in_word = False
            pieces.append(self._cut())
        if len(self._open) >= _LONGEST:
            pieces.append(self._cut())

    def _breaks(self) -> bool:
        if self._words < _LOOSE_WORDS and _BINDS.search(self._open[-_TAIL:]):
            return False
        if self._pieces == 0 and self._words >= self._first:
            return True
        end = self._open.rstrip(_CLOSERS)[-1:]
        if end in _SENTENCE_ENDS and end and not _ABBREVIATION.search(self._open[-_TAIL:]):
            return True
        enough = 2 if self._pieces < 2 else 4
        if end and end in _CLAUSE_ENDS and self._words >= enough:
            return True
        return self._words >= min(self._max, self._first << min(self._pieces + 1, 8))

    def _flush(self, pieces: list[Piece]) -> None:
        if self._open.strip():
            pieces.append(self._cut())

    def _cut(self) -> Piece:
        piece, self._open = Piece(self._open, style=self._style), ""
        self._words = 0
        self._in_word = False
        self._pieces += 1
        return piece


def speakable(text: str) -> str:
    """What of a finished text is written for the ear: without marks, with line breaks."""
    splitter = ClauseSplitter()
    pieces = splitter.feed(text) + splitter.close()
    return "".join(piece.text for piece in pieces).strip()
