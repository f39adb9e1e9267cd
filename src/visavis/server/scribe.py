"""Writes down what a conversation was: items and ledgers to the store, turns to the metrics."""

from __future__ import annotations

from visavis.conversation.events import ConversationItemAdded, ReplyDone, SessionEvent, TurnMeasured
from visavis.conversation.ledger import Ledger, Stage
from visavis.server.metrics import Metrics
from visavis.store import Store


class Scribe:
    """A listener of one session."""

    def __init__(self, call_id: str, store: Store | None, metrics: Metrics) -> None:
        self._call_id = call_id
        self._store = store
        self._metrics = metrics
        self._open: dict[int, Ledger] = {}

    def on_session_event(self, event: SessionEvent) -> None:
        match event:
            case ConversationItemAdded():
                self._item(event.item_id, event.role, event.text, event.interrupted)
            case ReplyDone(status="cancelled") if event.heard:
                self._item(event.item_id, "assistant", event.heard, True)
            case TurnMeasured():
                self._open[event.ledger.turn] = event.ledger
                if Stage.DONE in event.ledger.stages:
                    self._turn(self._open.pop(event.ledger.turn))

    def close(self) -> None:
        """The call is over: turns without an end are kept as far as they came."""
        for ledger in self._open.values():
            self._turn(ledger)
        self._open.clear()

    def _item(self, item_id: str, role: str, text: str, interrupted: bool) -> None:
        if self._store is not None:
            self._store.record_item(
                self._call_id, item_id, role=role, text=text, interrupted=interrupted
            )

    def _turn(self, ledger: Ledger) -> None:
        self._metrics.turn(ledger)
        if self._store is not None:
            self._store.record_turn(self._call_id, ledger.to_dict())
