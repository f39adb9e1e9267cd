"""The store: one worker thread writes and reads; the event loop never waits for a disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import structlog
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from visavis.store.database import open_database
from visavis.store.schema import CallRow, ItemRow, TurnRow

log = structlog.get_logger(__name__)
T = TypeVar("T")

MAX_PENDING = 10_000
"""Writes that may wait; with more, the newest are dropped and counted."""


class Store:
    """Calls, items and turns. `record_*` return at once and may be called from any thread."""

    def __init__(self, engine: Engine, max_pending: int = MAX_PENDING) -> None:
        self._engine = engine
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="visavis-store")
        self._free = threading.BoundedSemaphore(max_pending)
        self._closed = False
        self.dropped = 0
        """Records lost because the queue was full or the database refused them."""

    @classmethod
    def open(cls, url: str, *, max_pending: int = MAX_PENDING) -> Self:
        """Open or create the database and migrate it. Blocks. SettingsError."""
        return cls(open_database(url), max_pending)

    def record_call_started(self, call_id: str, *, transport: str) -> None:
        row = CallRow(id=call_id, transport=transport, started_at=_now())
        self._write(lambda session: session.add(row))

    def record_call_ended(self, call_id: str, *, reason: str) -> None:
        change = update(CallRow).where(CallRow.id == call_id)
        values = {"ended_at": _now(), "reason": reason}
        self._write(lambda session: session.execute(change.values(values)))

    def record_item(
        self, call_id: str, item_id: str, *, role: str, text: str, interrupted: bool = False
    ) -> None:
        """Keep an item; the same item again replaces its text (it was cut at what was heard)."""
        at = _now()

        def write(session: Session) -> None:
            known = session.scalar(
                select(ItemRow).where(ItemRow.call_id == call_id, ItemRow.item_id == item_id)
            )
            if known is not None:
                known.text, known.interrupted = text, interrupted
                return
            session.add(
                ItemRow(
                    call_id=call_id,
                    item_id=item_id,
                    role=role,
                    text=text,
                    interrupted=interrupted,
                    at=at,
                )
            )

        self._write(write)

    def record_turn(self, call_id: str, ledger: dict[str, Any]) -> None:
        """Keep a turn's ledger (`Ledger.to_dict()`); a later one of the turn replaces it."""
        row = TurnRow(call_id=call_id, turn=ledger["turn"], ledger=ledger)
        self._write(lambda session: session.merge(row))

    async def calls(self, limit: int = 100) -> list[dict[str, Any]]:
        """The newest calls first, without their items."""
        query = select(CallRow).order_by(CallRow.started_at.desc()).limit(limit)

        def read() -> list[dict[str, Any]]:
            with Session(self._engine) as session:
                return [_call_dict(row) for row in session.scalars(query)]

        return await asyncio.wrap_future(self._worker.submit(read))

    async def call(self, call_id: str) -> dict[str, Any] | None:
        """One call with its items and turns, or None."""

        def read() -> dict[str, Any] | None:
            with Session(self._engine) as session:
                row = session.get(CallRow, call_id)
                if row is None:
                    return None
                return {
                    **_call_dict(row),
                    "items": [_item_dict(item) for item in row.items],
                    "turns": [turn.ledger for turn in row.turns],
                }

        return await asyncio.wrap_future(self._worker.submit(read))

    def close(self) -> None:
        """Write what waits, then close. Blocks. Idempotent."""
        if not self._closed:
            self._closed = True
            self._worker.shutdown(wait=True)
            self._engine.dispose()

    def _write(self, change: Callable[[Session], object]) -> None:
        if self._closed or not self._free.acquire(blocking=False):
            self._lost("the store is closed" if self._closed else "its queue is full")
            return

        def work() -> None:
            with Session(self._engine) as session, session.begin():
                change(session)

        self._worker.submit(work).add_done_callback(self._written)

    def _written(self, done: Future[None]) -> None:
        self._free.release()
        error = done.exception()
        if isinstance(error, SQLAlchemyError):
            # `orig` names the cause without the statement's parameters, which hold speech.
            self._lost(str(getattr(error, "orig", None) or type(error).__name__))
        elif error is not None:
            self._lost(type(error).__name__)

    def _lost(self, why: str) -> None:
        self.dropped += 1
        log.warning("store.record_lost", why=why, dropped=self.dropped)


def _now() -> datetime:
    return datetime.now(UTC)


def _iso(at: datetime | None) -> str | None:
    # SQLite keeps no zone; everything stored is UTC.
    return None if at is None else at.replace(tzinfo=UTC).isoformat(timespec="milliseconds")


def _call_dict(row: CallRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "transport": row.transport,
        "started_at": _iso(row.started_at),
        "ended_at": _iso(row.ended_at),
        "reason": row.reason,
    }


def _item_dict(row: ItemRow) -> dict[str, Any]:
    return {
        "id": row.item_id,
        "role": row.role,
        "text": row.text,
        "interrupted": row.interrupted,
        "at": _iso(row.at),
    }
