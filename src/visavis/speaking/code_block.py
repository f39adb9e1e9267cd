"""Code between fences, as it streams by: kept as it is written, within bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_CODE = 8000
"""Letters of one block of code that are kept."""

FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([^\s`]{0,30})[^\n`]{0,100}\n")
"""The line that opens a block: its marks, and the language."""
FENCE_BEGUN = re.compile(r"(?:`{1,3}|~{1,3})\Z|(?:`{3,}|~{3,})[^\n`]{0,130}\Z")
"""What may become one."""


@dataclass(slots=True, frozen=True)
class Code:
    """Code between fences, or a part of it, as it is written."""

    text: str
    language: str
    """As the fence names it; "" if it does not."""
    first: bool


class CodeBlock:
    """One block, from its fence to the fence that closes it."""

    def __init__(self, fence: re.Match[str]) -> None:
        """`fence`: a match of `FENCE`."""
        self._marks, self._language = fence[1], fence[2].lower()
        self._kept = 0
        self.opening = Code(fence[0], self._language, True)
        self.closed = False

    def line(self, buffer: str, at: int, final: bool) -> str:
        """The next line; as much as there is if it grows too long or no more will come; "" if more
        must be seen first."""
        end = buffer.find("\n", at) + 1
        if not end and not final and len(buffer) - at < MAX_CODE:
            return ""
        return buffer[at : end or len(buffer)]

    def keep(self, line: str) -> Code | None:
        """What is kept of the line."""
        if not line:
            return None
        bare = line.strip()
        self.closed = bare.startswith(self._marks) and not bare.strip(self._marks[0])
        kept = line if self.closed else line[: MAX_CODE - self._kept]
        self._kept += len(kept)
        return Code(kept, self._language, False) if kept else None
