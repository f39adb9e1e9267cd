"""What one call more costs, from what different numbers of calls cost."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscore.slope import slope

SIZES = [10, 20, 30, 10, 20, 30]


@given(st.floats(0.001, 10), st.floats(-5, 5))
def test_points_on_a_line_give_its_slope_and_no_error(gradient: float, start: float) -> None:
    found, error = slope(SIZES, [start + gradient * n for n in SIZES])
    assert found == pytest.approx(gradient, abs=1e-9)
    assert error == pytest.approx(0.0, abs=1e-6)


@given(st.integers(0, 2), st.floats(0.1, 10))
def test_a_round_that_another_program_made_dearer_moves_only_the_error(
    dearer: int, by: float
) -> None:
    costs = [0.01 * n for n in SIZES]
    costs[dearer] += by
    found, error = slope(SIZES, costs)
    assert found == pytest.approx(0.01)
    assert error > 0.001 * by


def test_the_error_is_that_of_least_squares() -> None:
    # One round: residuals of the line through (10, 1), (20, 3), (30, 2) are -0.5, 1 and -0.5.
    found, error = slope([10, 20, 30], [1, 3, 2])
    assert found == pytest.approx(0.05)
    assert error == pytest.approx(math.sqrt(1.5 / 200))


def test_one_number_of_calls_is_shared_among_them() -> None:
    found, error = slope([20, 20], [5, 4])
    assert found == pytest.approx(0.2)
    assert math.isnan(error)


def test_no_points_are_refused() -> None:
    with pytest.raises(ValueError, match="0 numbers of calls"):
        slope([], [])
    with pytest.raises(ValueError, match="2 numbers of calls and 1 costs"):
        slope([1, 2], [1])
