"""A visavis server in a process of its own, for benches and interop tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from visavis.cli.local_server import LocalServer, local_server


@contextmanager
def server(
    *arguments: str, environment: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[LocalServer]:
    """`local_server` with a store that is thrown away with it."""
    with (
        tempfile.TemporaryDirectory(prefix="visavis-rig-") as folder,
        local_server(
            *arguments,
            environment={"VISAVIS_STORE__PATH": f"{folder}/calls.db", **(environment or {})},
            log=log,
        ) as running,
    ):
        yield running
