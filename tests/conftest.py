"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# Machines are shared and slow at times; how long an example takes is no property of the code.
slow_is_no_fault = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in every run, so that a change is judged by what it changed;
# `make test-slow` looks for new ones.
settings.register_profile("visavis", slow_is_no_fault, derandomize=True)
settings.register_profile("search", slow_is_no_fault, max_examples=500)
settings.load_profile("visavis")


@pytest.fixture(autouse=True)
def _logging_of_its_own() -> Iterator[None]:
    """What a test's program set up for logging ends with the test."""
    yield
    structlog.reset_defaults()
