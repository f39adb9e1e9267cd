"""Which words of a reply were heard, from how many samples were played."""

from __future__ import annotations

from visavis.models.protocols import Speech

EARLY_SAMPLES = 1200
"""A word counts as heard this long (50 ms) before its end: the tail of a word carries little."""


class HeardMap:
    """Grows with the reply: text as it is decided, speech as it is made."""

    def __init__(self) -> None:
        self.text = ""
        self.samples = 0
        """Length of all speech so far, at 24 kHz."""
        self._ends: list[tuple[int, int]] = []
        """(sample where a word ends, length of the text up to there), both growing."""
        self._clause = (0, 0)
        self._clause_samples = 0
        self._clause_words: list[int] = []

    def clause(self, text: str) -> None:
        """The next piece of text will be spoken."""
        self._close_clause()
        self._clause = (len(self.text), len(self.text) + len(text))
        self._clause_samples = self.samples
        self.text += text

    def speech(self, speech: Speech) -> None:
        """The next samples of the clause begun last."""
        self._clause_words += [self.samples + end for _, end in speech.words]
        self.samples += len(speech.pcm)

    def heard(self, samples: int) -> str:
        """The beginning of the text that so many samples carried, whole words."""
        self._close_clause(keep=True)
        length = 0
        for end, text_end in self._ends:
            if end - EARLY_SAMPLES > samples or samples <= 0:
                break
            length = text_end
        return self.text[:length].rstrip()

    def _close_clause(self, *, keep: bool = False) -> None:
        start, end = self._clause
        words = _word_ends(self.text[start:end])
        if not words or self.samples == self._clause_samples:
            return
        known = self._clause_words
        size = words[-1]
        marks = [
            # The voice may count words otherwise than the text ("12" is one or two); then, and
            # without word times, letters stand for time.
            (
                known[index]
                if len(known) == len(words)
                else self._clause_samples
                + round((self.samples - self._clause_samples) * word / size),
                start + word,
            )
            for index, word in enumerate(words)
        ]
        if keep:
            self._ends = [mark for mark in self._ends if mark[1] <= start] + marks
            return
        self._ends = [mark for mark in self._ends if mark[1] <= start] + marks
        self._clause_words = []
        self._clause = (end, end)


def _word_ends(text: str) -> list[int]:
    """Where each word of the text ends (exclusive). CJK characters are words."""
    ends: list[int] = []
    inside = False
    for index, letter in enumerate(text):
        if letter.isspace():
            inside = False
        elif inside and ord(letter) <= 0x2E7F and ord(text[index - 1]) <= 0x2E7F:
            ends[-1] = index + 1
        else:
            ends.append(index + 1)
            inside = True
    return ends
