"""Which language a piece is read out in, and reading it out."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from visavis.speaking import chinese, english
from visavis.speaking.clauses import Piece
from visavis.speaking.rewrite import Spoken, instead, rewrite, silent, word_ends

Language = Literal["en", "zh"]

_HAN = re.compile(r"[，。！？；、\u3400-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W\d_\u2e80-\uffff]+")
_RULES = {"en": english.RULES, "zh": chinese.RULES}
_LANGUAGES = {
    "py": "Python", "python": "Python", "js": "JavaScript", "javascript": "JavaScript",
    "ts": "TypeScript", "typescript": "TypeScript", "rust": "Rust", "go": "Go", "java": "Java",
    "c": "C", "cpp": "C plus plus", "c++": "C plus plus", "csharp": "C sharp", "bash": "shell",
    "sh": "shell", "shell": "shell", "sql": "SQL", "html": "HTML", "css": "CSS", "json": "JSON",
    "yaml": "YAML", "ruby": "Ruby", "php": "PHP", "swift": "Swift", "kotlin": "Kotlin",
}  # fmt: skip
_STOPS = frozenset(".!?…。！？,;:，；：、")


class Reader:
    """Reads one reply, piece by piece. A piece without words is read as the one before it."""

    def __init__(self, language: Language = "en") -> None:
        self.language: Language = language

    def read(self, piece: Piece) -> Spoken:
        """The piece as it is spoken; of code, only that it is there. Nothing raises."""
        if piece.code is not None:
            return self._code(piece, _LANGUAGES.get(piece.code, ""))
        self.language = language_of(piece.text) or self.language
        plain = "".join(map(_plain, piece.text))
        spoken = rewrite(plain, _RULES[self.language])
        if not any(letter.isalnum() for letter in spoken.text):
            return silent(piece.text)
        return _at_rest(piece.text, spoken, "。" if self.language == "zh" else ".")

    def _code(self, piece: Piece, name: str) -> Spoken:
        if not piece.first:
            return silent(piece.text)
        if self.language == "zh":
            return instead(piece.text, f"这里有一段{name}代码。")
        return instead(piece.text, f"Here is some {name} code." if name else "Here is some code.")


def _at_rest(written: str, spoken: Spoken, full_stop: str) -> Spoken:
    """The voice comes to rest after a list's item or a heading, and where an abbreviation took
    the sentence's full stop with it."""
    if spoken.text[-1] in _STOPS or not (written.endswith("\n") or written.rstrip().endswith(".")):
        return spoken
    text = spoken.text + full_stop
    return Spoken(text, spoken.ends + spoken.ends[-1:] * (len(word_ends(text)) - len(spoken.ends)))


def language_of(text: str) -> Language | None:
    """By its script: Chinese if there are as many Han characters and marks as Latin words, None
    without either."""
    han, words = len(_HAN.findall(text)), len(_WORD.findall(text))
    if not han and not words:
        return None
    return "zh" if han >= max(1, words) else "en"


def _plain(letter: str) -> str:
    """Full-width and other forms of a letter as the plain one, if that is one letter too."""
    if letter.isascii() or letter in "²³，。！？；：、（）℃℉…½¼¾":
        return letter
    if unicodedata.category(letter) == "Nd":
        return str(unicodedata.digit(letter))
    folded = unicodedata.normalize("NFKC", letter)
    return folded if len(folded) == 1 and "\uff00" <= letter <= "\uffef" else letter
