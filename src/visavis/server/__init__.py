"""HTTP and signalling: the page, calls, health, metrics.

Enters: requests. Leaves: answers and running conversations.
"""
