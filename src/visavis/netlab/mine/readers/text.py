"""What readers of text share: decoding, and tables of numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from visavis.errors import TraceError
from visavis.netlab.mine.session import MAX_ROWS, Floats

MAX_LINE = 100_000
"""Characters. A longer line is no table."""


def decoded(data: bytes, name: str) -> str:
    """TraceError if it is not text."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TraceError(f"{name}: byte {error.start} is not UTF-8 text.") from error


def table(text: str, name: str, columns: Sequence[str]) -> dict[str, list[str]]:
    """The named columns of a CSV with a heading, as text. TraceError for a missing column or a
    short row."""
    lines = text.splitlines()
    if len(lines) > MAX_ROWS:
        raise TraceError(f"{name}: {len(lines)} lines; at most {MAX_ROWS} can be read.")
    if any(len(line) > MAX_LINE for line in lines):
        raise TraceError(f"{name}: a line is longer than {MAX_LINE} characters.")
    try:
        rows = csv.reader(lines, strict=True)
        heading = [cell.strip() for cell in next(rows, [])]
        missing = [column for column in columns if column not in heading]
        if missing:
            raise TraceError(f"{name}: has no column {', '.join(missing)}.")
        places = [heading.index(column) for column in columns]
        found: dict[str, list[str]] = {column: [] for column in columns}
        for number, row in enumerate(rows, start=2):
            if not row:
                continue
            if len(row) <= max(places):
                raise TraceError(f"{name}: line {number} has {len(row)} of {len(heading)} cells.")
            for column, place in zip(columns, places, strict=True):
                found[column].append(row[place])
    except csv.Error as error:
        raise TraceError(f"{name}: is not a CSV table: {error}.") from error
    return found


def numbers(cells: Sequence[str], name: str, column: str, *, gaps: bool = False) -> Floats:
    """Cells as numbers; with `gaps`, an empty cell or a dash is NaN. TraceError otherwise."""
    out = np.empty(len(cells))
    for row, cell in enumerate(cells):
        text = cell.strip()
        if gaps and text in ("", "-", "nan", "NaN", "None"):
            out[row] = np.nan
            continue
        try:
            value = float(text)
        except ValueError as error:
            raise TraceError(
                f"{name}: row {row + 1} of {column} is {text[:40]!r}, not a number."
            ) from error
        if not np.isfinite(value):
            raise TraceError(f"{name}: row {row + 1} of {column} is {text[:40]!r}, not finite.")
        out[row] = value
    return out


def first_lines(head: bytes, count: int) -> Iterator[str]:
    """The first whole lines of a file's head, for sniffing; never raises."""
    text = head.decode("utf-8-sig", errors="replace")
    lines = text.split("\n")
    # The last piece may be cut in the middle by the size of the head.
    whole = lines[:-1] if len(lines) > 1 else lines
    return (line.strip() for line in islice(whole, count))
