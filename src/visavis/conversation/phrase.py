"""What the words so far promise: an end, or more."""

from __future__ import annotations

from dataclasses import dataclass

from visavis.conversation.words import normalize, word_list

_FILLERS = frozenset({"um", "uh", "er", "erm", "hmm", "hm", "mm", "嗯", "呃", "额"})
_DIGITS = frozenset("零一二三四五六七八九幺两") | {
    "oh", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"
}  # fmt: skip
_HAN = "\u4e00"
"""The first Chinese character: from there on words are written without blanks."""
_DICTATED = 2
"""So many digits or letters at the end are a number or a name being spelled."""


@dataclass(slots=True, frozen=True)
class Phrase:
    """The shape of the words so far."""

    words: int
    ended: bool
    """The recogniser heard the end of a sentence."""
    comma: bool
    hanging: bool
    """The last word wants another ("and", "the", "I'm")."""
    filler: bool
    """The last word only fills a pause ("um")."""
    dictated: bool
    """Digits or letters are being said one by one."""
    question: bool


def phrase(text: str) -> Phrase:
    """Of a transcript with the recogniser's punctuation."""
    said = text.rstrip(" \"'”’")
    words = [part for word in normalize(text).split() for part in _parts(word)]
    tail = words[-1] if words else ""
    known = word_list("hanging.txt")
    return Phrase(
        words=len(words),
        ended=said[-1:] in (".", "?", "!", "。", "？", "！") and not said.endswith(("...", "…")),
        comma=said[-1:] in (",", ";", ":", "，", "、") or said.endswith(("...", "…", "-")),
        hanging=tail in known
        or " ".join(words[-2:]) in known
        or said.rstrip("，。、").endswith(tuple(word for word in known if word[0] >= _HAN)),
        filler=tail in _FILLERS,
        dictated=len(words) >= _DICTATED
        and all(word in _DIGITS or (len(word) == 1 and word < _HAN) for word in words[-_DICTATED:]),
        question=said.endswith(("?", "？")),
    )


def _parts(word: str) -> list[str]:
    """A word, or the characters of a Chinese one."""
    return list(word) if word[0] >= _HAN else [word]
