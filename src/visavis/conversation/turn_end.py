"""How long a silence must last to be the end of a turn. Pure.

The cues are weighed into log odds that the person has finished; the surer it is, the shorter the
wait. The turn detector speaks for the sound, `phrase` for the words, `pace` for the person. The
weights of the words were fitted by `bench/turns/fit.py`, on speakers that no figure of
`bench/turn_taking.py` comes from; where its recordings have none, they are set by hand.
"""

from __future__ import annotations

from visavis.conversation.pace import Pace
from visavis.conversation.phrase import phrase
from visavis.conversation.settings import ConversationSettings
from visavis.odds import log_odds

_HANGING, _COMMA = -1.2, -0.9
_FILLER, _DICTATED = -2.0, -1.5


def finished(score: float, text: str) -> float:
    """Log odds that the person has finished, by the turn detector's score and the words so far."""
    said = phrase(text)
    odds = log_odds(score)
    odds += _HANGING * said.hanging + _COMMA * said.comma
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
