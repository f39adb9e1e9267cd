"""Results as a table of columns (Apache Parquet), for any program that reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from visavis.errors import SettingsError
from visavis.netlab.experiment.measures import DELAY_EDGES_MS
from visavis.netlab.experiment.timeline import STEP_S
from visavis.netlab.simulate import BEGIN_S

COLUMNS: Final[dict[str, str]] = {
    "scenario": "string",
    "strategy": "string",
    "seed": "uint64",
    "depth": "string",
    "seconds": "float64",
    "connected_s": "float64",
    "asked": "int32",
    "answered": "int32",
    "turn_p50_ms": "float64",
    "turn_p95_ms": "float64",
    "words": "int32",
    "words_lost": "int32",
    "word_p50_ms": "float64",
    "word_p95_ms": "float64",
    "spoken": "int32",
    "unheard": "int32",
    "ear_p50_ms": "float64",
    "ear_p95_ms": "float64",
    "plans": "int32",
    "up_kbps": "float64",
    "down_kbps": "float64",
    "up_loss": "float64",
    "down_loss": "float64",
    "up_recovered": "float64",
    "down_recovered": "float64",
    "up_concealed": "float64",
    "down_concealed": "float64",
    "word_delays": "counts",
    "ear_delays": "counts",
}
"""Name and type of each column, one row a trial; docs/netlab.md says what they mean. `counts` are
lists of int32, one for each bin that begins at the metadata's `delay_edges_ms`."""

TIMELINE_COLUMNS: Final[dict[str, str]] = {
    "scenario": "string",
    "strategy": "string",
    "seed": "uint64",
    "way": "string",
    "at_s": "float64",
    "loss": "float64",
    "delay_ms": "float64",
    "kbps": "float64",
    "guessed": "float64",
    "buffer_ms": "float64",
    "plan": "string",
}
_SERIES: Final = ("loss", "delay_ms", "kbps", "guessed", "buffer_ms")


def _arrow() -> Any:
    try:
        import arro3.core
        import arro3.io
    except ImportError as error:
        raise SettingsError(
            "Experiments write Parquet, for which arro3-io is not installed: "
            'pip install "visavis[netlab]".'
        ) from error
    return arro3


def needs_arrow() -> None:
    """SettingsError now, and not after hours of trials, if the table cannot be written."""
    _arrow()


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """One row a trial, in the order given; the same bytes for the same rows."""
    edges = ",".join(f"{edge:g}" for edge in DELAY_EDGES_MS)
    _write(path, COLUMNS, rows, {"delay_edges_ms": edges})


def write_timelines(path: Path, timelines: Iterable[Mapping[str, Any]]) -> None:
    """Of dicts with scenario, strategy, seed, and `Timeline.to_dict` as `timeline`: one row a
    direction and half second."""
    _write(path, TIMELINE_COLUMNS, [row for each in timelines for row in _steps(each)], {})


def _steps(told: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    name = {key: told[key] for key in ("scenario", "strategy", "seed")}
    for way, columns in told["timeline"].items():
        plans = list(columns["plans"])
        plan = ""
        for step in range(len(columns["loss"])):
            at = BEGIN_S + step * STEP_S
            while plans and plans[0][0] < at + STEP_S:
                plan = plans.pop(0)[1]
            series = {key: columns[key][step] for key in _SERIES}
            yield {**name, "way": way, "at_s": at, **series, "plan": plan}


def read_rows(path: Path) -> list[dict[str, Any]]:
    """What `write_rows` wrote."""
    arrow = _arrow()
    table = arrow.io.read_parquet(str(path)).read_all()
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _write(
    path: Path,
    columns: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    metadata: dict[str, str],
) -> None:
    arrow = _arrow()
    arrays = [
        _array(arrow.core, kind, [row[name] for row in rows]) for name, kind in columns.items()
    ]
    table = arrow.core.Table.from_arrays(arrays, names=list(columns))
    # A file is whole or not there.
    part = path.with_suffix(".part")
    arrow.io.write_parquet(
        table, str(part), compression="zstd(3)", key_value_metadata=metadata or None
    )
    part.replace(path)


def _array(core: Any, kind: str, values: list[Any]) -> Any:
    if kind != "counts":
        return core.Array(values, type=getattr(core.DataType, kind)())
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in values])]).astype(np.int32)
    flat = np.array([count for each in values for count in each], np.int32)
    return core.list_array(core.Array(offsets), core.Array(flat))
