"""Who failed is left alone for a while, longer every time, and tried by one caller at a time."""

from hypothesis import given
from hypothesis import strategies as st

from visavis.models.fallback import Breaker, Health, Pauses


def test_pauses_double_and_end_with_an_answer() -> None:
    breaker, now, pauses = Breaker(Pauses(first_s=5.0, longest_s=30.0)), 100.0, []
    for _ in range(5):
        breaker.begin(now)
        breaker.failed(now)
        start = now
        while breaker.health(now) is Health.BROKEN:
            now += 0.5
        pauses.append(now - start)
    assert pauses == [5.0, 10.0, 20.0, 30.0, 30.0]
    assert breaker.begin(now)
    breaker.answered()
    assert breaker.health(now) is Health.GOOD
    assert (breaker.failures, breaker.answers) == (5, 1)


def test_a_trial_is_made_by_one_caller() -> None:
    breaker = Breaker()
    assert not breaker.begin(0.0)
    breaker.failed(0.0)
    assert breaker.health(6.0) is Health.TRIAL
    assert breaker.begin(6.0)
    assert breaker.health(6.0) is Health.BROKEN
    breaker.left(6.5)
    assert breaker.health(6.5) is Health.TRIAL


@given(
    st.lists(
        st.tuples(st.sampled_from(["begin", "answered", "failed", "left"]), st.floats(0, 100)),
        max_size=200,
    )
)
def test_nobody_is_left_alone_for_ever(steps: list[tuple[str, float]]) -> None:
    breaker, now = Breaker(Pauses(5.0, 60.0)), 0.0
    for what, later in steps:
        now += later
        match what:
            case "begin":
                breaker.begin(now)
            case "answered":
                breaker.answered()
                assert breaker.health(now) is Health.GOOD
            case "failed":
                breaker.failed(now)
                assert breaker.health(now) is Health.BROKEN
            case "left":
                breaker.left(now)
        assert breaker.health(now + 60.0) is not Health.BROKEN
