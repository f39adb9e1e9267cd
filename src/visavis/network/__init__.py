"""Feeling the network: which pattern it has, and how speech is best sent over it.

In: the line's `LinkReport`s, ten a second (`Controller.add`), with what kind the far end is and who
talks. Out: a `SendPlan` for either direction when it changes. Functional throughout: reports carry
the time, nothing here reads a clock or waits.
"""

from visavis.network.controller import Controller, Plans
from visavis.network.policy import Adaptive, Direction, Far, Strategy, Talk, View
from visavis.network.recognise import Level, Pattern, Recogniser, Verdict

__all__ = [
    "Adaptive",
    "Controller",
    "Direction",
    "Far",
    "Level",
    "Pattern",
    "Plans",
    "Recogniser",
    "Strategy",
    "Talk",
    "Verdict",
    "View",
]
