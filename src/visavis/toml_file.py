"""Reading the TOML files of users: bounded, and what is wrong with one is a sentence."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from visavis.errors import VisavisError

MAX_BYTES: Final = 1_000_000


def read_toml(
    path: Path,
    error: type[VisavisError],
    *,
    most: int = MAX_BYTES,
    if_unreadable: str = "",
    if_larger: str = "",
) -> dict[str, Any]:
    """The file's tables.

    Args:
        error: raised, with what is wrong, if the file cannot be read, is larger than `most` bytes
            or is not TOML (https://toml.io, version 1.0).
        if_unreadable: what to do about it, a sentence.
        if_larger: the same.
    """
    try:
        # No more than what may be, whatever it is: a device has no size and no end.
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as failed:
        why = failed.strerror or failed
        raise error(f"cannot read {path}: {why}.{_then(if_unreadable)}") from failed
    if len(data) > most:
        raise error(f"{path} is larger than {most / 1e6:g} MB.{_then(if_larger)}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as failed:
        raise error(f"{path} is not valid TOML: it is not UTF-8.") from failed
    return parse_toml(text, str(path), error)


def parse_toml(text: str, where: str, error: type[VisavisError]) -> dict[str, Any]:
    """The tables of a text; `where`: what messages call it. Raises `error` if it is not TOML."""
    try:
        return tomllib.loads(text)
    except RecursionError as failed:
        raise error(f"{where} is not valid TOML: it is nested too deeply.") from failed
    # An integer of thousands of digits is a ValueError, too.
    except ValueError as failed:
        raise error(f"{where} is not valid TOML: {failed}.") from failed


def _then(advice: str) -> str:
    return f" {advice}" if advice else ""
