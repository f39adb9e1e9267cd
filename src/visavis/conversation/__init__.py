"""Conversation: whose turn is it, what was heard, what was said.

Enters: upward events of one call. Leaves: speech to play, and events for whoever watches.
"""
