"""What readers of JSON share: parsing with a bound, and looking things up without surprises."""

from __future__ import annotations

import json
from typing import Any

from visavis.errors import TraceError
from visavis.netlab.mine.readers.text import decoded

MAX_DEPTH = 200


def parsed(data: bytes, name: str) -> dict[str, Any]:
    """The object. TraceError if it is none, or nested too deep to be one of a tool."""
    text = decoded(data, name)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{name}: is not JSON: {str(error)[:100]}.") from error
    if not isinstance(value, dict):
        raise TraceError(f"{name}: expected a JSON object, found {type(value).__name__}.")
    return value


def number(value: Any, name: str, what: str) -> float:
    """A number, or a text that is one. TraceError otherwise."""
    if not isinstance(value, bool) and isinstance(value, int | float | str):
        try:
            found = float(value)
        except (ValueError, OverflowError):
            found = float("nan")
        if abs(found) < 1e18:
            return found
    raise TraceError(f"{name}: {what} is {str(value)[:40]!r}, not a number.")


def child(value: Any, key: str, name: str) -> dict[str, Any]:
    """The object under `key`. TraceError if there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise TraceError(f"{name}: has no object {key!r}.")
    return found
