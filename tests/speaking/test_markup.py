"""Marks of writing are not for the ear."""

import pytest

from visavis.speaking import ClauseSplitter, Reader, speakable


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("**Sure**, I can *help*.", "Sure, I can help."),
        ("It is _really_ ~~bad~~ good.", "It is really bad good."),
        ("- one\n- two", "one\ntwo"),
        ("1. First\n2) Second", "First\nSecond"),
        ("- [x] done\n- [ ] open", "done\nopen"),
        ("5. That is all.", "5. That is all."),
        ("5.", "5."),
        ("# Title\nText", "Title\nText"),
        ("> quoted", "quoted"),
        ("Title\n=====\nText\n\n---\nMore", "Title\nText\nMore"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "a, b\n1, 2"),
        ("See [the page](https://example.com/a) now 😀!", "See the page now!"),
        ("![A cat](cat.png) sleeps", "A cat sleeps"),
        ("As known [1], [^2] and [3, 4].", "As known, and."),
        ("Mail <me@example.com> or <https://a.b>.", "Mail me@example.com or https://a.b."),
        ("<b>bold</b><br>line", "bold\nline"),
        ("It costs 3.50 - or less.", "It costs 3.50 - or less."),
        ("1999 was good", "1999 was good"),
        ("a < b and c > d", "a < b and c > d"),
        ("2*3 and 2 * 3", "2*3 and 2 * 3"),
        ("snake_case and __init__", "snake_case and init"),
        ("`code` and C# #1 #tag", "code and C# #1 tag"),
        (r"\*not bold\*", "not bold"),
        ("[laughs] Hi [warm] there", "Hi there"),
        ('[it\'s a "note"]', 'it\'s a "note"'),
        ("你好。很好！[开心]", "你好。很好！"),
    ],
)
def test_what_is_left(written: str, kept: str) -> None:
    assert speakable(written) == kept


CODE = "Look:\n```python\nfor i in range(3):\n    print(i)\n```\nThat is all."


def test_code_is_kept_but_not_read_out() -> None:
    splitter, reader = ClauseSplitter(), Reader()
    pieces = splitter.feed(CODE) + splitter.close()
    assert "".join(piece.text for piece in pieces) == CODE
    said = [reader.read(piece).text for piece in pieces]
    assert [text for text in said if text] == [
        "Look:",
        "Here is some Python code.",
        "That is all.",
    ]


def test_code_is_announced_before_it_is_complete() -> None:
    splitter = ClauseSplitter()
    (piece,) = splitter.feed("```\nx = 1")
    assert piece.code == "" and piece.first


def test_code_that_does_not_end_is_kept_up_to_a_limit() -> None:
    splitter = ClauseSplitter()
    pieces = splitter.feed("```\n" + "x = 1\n" * 3000) + splitter.close()
    assert 7000 < sum(len(piece.text) for piece in pieces) < 9000


def test_code_in_a_chinese_reply_is_announced_in_chinese() -> None:
    splitter, reader = ClauseSplitter(), Reader()
    pieces = splitter.feed("请看：\n```js\n1\n```\n") + splitter.close()
    assert [reader.read(piece).text for piece in pieces][:2] == [
        "请看：",
        "这里有一段JavaScript代码。",
    ]


def test_a_list_is_read_with_rests() -> None:
    splitter, reader = ClauseSplitter(3), Reader()
    pieces = splitter.feed("- 2 eggs\n- milk\n") + splitter.close()
    assert [reader.read(piece).text for piece in pieces] == ["two eggs.", "milk."]
