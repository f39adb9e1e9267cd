"""Addresses on the net, spelled so that a listener could write them down, shared by all languages.

Of a link only the host and a short path are said: nobody remembers a query by ear.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_ENDINGS = (
    "com|org|net|io|ai|dev|app|edu|gov|info|me|tv|co|us|uk|de|fr|es|it|nl|ch|at|eu|ca|au|in|jp|cn|hk"
    "|tw|sg"
)
_PATH = r"(?:[/?#][^\s<>\"'，。！？；、）]*)?"
LINK = re.compile(
    rf"(?<![A-Za-z0-9])(?:(?:https?|ftp)://|www\.)[^\s<>\"'，。！？；、）]+|"
    rf"(?<![A-Za-z0-9_.@-])(?:[a-zA-Z0-9-]+\.){{1,4}}(?:{_ENDINGS})\b(?![\w.@-]*@)(?!\.\w)(?::\d+)?{_PATH}"
)
MAIL = re.compile(r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
HANDLE = re.compile(r"(?<![\w.])@(?=[A-Za-z_])")
FILE = re.compile(
    r"(?<![\w.])[\w-]{1,40}\.(?:py|js|ts|rs|txt|json|md|html|css|csv|pdf|exe|sh|toml|yaml|yml|zip"
    r"|png|jpe?g|gif|wav|mp3|mp4|docx?|xlsx?)\b"
)
SIGNS = {
    "@": "at",
    ".": "dot",
    "/": "slash",
    "-": "dash",
    "_": "underscore",
    "+": "plus",
    ":": "colon",
}
_SPELLED = frozenset(
    (
        "py",
        "js",
        "ts",
        "rs",
        "md",
        "html",
        "css",
        "csv",
        "pdf",
        "exe",
        "sh",
        "png",
        "gif",
        "io",
        "uk",
    )
)
_LONGEST_PATH = 24

Digits = Callable[[str], str]


def link(match: re.Match[str], digits: Digits, signs: dict[str, str] = SIGNS) -> str:
    text = match[0].rstrip(".,;:!?)]}'\"")
    tail = match[0][len(text) :]
    text = re.sub(r"^(?:\w+://)?(?:www\.)?", "", text)
    host, mark, path = re.match(r"([^/?#]*)([/?#]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    path = re.split(r"[?#]", path)[0].rstrip("/") if mark == "/" else ""
    if not path or len(path) > _LONGEST_PATH or "%" in path:
        return spelled(host, digits, signs) + tail
    return f"{spelled(f'{host}/{path}', digits, signs)}{tail}"


def spelled(text: str, digits: Digits, signs: dict[str, str] = SIGNS) -> str:
    """Words stay words, signs are named, digits said one by one."""
    out: list[str] = []
    for part in re.findall(r"[^\W\d_]+|\d+|.", text, re.DOTALL):
        if part.isdigit():
            out.append(digits(part))
        elif part.isalpha():
            out.append(" ".join(part.upper()) if part.lower() in _SPELLED else part)
        elif part in signs:
            out.append(signs[part])
    return " ".join(out)
