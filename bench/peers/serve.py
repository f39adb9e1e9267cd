"""A peer in a process of its own: `python -m peers.serve pipecat --fd 5`, run by the bench.

It loads visavis' models once, then answers `begin` (with how the peer is to be set), sound,
`stop` (end the reply) and `end`. Every call gets a session of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
import sys
from collections.abc import Callable

import structlog

from peers.session import INSTRUCTIONS, Session
from peers.wire import Messages, Note, note, sound
from visavis.cli.serve import llm_overrides
from visavis.models.protocols import ChatMessage, ModelSet
from visavis.seam import Pcm
from visavis.server.load_models import load_models
from visavis.settings import load_settings

Make = Callable[[ModelSet, Note, Callable[[Pcm], None]], Session]


def maker(stack: str) -> Make:
    """The stack's session; its packages are imported only if it is wanted."""
    if stack == "pipecat":
        from peers.serve_pipecat import PipecatSession

        return PipecatSession
    from peers.serve_livekit import LiveKitSession

    return LiveKitSession


async def serve(stack: str, line: socket.socket, llm: str) -> None:
    reader, writer = await asyncio.open_connection(sock=line)
    make = maker(stack)
    models = await load_models(load_settings(None, {"models": llm_overrides(llm)}))
    writer.write(note("loaded"))
    session: Session | None = None
    messages = Messages()
    while data := await reader.read(1 << 16):
        for message in messages.feed(data):
            if not isinstance(message, dict):
                if session is not None:
                    await session.hear(message)
            elif message["type"] == "begin":
                await models.llm.prefill([ChatMessage("system", INSTRUCTIONS)])
                session = make(models, message["how"], lambda pcm: writer.write(sound(pcm)))
                await session.begin()
                writer.write(note("begun"))
            elif session is not None and message["type"] == "stop":
                await session.stop()
            elif session is not None and message["type"] == "end":
                await session.aclose()
                session = None
                writer.write(note("ended"))
    await models.aclose()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("stack", choices=["pipecat", "livekit"])
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--llm", default="auto")
    given = parser.parse_args()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    with socket.socket(fileno=given.fd) as line:
        asyncio.run(serve(given.stack, line, given.llm))


if __name__ == "__main__":
    main()
