"""What words tell of a feeling, and how long they take to say."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_HAN = re.compile(r"[\u3400-\u9fff]")
_VOWELS = re.compile(r"[aeiouyà-öø-ÿ]+")
_NOT = frozenset({"not", "no", "never", "hardly", "without", "cannot", "ain't"})
_VERY = frozenset({"very", "really", "so", "too", "extremely", "totally", "absolutely", "such"})
_REACH = 3
"""Words after a "not" that it turns."""
_NOT_HAN = re.compile(r"[不没別别]\Z")


def valence(text: str) -> float:
    """How pleasant the words are, -1 to 1; 0 without any that tell."""
    known = _words()
    total, turned, strong = 0.0, 0, 1.0
    for word in _WORD.findall(text.lower().replace("’", "'")):
        if word in _NOT or word.endswith("n't"):
            turned = _REACH
            continue
        if word in _VERY:
            strong = 1.5
            continue
        value = known.get(word, 0.0) * strong
        total += -0.7 * value if turned and value else value
        turned, strong = max(0, turned - 1), 1.0
    for word, value in known.items():
        if not word.isascii():
            for match in re.finditer(re.escape(word), text):
                total += -0.7 * value if _NOT_HAN.search(text[: match.start()]) else value
    return max(-1.0, min(1.0, total / 2))


def syllables(text: str) -> int:
    """About how many: groups of vowels, and Han characters."""
    words = _WORD.findall(text.lower())
    count = sum(max(1, len(_VOWELS.findall(word.rstrip("e") or word))) for word in words)
    return count - sum(bool(_HAN.match(word)) for word in words) + len(_HAN.findall(text))


@cache
def _words() -> dict[str, float]:
    text = resources.files("visavis.conversation").joinpath("data", "feelings.txt")
    known: dict[str, float] = {}
    value = 0.0
    for line in text.read_text("utf-8").splitlines():
        if line.startswith("="):
            value = float(line[1:])
        elif not line.startswith("#"):
            known.update(dict.fromkeys(line.split(), value))
    return known
