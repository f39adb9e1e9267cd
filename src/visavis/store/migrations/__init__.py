"""Alembic's scripts, run by `Store.open`."""
