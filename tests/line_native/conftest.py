"""Fixtures of the native module's tests."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest
from tests.line_native.two_engines import Pair


@pytest.fixture(scope="session")
def native() -> ModuleType:
    return pytest.importorskip("visavis_line", reason="the native module is not installed")


@pytest.fixture
def pair(native: ModuleType) -> Iterator[Pair]:
    pair = Pair(native)
    yield pair
    pair.shutdown()
