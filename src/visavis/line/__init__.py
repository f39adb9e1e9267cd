"""The line: WebRTC media through the native module, as an asyncio citizen.

Enters: SDP, PCM to play, messages. Leaves: the upward events of visavis.seam.
"""
