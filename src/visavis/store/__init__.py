"""The store: what is kept of calls.

In: calls started and ended, conversation items, ledgers of turns. Out: the same, as dicts ready
for JSON. SQLite by default; nothing here blocks the event loop.
"""

from visavis.store.store import Store

__all__ = ["Store"]
