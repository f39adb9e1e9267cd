"""Mandarin numbers in words (simplified characters)."""

from __future__ import annotations

import unicodedata

_DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
LONGEST = 16
"""More digits than this are said one by one."""


def cardinal(value: int) -> str:
    """0 to 10¹⁶-1: 十二, 一千零五, 两万."""
    if value == 0:
        return "零"
    words, group, gap = "", 0, False
    while value:
        value, low = divmod(value, 10_000)
        if low:
            part = _four(low)
            if gap and words:
                words = f"零{words}"
            words = f"{'两' if part == '二' and group else part}{_GROUPS[group]}{words}"
        gap = low < 1000 and (low > 0 or gap or bool(words))
        group += 1
    return words[1:] if words.startswith("一十") else words


def _four(value: int) -> str:
    words, gap = "", False
    for place in (3, 2, 1, 0):
        digit, value = divmod(value, 10**place)
        if not digit:
            gap = bool(words) and value > 0
            continue
        words += ("零" if gap else "") + ("两" if digit == 2 and place >= 2 else _DIGITS[digit])
        words += _UNITS[place]
        gap = False
    return words


def digits(text: str, one: str = "一") -> str:
    """One by one: 二零二六. Whatever is no digit is left out."""
    values = (unicodedata.digit(letter, None) for letter in text)
    return "".join(one if value == 1 else _DIGITS[value] for value in values if value is not None)


def number(text: str) -> str:
    """A number as written: `1,234`, `3.50`, `.5`, `007`."""
    whole, point, fraction = text.replace(",", "").partition(".")
    if len(whole) > LONGEST or (len(whole) > 1 and whole[0] == "0"):
        words = digits(whole)
    else:
        words = cardinal(int(whole or "0"))
    return f"{words}点{digits(fraction)}" if point and fraction else words


def counted(text: str) -> str:
    """The same before a measure word: 两 instead of 二."""
    words = number(text)
    return "两" if words == "二" else words
