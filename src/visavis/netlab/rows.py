"""One direction as it was recorded: rows of time, delay or lost, and capacity."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from visavis.errors import ScenarioError
from visavis.netlab.distribution import Part
from visavis.netlab.generative import Milliseconds, Queue

MAX_ROWS = 2_000_000
COLUMNS = ("time_s", "delay_ms", "capacity_bps")

Row: TypeAlias = tuple[float, float | None, float | None]
"""Time in s, delay in ms or None for lost, capacity in bits/s or None for no limit."""

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")]


class Replay(Part):
    """A direction as recorded. A row holds from its time to that of the next.

    Give `file` (CSV beside the scenario; see `read_rows`) or `rows`. In `rows` of a scenario file
    each is [time_s, delay_ms or "lost"] or [time_s, delay_ms or "lost", capacity_bps].
    """

    kind: Literal["replay"] = "replay"
    ordered: bool = True
    delay_ms: Milliseconds = 0.0
    """Added to every row's delay."""
    file: FileName | None = None
    rows: tuple[tuple[Any, ...], ...] = ()
    between: Literal["step", "line"] = "step"
    """How delay goes from row to row: it stays, or runs straight (not next to a lost row).
    Recordings of every packet step; a ping of every quarter second is better off with a line."""
    enter: Literal["start", "anywhere"] = "start"
    """Where it begins: at its start or, by the seed, anywhere (both directions at the same
    place). At its end it begins again."""
    queue: Queue = Queue(limit_ms=300.0)
    """Matters where rows have a capacity."""

    @model_validator(mode="after")
    def _one_source(self) -> Replay:
        if (self.file is None) == (not self.rows):
            raise ValueError("a replay needs either file or rows")
        if self.rows:
            check_rows([row_of(row, f"row {n}") for n, row in enumerate(self.rows, 1)])
        return self

    def recorded(self, folder: Path) -> list[Row]:
        """The rows, from the file in `folder` if they lie there. ScenarioError."""
        if self.file is not None:
            return read_rows(folder / self.file)
        return [row_of(row, f"row {n}") for n, row in enumerate(self.rows, 1)]


def row_of(cells: tuple[Any, ...], where: str) -> Row:
    """ValueError says which row is wrong and why."""
    if not 2 <= len(cells) <= 3:
        raise ValueError(f"{where} has {len(cells)} cells; it needs time_s, delay_ms and at most "
                         "capacity_bps")  # fmt: skip
    time_s = _number(cells[0], f"{where}: time_s", 1e7)
    lost = cells[1] == "lost"
    delay = None if lost else _number(cells[1], f"{where}: delay_ms", 600_000)
    bps = None
    if len(cells) == 3 and cells[2] not in (None, ""):
        bps = _number(cells[2], f"{where}: capacity_bps", 1e12)
    return time_s, delay, bps


def _number(cell: Any, what: str, most: float) -> float:
    try:
        value = float(cell)
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(cell, bool) or not 0 <= value <= most:
        or_lost = ' or "lost"' if what.endswith("delay_ms") else ""
        raise ValueError(f"{what} is {cell!r}; it must be a number from 0 to {most:g}{or_lost}")
    return value


def check_rows(rows: list[Row]) -> None:
    """ValueError unless there are two rows or more, in the order of their times."""
    if not 2 <= len(rows) <= MAX_ROWS:
        raise ValueError(f"there are {len(rows)} rows; a replay has 2 to {MAX_ROWS}")
    for n, (one, two) in enumerate(pairwise(rows), 2):
        if two[0] <= one[0]:
            raise ValueError(f"row {n} is at {two[0]:g} s, the one before it at {one[0]:g} s; "
                             "times must rise")  # fmt: skip


def read_rows(path: Path) -> list[Row]:
    """A CSV file with the header `time_s,delay_ms` or `time_s,delay_ms,capacity_bps`; `lost` in
    place of a delay. ScenarioError with the line that is wrong."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = csv.reader(file)
            header = tuple(next(lines, ()))
            if header not in (COLUMNS[:2], COLUMNS):
                raise ScenarioError(
                    f"{path} begins with {','.join(header)[:80]!r}; its first line must be "
                    f"{','.join(COLUMNS)} or {','.join(COLUMNS[:2])}"
                )
            rows: list[Row] = []
            for n, cells in enumerate(lines, 2):
                if len(rows) == MAX_ROWS:
                    raise ValueError(f"it has more than {MAX_ROWS} rows")
                rows.append(row_of(tuple(cells), f"line {n}"))
            check_rows(rows)
    except OSError as error:
        raise ScenarioError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, csv.Error) as error:
        raise ScenarioError(f"{path} is no recording of a network: {error}") from error
    return rows


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """The CSV file that `read_rows` reads."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        for time_s, delay, bps in rows:
            lines.writerow((time_s, "lost" if delay is None else delay, "" if bps is None else bps))
