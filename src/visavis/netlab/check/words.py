"""Which of the words said were heard. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def split_words(text: str) -> list[str]:
    """The words of a text, without their marks, in one case: "It's late." -> [it's, late]."""
    return [word.replace("’", "'") for word in _WORD.findall(text.casefold())]


def count_heard(said: Sequence[str], understood: Sequence[str]) -> int:
    """How many of the words said were understood, in their order: the longest common subsequence.
    Words that were made up neither help nor harm. O(n·m)."""
    best = [0] * (len(understood) + 1)
    for word in said:
        before = 0  # best[j - 1] of the row above
        for j, other in enumerate(understood, 1):
            above = best[j]
            best[j] = before + 1 if word == other else max(above, best[j - 1])
            before = above
    return best[-1]
