"""Conversation: whose turn is it, what was heard, what was said.

Enters: upward events of one call. Leaves: speech to play, and events for whoever watches.
"""

from visavis.conversation.agent import DEFAULT_INSTRUCTIONS, Agent
from visavis.conversation.history import Item
from visavis.conversation.session import Session
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.tools import ClientTool, FunctionTool, function_tool

__all__ = [
    "DEFAULT_INSTRUCTIONS",
    "Agent",
    "ClientTool",
    "ConversationSettings",
    "FunctionTool",
    "Item",
    "Session",
    "function_tool",
]
