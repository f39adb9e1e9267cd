"""English numbers in words."""

from __future__ import annotations

import unicodedata

_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_GROUPS = ("", " thousand", " million", " billion", " trillion")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LONGEST = 15
"""More digits than this are said one by one."""


def cardinal(value: int) -> str:
    """0 to 10¹⁵-1, as in "one hundred twenty-three"."""
    if value < 20:
        return _SMALL[value]
    if value < 100:
        tens, ones = divmod(value, 10)
        return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")
    if value < 1000:
        hundreds, rest = divmod(value, 100)
        return f"{_SMALL[hundreds]} hundred" + (f" {cardinal(rest)}" if rest else "")
    words, group = "", 0
    while value:
        value, low = divmod(value, 1000)
        if low:
            words = f"{cardinal(low)}{_GROUPS[group]} {words}"
        group += 1
    return words.strip()


def ordinal(value: int) -> str:
    """As in "twenty-third"."""
    words = cardinal(value)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    if last in _ORDINALS:
        return words[:cut] + _ORDINALS[last]
    return words[:-1] + "ieth" if last.endswith("y") else words + "th"


def digits(text: str, zero: str = "zero") -> str:
    """One by one: "four two zero". Whatever is no digit is left out."""
    return " ".join(
        zero if value == 0 else _SMALL[value]
        for value in (unicodedata.digit(letter, None) for letter in text)
        if value is not None
    )


def number(text: str) -> str:
    """A number as written: `1,234`, `3.50`, `.5`, `007`."""
    whole, point, fraction = text.replace(",", "").partition(".")
    if len(whole) > LONGEST or (len(whole) > 1 and whole[0] == "0"):
        words = digits(whole)
    else:
        words = cardinal(int(whole)) if whole else ""
    return f"{words} point {digits(fraction)}".strip() if point and fraction else words


def year(value: int) -> str:
    """As in "nineteen oh five", "two thousand eight", "twenty twenty-six"."""
    century, rest = divmod(value, 100)
    if not 1000 <= value <= 9999 or (century % 10 == 0 and rest < 10):
        return cardinal(value)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} " + (f"oh {_SMALL[rest]}" if rest < 10 else cardinal(rest))


def block(text: str) -> str:
    """The number of a house, a room, a flight: "305" is "three oh five", "1600" "sixteen
    hundred"."""
    value = int(text)
    if len(text) == 3 and value % 100 and text[0] != "0":
        head, rest = divmod(value, 100)
        return f"{_SMALL[head]} " + (f"oh {_SMALL[rest]}" if rest < 10 else cardinal(rest))
    if len(text) == 4 and text[0] != "0" and value % 1000:
        return year(value)
    return digits(text) if text[0] == "0" or len(text) > 4 else cardinal(value)


_FRACTIONS = {2: ("half", "halves"), 4: ("quarter", "quarters")}


def fraction(above: int, below: int) -> str:
    """As in "three quarters", "two thirds"."""
    one, many = _FRACTIONS.get(below) or (ordinal(below), f"{ordinal(below)}s")
    return f"{cardinal(above)} {one if above == 1 else many}"


def roman(text: str) -> int | None:
    """1 to 39 in capital Roman letters."""
    values = {"I": 1, "V": 5, "X": 10}
    total = 0
    for letter, following in zip(text, f"{text[1:]} ", strict=True):
        value = values.get(letter, 0)
        total += -value if value < values.get(following, 0) else value
    return total if 0 < total < 40 and _as_roman(total) == text else None


def _as_roman(value: int) -> str:
    ones = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
    return "X" * (value // 10) + ones[value % 10]
