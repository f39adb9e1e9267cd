"""What a scripted model was asked, for tests."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")
MAX_RECORD = 1000
"""Requests a scripted model remembers: in a server the record must not grow for ever."""


def keep(record: list[T], what: T) -> None:
    """Add to a record and forget the oldest beyond `MAX_RECORD`."""
    record.append(what)
    del record[:-MAX_RECORD]
