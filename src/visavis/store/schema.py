"""Tables: calls, what was said in them, and how long each turn took."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class CallRow(Base):
    __tablename__ = "calls"

    id: Mapped[str] = mapped_column(primary_key=True)
    transport: Mapped[str]
    """`webrtc` or `websocket`."""
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None]
    items: Mapped[list[ItemRow]] = relationship(order_by="ItemRow.number")
    turns: Mapped[list[TurnRow]] = relationship(order_by="TurnRow.turn")


class ItemRow(Base):
    __tablename__ = "items"
    __table_args__ = (UniqueConstraint("call_id", "item_id"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    item_id: Mapped[str]
    role: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    interrupted: Mapped[bool]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class TurnRow(Base):
    __tablename__ = "turns"

    call_id: Mapped[str] = mapped_column(
        ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True
    )
    turn: Mapped[int] = mapped_column(primary_key=True)
    ledger: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`conversation.ledger.Ledger.to_dict()`."""
