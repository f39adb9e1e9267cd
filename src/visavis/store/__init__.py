"""What is kept: calls, turns, transcripts.

Enters: finished calls and turns. Leaves: rows.
"""
