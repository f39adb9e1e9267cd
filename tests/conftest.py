"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# Machines are shared and slow at times; how long an example takes is no property of the code.
settings.register_profile("visavis", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("visavis")


@pytest.fixture(autouse=True)
def _logging_of_its_own() -> Iterator[None]:
    """What a test's program set up for logging ends with the test."""
    yield
    structlog.reset_defaults()
