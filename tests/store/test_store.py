"""What is recorded can be read back, and a store in trouble harms nobody."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from visavis.errors import SettingsError
from visavis.store import Store
from visavis.store.database import open_database
from visavis.store.schema import Base


def ledger(turn: int, **more: Any) -> dict[str, Any]:
    return {"turn": turn, "stages": {"first_played": 412.5}, **more}


def test_a_call_is_kept_with_its_items_and_turns(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a' / 'b' / 'v.db'}"
    store = Store.open(url)
    store.record_call_started("c1", transport="webrtc")
    store.record_item("c1", "i1", role="user", text="Hello.")
    store.record_item("c1", "i2", role="assistant", text="Hi there, friend.")
    store.record_item("c1", "i2", role="assistant", text="Hi there", interrupted=True)
    store.record_turn("c1", ledger(1))
    store.record_turn("c1", ledger(1, interrupted=True))
    store.record_call_ended("c1", reason="hangup")
    store.close()

    async def read() -> tuple[list[dict[str, Any]], dict[str, Any] | None, object]:
        again = Store.open(url)
        try:
            return await again.calls(), await again.call("c1"), await again.call("none")
        finally:
            again.close()

    calls, call, none = asyncio.run(read())
    assert none is None
    assert call is not None
    assert [c["id"] for c in calls] == ["c1"]
    assert call["reason"] == "hangup"
    assert call["started_at"] <= call["ended_at"]
    assert call["started_at"].endswith("+00:00")
    assert [(i["id"], i["text"], i["interrupted"]) for i in call["items"]] == [
        ("i1", "Hello.", False),
        ("i2", "Hi there", True),
    ]
    assert call["turns"] == [ledger(1, interrupted=True)]


def test_migrations_make_the_tables_of_the_schema() -> None:
    engine = open_database("sqlite://")
    found = inspect(engine)
    for table in Base.metadata.sorted_tables:
        columns = {c["name"]: c["nullable"] for c in found.get_columns(table.name)}
        assert columns == {c.name: c.nullable for c in table.columns}
        indexed = {tuple(i["column_names"]) for i in found.get_indexes(table.name)}
        assert indexed >= {tuple(c.name for c in i.columns) for i in table.indexes}
    engine.dispose()


def test_a_full_queue_drops_and_counts() -> None:
    store = Store.open("sqlite://", max_pending=3)
    gate, entered = threading.Event(), threading.Event()

    def hold(_: Session) -> None:
        entered.set()
        gate.wait(5)

    store._write(hold)
    entered.wait(5)
    for n in range(5):
        store.record_call_started(f"c{n}", transport="websocket")
    assert store.dropped == 3
    gate.set()
    store.close()
    assert store.dropped == 3


def test_a_record_the_database_refuses_is_counted_and_others_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def run() -> tuple[int, list[dict[str, Any]]]:
        store = Store.open("sqlite://")
        store.record_item("no such call", "i", role="user", text="a private word")
        store.record_call_started("c1", transport="websocket")
        found = await store.calls()
        store.close()
        store.record_call_ended("c1", reason="late")
        return store.dropped, found

    dropped, calls = asyncio.run(run())
    assert dropped == 2
    assert [c["id"] for c in calls] == ["c1"]
    assert "a private word" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////dev/null/v.db", "cannot be opened"),
        ("not a url", "not a database URL"),
    ],
)
def test_a_store_that_cannot_be_opened_is_explained(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Store.open(url)


def test_a_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    path.write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(SettingsError, match=r"v\.db cannot be opened.*not a database"):
        Store.open(f"sqlite:///{path}")
