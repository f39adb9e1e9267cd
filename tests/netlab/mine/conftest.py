"""Puts the samples within reach; what tests that mine need."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def mining() -> None:
    """The libraries of `visavis[netlab]`."""
    for module in ("scipy", "sklearn", "ruptures"):
        pytest.importorskip(module, reason=f"{module} is not installed (visavis[netlab])")
