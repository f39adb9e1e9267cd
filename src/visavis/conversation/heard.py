"""Which words of a reply were heard, from how many samples were played."""

from __future__ import annotations

from visavis.models.protocols import Speech
from visavis.speaking.rewrite import Spoken, word_ends

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
        self._closed = 0
        """How many of them are of clauses before the last."""
        self._clause = 0
        """Where the clause begun last begins."""
        self._spoken = Spoken("", ())
        self._clause_samples = 0
        self._clause_words: list[int] = []

    def clause(self, text: str, spoken: Spoken) -> None:
        """The next piece of text will be spoken, in these words."""
        self._close_clause()
        self._closed = len(self._ends)
        self._clause_words = []
        self._clause = len(self.text)
        self._spoken = spoken
        self._clause_samples = self.samples
        self.text += text

    def speech(self, speech: Speech) -> None:
        """The next samples of the clause begun last."""
        self._clause_words += [self.samples + end for _, end in speech.words]
        self.samples += len(speech.pcm)

    def heard(self, samples: int) -> str:
        """The beginning of the text that so many samples carried, whole words."""
        self._close_clause()
        length = 0
        for end, text_end in self._ends:
            if end - EARLY_SAMPLES > samples or samples <= 0:
                break
            length = text_end
        return self.text[:length].rstrip()

    def _close_clause(self) -> None:
        """Note when the words of the clause end, as far as it has been made."""
        words = word_ends(self._spoken.text)
        if not words or self.samples == self._clause_samples:
            return
        known = self._clause_words
        made, size = self.samples - self._clause_samples, words[-1]
        del self._ends[self._closed :]
        self._ends += [
            # The voice may count words otherwise (Chinese has no blanks); then, and without word
            # times, letters stand for time.
            (
                known[index]
                if len(known) == len(words)
                else self._clause_samples + round(made * word / size),
                self._clause + written,
            )
            for index, (word, written) in enumerate(zip(words, self._spoken.ends, strict=True))
        ]
