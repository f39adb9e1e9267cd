"""Models in virtual time: their work is done at once, and a fixed time is charged for it.

So the same call gives the same figures on a busy machine and on an idle one. What a model gave is
remembered on disk: it is a function of the sound alone, and a call heard again after a small change
of the rules asks mostly the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import sqlite3
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from visavis.models.workers import Cancel

T = TypeVar("T")


@dataclass(frozen=True)
class Costs:
    """Seconds, measured alone on two quiet cores (`turn_taking.py --measure`; for the language
    model `voice_to_voice.md`: from its start to its first token, and to its first clause)."""

    recognise: float = 0.012
    recognise_second: float = 0.005
    """… and for each second of sound."""
    recognise_token: float = 0.0035
    """… and for each token that an earlier decode had not found."""
    turn: float = 0.004
    first_token: float = 0.13
    tokens_per_s: float = 33.0
    first_speech: float = 0.025
    up: float = 0.02
    """From the end of a frame at the person's microphone to the session."""
    down: float = 0.05
    """From the session to the person's ear."""


class Memory:
    """What models gave, by what they were asked."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._store = sqlite3.connect(path, timeout=60, isolation_level=None)
        self._store.execute("pragma journal_mode=wal")
        self._store.execute("pragma synchronous=off")
        self._store.execute("create table if not exists given (ask blob primary key, what blob)")

    def get(self, ask: bytes) -> Any | None:
        row = self._store.execute("select what from given where ask = ?", (ask,)).fetchone()
        return None if row is None else pickle.loads(row[0])

    def put(self, ask: bytes, what: Any) -> None:
        self._store.execute("insert or replace into given values (?, ?)", (ask, pickle.dumps(what)))

    def known(self, ask: bytes, make: Callable[[], T]) -> T:
        """What was given, or what `make` gives now."""
        what: T | None = self.get(ask)
        if what is None:
            what = make()
            self.put(ask, what)
        return what

    def close(self) -> None:
        self._store.close()


class ChargedWorker:
    """`workers.Runs` with one thread in virtual time: jobs wait for one another, and each lasts
    what `cost` says of its arguments and its result. A cancelled job makes room at once."""

    def __init__(self, name: str, cost: Callable[[tuple[Any, ...], Any], float], memory: Memory):
        self._name = name
        self._cost = cost
        self._memory = memory
        self._free = asyncio.Lock()

    async def run(
        self, fn: Callable[..., T], /, *args: Any, key: Hashable = None, priority: int = 0
    ) -> T:
        async with self._free:
            result = self._memory.known(digest(self._name, args), lambda: fn(Cancel(), *args))
            await asyncio.sleep(self._cost(args, result))
            return result

    async def aclose(self) -> None:
        pass


def digest(name: str, args: tuple[Any, ...]) -> bytes:
    """Of the arguments that say something; a model itself is known by the worker's name."""
    ask = hashlib.sha256(name.encode())
    for each in args:
        if isinstance(each, np.ndarray | bytes):
            ask.update(each)
        elif isinstance(each, tuple):
            ask.update(repr(each).encode())
    return ask.digest()
