"""What is done so far, one line of JSON a trial: written as trials end, read when an experiment
goes on. A line that was cut off by a crash is as if it had never been."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from visavis.errors import SettingsError
from visavis.netlab.experiment.trial import Result

NAME = "journal.jsonl"


class Journal:
    """Of one folder. Results are kept by the digest of their trial."""

    def __init__(self, folder: Path) -> None:
        """SettingsError if the folder cannot be used."""
        self._path = folder / NAME
        self.done: dict[str, Result] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if self._path.exists():
                self._read()
            self._file = self._path.open("a", encoding="utf-8")
        except OSError as error:
            raise SettingsError(
                f"{folder}: results cannot be kept there: {error.strerror or error}."
            ) from error

    def _read(self) -> None:
        whole = 0
        with self._path.open("rb") as file:
            for line in file:
                try:
                    told = json.loads(line)
                    result = Result(told["row"], told["timeline"])
                    digest = str(told["trial"])
                except (ValueError, KeyError, TypeError):
                    # What follows a broken line is whole again only if somebody edited it.
                    break
                if not line.endswith(b"\n"):
                    break
                self.done[digest] = result
                whole += len(line)
        if whole < self._path.stat().st_size:
            os.truncate(self._path, whole)

    def add(self, digest: str, result: Result) -> None:
        """On the disk, as far as the operating system's crash is none, once this returns."""
        self.done[digest] = result
        self._file.write(_line(digest, result))
        self._file.flush()

    def settle(self, order: Iterable[str]) -> None:
        """Write it anew: those of `order` first, so that the file does not tell which trial
        happened to end first."""
        first = [digest for digest in order if digest in self.done]
        rest = sorted(self.done.keys() - set(first))
        part = self._path.with_suffix(".part")
        part.write_text(
            "".join(_line(digest, self.done[digest]) for digest in (*first, *rest)),
            encoding="utf-8",
        )
        self._file.close()
        part.replace(self._path)
        self._file = self._path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def _line(digest: str, result: Result) -> str:
    told = {"trial": digest, "row": result.row, "timeline": result.timeline}
    return json.dumps(told, separators=(",", ":")) + "\n"
