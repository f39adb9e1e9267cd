"""Comparing what was said: two transcripts with the same words are the same transcript."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_IS = "that|it|what|there|here|he|she|who|where|how|let"
_CONTRACTIONS = (
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"\bcannot\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"(?<=[^\W\d_])n't\b"), " not"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(rf"\b({_IS})'s\b"), r"\1 is"),
)
_NUMBER = re.compile(r"\b\d{1,2}\b", re.ASCII)
_OTHER = re.compile(r"[^\w']+")


def normalize(text: str) -> str:
    """Lower case, no punctuation, short numbers as words, contractions written out.

    Two transcripts with equal results need the same reply.
    """
    # An underscore is a letter to a pattern's word boundaries, but not to people.
    text = text.lower().replace("\u2019", "'").replace("_", " ")
    text = _NUMBER.sub(lambda match: _number(int(match.group())), text)
    for pattern, full in _CONTRACTIONS:
        text = pattern.sub(full, text)
    return " ".join(word.strip("'") for word in _OTHER.sub(" ", text).split() if word.strip("'"))


def _number(value: int) -> str:
    if value < 20:
        return _SMALL.split()[value]
    tens, ones = divmod(value, 10)
    return _TENS.split()[tens - 2] + (f" {_SMALL.split()[ones]}" if ones else "")


def is_backchannel(text: str) -> bool:
    """True if the text has words and all of them only acknowledge ("mm-hm", "right, okay",
    "嗯对对")."""
    words = normalize(text).split()
    at = 0
    while at < len(words):
        step = next((n for n in (3, 2, 1) if _acknowledges(words[at : at + n], n)), 0)
        if not step:
            return False
        at += step
    return bool(words)


def _acknowledges(words: list[str], count: int) -> bool:
    if len(words) < count:
        return False
    known = word_list("backchannels.txt")
    if " ".join(words) in known:
        return True
    # Chinese is written without blanks, and people say "right" twice or three times.
    left = words[0] if count == 1 and words[0][0] >= "\u4e00" else ""
    while left:
        size = next((n for n in (4, 3, 2, 1) if left[:n] in known), 0)
        if not size:
            return False
        left = left[size:]
        if not left:
            return True
    return False


def has_real_words(text: str) -> bool:
    """True if the text says something that an acknowledgement does not."""
    return bool(normalize(text)) and not is_backchannel(text)


def calls_out(text: str) -> bool:
    """True if the text wants silence at once ("stop, stop", "wait"), however short."""
    words = normalize(text).split()
    known = word_list("calls.txt")
    return bool(words) and (" ".join(words) in known or set(words) <= known)


def stable_prefix(before: str, now: str) -> str:
    """The words at the start of `now` that `before` had too, without the last of `now`, which
    may still grow. As `now` spells them."""
    old, new = before.split(), now.split()
    count = 0
    while count < min(len(old), len(new) - 1) and normalize(old[count]) == normalize(new[count]):
        count += 1
    return " ".join(new[:count])


@cache
def word_list(name: str) -> frozenset[str]:
    """The lines of a file under `data`, without blank ones and comments."""
    lines = (
        resources.files("visavis.conversation")
        .joinpath("data", name)
        .read_text("utf-8")
        .splitlines()
    )
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
