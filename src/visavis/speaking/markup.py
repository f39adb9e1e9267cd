"""Marks of writing are taken out of a stream of text: emphasis, headings, list marks, tables, link
targets, footnotes, tags, emoji. Code and marks of style come out apart from the text.

What is decided needs at most a few letters beyond it, so text is held back only as long as it could
still become a mark; wherever the stream is cut, the same comes out.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TypeAlias

from visavis.speaking.code_block import FENCE, FENCE_BEGUN, Code, CodeBlock
from visavis.speaking.style import Style, style_of

MAX_MARK = 60
"""Letters between brackets that are looked through for the closing one."""
MAX_TARGET = 300
"""Longest link target skipped; what is longer is text after all."""

_LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_RULE = re.compile(r"[ \t|:=*_-]*(?:-{2,}|={3,}|\*{3,}|_{3,})[ \t|:=*_-]*(?=\n|\Z)")
_RULE_BEGUN = re.compile(r"[ \t|:=*_-]{1,200}\Z")
_LINE_MARK = re.compile(r"#{1,6}(?=[ \t]+\S)|>|[-+*•–](?=[ \t]+\S)|\[[ xX]\](?=[ \t])")
_NUMBERED = re.compile(r"(\d{1,3})[.)](?=[ \t]+\S)")
_LINE_MARK_BEGUN = re.compile(r"(?:#{1,6}|[-+*•–]|\d{1,3}[.)]?)[ \t]*\Z|\[[ xX]?\]?\Z|\d{1,3}\Z")
_BRACKETS = re.compile(rf"\[([^\[\]\n]{{0,{MAX_MARK}}})\]")
_BRACKETS_BEGUN = re.compile(rf"\[[^\[\]\n]{{0,{MAX_MARK}}}\Z")
_FOOTNOTE = re.compile(r"\^?\d+(?:\s*[,–-]\s*\d+)*|\^[\w-]+")
_MARK = re.compile(r"/?[^\W\d_][^\W_]*(?:[ _:=.+%-]+[^\W_]+)*%?")
_TAG = re.compile(r"<(/?[a-zA-Z][^<>\n]{0,80})>")
_TAG_BEGUN = re.compile(r"</?\Z|</?[a-zA-Z][^<>\n]{0,80}\Z")
_ADDRESS = re.compile(r"[a-z]+://|[^\s@/]+@")


Item: TypeAlias = "str | Code | Style"
"""Text, code, and how what follows is to be said."""


class Markup:
    """Streaming filter. Runs of blanks become one; a line break stays, empty lines do not."""

    def __init__(self) -> None:
        self._buffer = ""
        self._at = 0
        self._out: list[Item] = []
        self._line_start = True
        self._number = 0
        """Of the numbered list that goes on."""
        self._row = False
        self._cell = False
        """A cell of a table ended."""
        self._blank = False
        self._gone = False
        """Something was left out since the letter put last."""
        self._last = "\n"
        """The letter put last."""
        self._any = False
        self._target = 0
        """Letters of a link target skipped so far; 0 outside."""
        self._address = False
        """Within the angles around an address."""
        self._code: CodeBlock | None = None
        """Within its fences."""

    def feed(self, text: str) -> list[Item]:
        """What of the text so far can be told apart by now; none of it twice."""
        return self._scan(text, final=False)

    def close(self) -> list[Item]:
        """The end of the text: what was held back."""
        return self._scan("", final=True)

    def _scan(self, text: str, *, final: bool) -> list[Item]:
        self._buffer = self._buffer[self._at :] + text
        self._at = 0
        self._out = []
        while self._at < len(self._buffer):
            used = self._step(final)
            if not used:
                break
            self._at += used
        return self._out

    def _step(self, final: bool) -> int:
        """Take the next letters; how many they were, 0 if more must be seen first."""
        if self._code is not None:
            return self._go_on_with(self._code, final)
        letter = self._buffer[self._at]
        if self._target:
            return self._skip_target(letter)
        if letter in _LINE_BREAKS:
            return self._break_line()
        if letter.isspace():
            self._blank = True
            return 1
        if self._line_start:
            used = self._mark_of_line(final)
            if used is not None:
                return used
            self._line_start = False
        return self._mark(letter, final)

    # ---- marks at the beginning of a line

    def _mark_of_line(self, final: bool) -> int | None:
        """None if the line begins with text."""
        buffer, at = self._buffer, self._at
        if fence := FENCE.match(buffer, at):
            self._code = CodeBlock(fence)
            self._emit(self._code.opening)
            return len(fence[0])
        whole = _RULE.match(buffer, at)
        if whole and (final or whole.end() < len(buffer)):
            return len(whole[0])
        if not final and (
            FENCE_BEGUN.match(buffer, at)
            or _RULE_BEGUN.match(buffer, at)
            or _LINE_MARK_BEGUN.match(buffer, at)
        ):
            return 0
        if buffer[at] == "|":
            self._row = True
            return 1
        if mark := _LINE_MARK.match(buffer, at):
            return len(mark[0])
        mark = _NUMBERED.match(buffer, at)
        # A sentence may begin with a number too, but only a list goes on counting.
        if mark and int(mark[1]) in (1, self._number + 1):
            self._number = int(mark[1])
            return len(mark[0])
        return None

    def _go_on_with(self, code: CodeBlock, final: bool) -> int:
        line = code.line(self._buffer, self._at, final)
        if kept := code.keep(line):
            self._emit(kept)
        if code.closed:
            self._code, self._line_start = None, True
        return len(line)

    def _break_line(self) -> int:
        if not self._line_start and self._any:
            self._put_raw("\n")
        self._line_start, self._blank = True, False
        self._row = self._cell = False
        return 1

    # ---- marks within a line

    def _mark(self, letter: str, final: bool) -> int:
        buffer, at = self._buffer, self._at
        following = buffer[at + 1 : at + 2]
        if letter in "*_~`":
            return self._emphasis(letter, final)
        if letter == "[":
            return self._bracket(final)
        if letter in "]\\" or (letter in "#!" and not self._near().isalnum()):
            if not following and not final:
                return 0
            self._sign(letter, following)
            return 1
        if letter == "<":
            return self._angle(final)
        if letter == ">":
            closes, self._address = self._address, False
            return 1 if closes else self._put(letter)
        if letter == "|":
            self._cell, self._blank = self._row, True
            return 1
        if letter in "{}" or _is_picture(letter):
            self._gone = True
            return 1
        return self._put(letter)

    def _sign(self, letter: str, following: str) -> None:
        kept = {
            "]": False,
            "\\": following.isalnum() and self._near() in ":\\",
            "#": following.isdigit(),
            "!": following != "[",
        }
        if letter == "]" and following == "(":
            self._target = 1
        elif kept[letter]:
            self._put(letter)

    def _emphasis(self, letter: str, final: bool) -> int:
        buffer, at = self._buffer, self._at
        end = at
        while end < len(buffer) and buffer[end] == letter and end - at < 100:
            end += 1
        if end == len(buffer) and not final:
            return 0 if end - at < 100 else end - at
        before, after = self._near(), buffer[end : end + 1] or " "
        kept = {
            "*": (end - at == 1 and (before + after).isdigit()) or (before, after) == (" ", " "),
            "_": before.isalnum() and after.isalnum(),
            "~": end - at == 1 and after.isdigit(),
            "`": False,
        }
        if kept[letter]:
            for _ in range(end - at):
                self._put(letter)
        return end - at

    def _bracket(self, final: bool) -> int:
        buffer, at = self._buffer, self._at
        found = _BRACKETS.match(buffer, at)
        if found is None:
            return 0 if not final and _BRACKETS_BEGUN.match(buffer, at) else 1
        if found.end() == len(buffer) and not final:
            return 0
        if buffer[found.end() : found.end() + 1] != "(" and (
            _FOOTNOTE.fullmatch(found[1]) or _MARK.fullmatch(found[1])
        ):
            self._gone = True
            style = style_of(found[1])
            if style is not None:
                self._out.append(style)
            return len(found[0])
        return 1

    def _angle(self, final: bool) -> int:
        tag = _TAG.match(self._buffer, self._at)
        if tag is None:
            if not final and _TAG_BEGUN.match(self._buffer, self._at):
                return 0
            return self._put("<")
        if _ADDRESS.match(tag[1]):
            self._address = True
            return 1
        if tag[1].lower().startswith("br"):
            self._break_line()
        return len(tag[0])

    def _skip_target(self, letter: str) -> int:
        self._target += 1
        if letter == ")" or self._target > MAX_TARGET:
            self._target = 0
        elif letter in _LINE_BREAKS:
            self._target = 0
            return self._break_line()
        return 1

    # ---- what comes out

    def _near(self) -> str:
        """The letter before the next, as it comes out."""
        return " " if self._blank or self._cell else self._last

    def _put(self, letter: str) -> int:
        if self._cell and self._last not in "\n,":
            self._put_raw(",")
        torn = self._gone and letter in ",.;:!?"
        if (self._blank or self._cell) and self._last != "\n" and not torn:
            self._put_raw(" ")
        self._blank = self._cell = self._gone = False
        self._put_raw(letter)
        return 1

    def _put_raw(self, letter: str) -> None:
        self._any = True
        self._last = letter
        if self._out and isinstance(self._out[-1], str):
            self._out[-1] += letter
        else:
            self._out.append(letter)

    def _emit(self, code: Code) -> None:
        self._blank = False
        self._last = "\n"
        self._out.append(code)


def _is_picture(letter: str) -> bool:
    """Emoji, and letters that cannot be seen."""
    if letter.isascii():
        return not letter.isprintable()
    if letter in "°℃℉№™®©":
        return False
    return unicodedata.category(letter) in ("So", "Sk", "Cs", "Cf", "Cn", "Co", "Cc")
