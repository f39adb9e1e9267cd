"""What was measured, on disk, so that a run that was broken off goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness import config_hash


class Kept:
    """JSON values under JSON keys, a file each. Whoever keeps them says in the key what they
    depend on, and takes a new folder for a new build."""

    def __init__(self, folder: Path | None) -> None:
        """Without a folder nothing is kept."""
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def _path(self, key: dict[str, Any]) -> Path | None:
        return self._folder / f"{config_hash(key)}.json" if self._folder else None

    def get(self, key: dict[str, Any]) -> Any:
        """None if there is none."""
        path = self._path(key)
        return json.loads(path.read_text())["value"] if path and path.exists() else None

    def put(self, key: dict[str, Any], value: Any) -> None:
        path = self._path(key)
        if path is None:
            return
        # Whole or not at all, however the run ends.
        draft = path.with_suffix(".part")
        draft.write_text(json.dumps({"key": key, "value": value}))
        draft.rename(path)
