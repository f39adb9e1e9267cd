"""The farther the person, the longer the wait for a turn's end, a little."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from visavis.conversation import signals as s
from visavis.conversation.distance import distance_s
from visavis.conversation.machine import Machine
from visavis.conversation.settings import ConversationSettings
from visavis.seam import RATE_IN

trips = st.floats(0, 100)


@given(trips, trips, st.floats(0, 1))
def test_it_grows_with_the_round_trip_and_stays_small(a: float, b: float, weight: float) -> None:
    near, far = sorted((a, b))
    assert distance_s(0.0, weight) == 0.0
    assert 0.0 <= distance_s(near, weight) <= distance_s(far, weight) <= 0.5 * weight


def paused(score: float | None, trips: list[float], **changed: float) -> Machine:
    machine = Machine(ConversationSettings(**changed))
    machine.handle(s.VoiceStarted(0, 1280))
    machine.handle(s.VoiceWent(1.0, RATE_IN))
    for trip in trips:
        machine.handle(s.RoundTrip(trip))
    machine.handle(s.Silence(0.05, RATE_IN, RATE_IN + 800))
    machine.handle(s.TurnScored(machine.asked, score))
    return machine


def test_next_door_nothing_changes_and_far_off_a_little_does() -> None:
    near = paused(0.95, [0.001] * 10).wait_s()
    assert near - paused(0.95, []).wait_s() < 0.001
    far = paused(0.95, [0.3] * 10).wait_s()
    assert 0.04 < far - near < 0.06
    assert paused(0.95, [0.3] * 10, collision_weight=0.0).wait_s() == paused(0.95, []).wait_s()


def test_one_late_measurement_is_not_believed() -> None:
    usual, once = paused(0.95, [0.05] * 20), paused(0.95, [0.05] * 20 + [2.0])
    assert once.wait_s() - usual.wait_s() < 0.06


def test_nobody_waits_longer_than_for_what_is_surely_not_over() -> None:
    assert paused(0.01, [5.0]).wait_s() == ConversationSettings().very_unsure_s
