"""Speaking: what a language model writes, as people say it.

Enters: a reply as it streams, with marks of writing, figures, code. Leaves: pieces, each as it is
written (for history and captions) and as it is spoken (for a voice), with a map between the two.
"""

from visavis.speaking.clauses import ClauseSplitter, Piece, speakable
from visavis.speaking.reader import Reader
from visavis.speaking.rewrite import Spoken
from visavis.speaking.style import PLAIN, STYLES, Style

__all__ = [
    "PLAIN",
    "STYLES",
    "ClauseSplitter",
    "Piece",
    "Reader",
    "Spoken",
    "Style",
    "speakable",
]
