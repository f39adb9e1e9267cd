"""The OpenAI Realtime protocol around a conversation.

Enters: client events as JSON. Leaves: server events as JSON.
"""
