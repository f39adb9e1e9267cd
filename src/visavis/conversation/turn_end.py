"""How long a silence must last to be the end of a turn. Pure.

The cues are weighed into log odds that the person has finished; the surer it is, the shorter the
wait. The turn detector speaks for the sound, the language model that reads the words (if it can
tell whether a sentence ends there) and `phrase` for the words, `pace` for the person. The weights
of the words were fitted by `bench/turns/fit.py`, on speakers that no figure of
`bench/turn_taking.py` comes from; where its recordings have none, they are set by hand.
"""

from __future__ import annotations

from visavis.conversation.pace import Pace
from visavis.conversation.phrase import phrase
from visavis.conversation.settings import ConversationSettings
from visavis.odds import log_odds

_HANGING, _COMMA = -1.2, -0.9
_READ, _READ_SURE = 0.68, 1.5
"""What the language model's log odds count, and what is added to make them even."""
_FILLER, _DICTATED = -2.0, -1.5


def finished(score: float | None, text: str, sentence_end: float | None = None) -> float:
    """Log odds that the person has finished, by the turn detector's score, the words so far, and
    the probability that a sentence ends with them."""
    said = phrase(text)
    odds = 0.0 if score is None else log_odds(score)
    if sentence_end is None:
        odds += _HANGING * said.hanging + _COMMA * said.comma
    else:
        # It knows what a comma or a last "the" promises.
        odds += _READ * log_odds(sentence_end) + _READ_SURE
    return odds + _FILLER * said.filler + _DICTATED * said.dictated


def wait_s(odds: float, settings: ConversationSettings, pace: Pace) -> float:
    """Seconds of silence after which the turn is over."""
    odds -= pace.clarity
    low, high = log_odds(settings.unsure_score), log_odds(settings.sure_score)
    soonest = min(settings.very_unsure_s, settings.sure_s * pace.hurry)
    if odds >= high:
        return soonest
    # Evenly between the two in log odds, by equal ratios.
    share = max(0.0, (odds - low) / max(1e-6, high - low))
    wait: float = settings.very_unsure_s * (settings.sure_s / settings.very_unsure_s) ** share
    return min(settings.very_unsure_s, max(soonest, wait * pace.patience))
