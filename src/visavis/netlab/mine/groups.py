"""Which sessions make one pattern: told by whoever knows the source, or found from what they show.

A groups file is TOML, a `[[pattern]]` each with `name`, `what`, `traces` (globs over session
names) and optionally `source`, `licence`, `assumed` and what is known beyond the rows (`delay_ms`,
`grid_s`, `burst_after_loss`). A session goes to the first pattern whose globs it fits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from visavis.errors import TraceError
from visavis.netlab.generative import Milliseconds
from visavis.netlab.mine.extra import needs
from visavis.netlab.mine.fit import Known
from visavis.netlab.mine.session import Floats, Observable, Session
from visavis.netlab.mine.stalls import find_stalls
from visavis.toml_file import read_toml

SHIPPED = Path(__file__).with_name("shipped.toml")
"""How the patterns that come with visavis were grouped."""
MAX_KINDS = 6
MIN_SILHOUETTE = 0.5


class Group(BaseModel):
    """One pattern to be, and what is known of its source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
    what: Annotated[str, Field(min_length=1, max_length=500)]
    traces: Annotated[list[str], Field(min_length=1)]
    source: Annotated[str, Field(max_length=1000)] = ""
    licence: Annotated[str, Field(max_length=200)] = ""
    assumed: Annotated[str, Field(max_length=1000)] = ""
    delay_ms: Milliseconds = 30.0
    grid_s: Annotated[float, Field(ge=1, le=3600)] | None = None
    burst_after_loss: Annotated[float, Field(ge=0, lt=1)] | None = None

    def known(self) -> Known:
        return Known(self.delay_ms, self.grid_s, self.burst_after_loss)

    def has(self, session: Session) -> bool:
        return any(fnmatchcase(session.name, glob) for glob in self.traces)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pattern: Annotated[list[Group], Field(min_length=1)]


def load_groups(path: Path) -> list[Group]:
    """TraceError if the file cannot be read or is wrong."""
    tables = read_toml(path, TraceError)
    try:
        return _File.model_validate(tables).pattern
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise TraceError(f"{path}: {place}: {first['msg']}.") from error


def grouped(
    sessions: Sequence[Session], groups: Sequence[Group]
) -> list[tuple[Group, list[Session]]]:
    """The groups that have sessions, with them."""
    taken: list[list[Session]] = [[] for _ in groups]
    for session in sessions:
        first = next((n for n, group in enumerate(groups) if group.has(session)), None)
        if first is not None:
            taken[first].append(session)
    return [(group, found) for group, found in zip(groups, taken, strict=True) if found]


def found_groups(sessions: Sequence[Session]) -> list[tuple[Group, list[Session]]]:
    """Sessions of one format that are alike, named after what sets them apart."""
    out: list[tuple[Group, list[Session]]] = []
    formats = sorted({each.source for each in sessions})
    for source in formats:
        alike = [each for each in sessions if each.source == source and _fittable(each)]
        if not alike:
            continue
        described = np.array([_described(each) for each in alike])
        labels = _kinds(described)
        for label in sorted(set(labels)):
            members = [each for each, its in zip(alike, labels, strict=True) if its == label]
            nature = _nature(np.median(described[np.array(labels) == label], axis=0))
            name = re.sub(r"[^a-z0-9]+", "-", f"{source}-{nature}")
            while any(name == group.name for group, _ in out):
                name += "-x"
            out.append(
                (
                    Group(
                        name=name,
                        what=f"mined from {len(members)} {source} recordings: {nature}",
                        traces=[re.sub(r"([\[*?])", r"[\1]", each.name) for each in members],
                    ),
                    members,
                )
            )
    return out


def _fittable(each: Session) -> bool:
    return each.windows is not None or each.shows(Observable.DELAY)


def _described(session: Session) -> Floats:
    """Loss, level and spread of delay, share of time stalled; all about 0 to 1."""
    if session.windows is not None:
        table = session.windows
        level = (
            float(np.nan_to_num(np.nanmean(table.delay_mean_s)))
            if (not np.isnan(table.delay_mean_s).all())
            else 0.0
        )
        return np.array([float(table.loss.mean()), level, 0.0, 0.0])
    known = session.delay_s[~np.isnan(session.delay_s)]
    if not known.size:
        return np.array([1.0, 0.0, 0.0, 0.0])
    low, mid, high = np.percentile(known, [5, 50, 95])
    stalls = find_stalls(session)
    return np.array(
        [
            float(session.lost.mean()),
            float(mid),
            float(high - low),
            min(1.0, float(stalls.length_s.sum()) / max(session.duration_s, 1e-9)),
        ]
    )


def _kinds(described: Floats) -> list[int]:
    if described.shape[0] < 4:
        return [0] * described.shape[0]
    scaled = np.log1p(described * np.array([20.0, 10.0, 10.0, 20.0]))
    cluster, metrics = needs("sklearn.cluster"), needs("sklearn.metrics")
    best, chosen = MIN_SILHOUETTE, np.zeros(described.shape[0], dtype=np.int64)
    distinct = len(np.unique(scaled, axis=0))
    for count in range(2, min(MAX_KINDS, described.shape[0] - 1, distinct) + 1):
        labels = cluster.KMeans(n_clusters=count, n_init=10, random_state=0).fit_predict(scaled)
        score = float(metrics.silhouette_score(scaled, labels))
        if score > best:
            best, chosen = score, labels
    found: list[int] = chosen.tolist()
    return found


def _nature(described: Floats) -> str:
    loss, level, spread, stalled = described.tolist()
    words = [
        word
        for word, true in (
            ("lossy", loss > 0.01),
            ("stalling", stalled > 0.02),
            ("far", level > 0.15),
            ("jittery", spread > 0.05 and stalled <= 0.02),
        )
        if true
    ]
    return " ".join(words) or "steady"
