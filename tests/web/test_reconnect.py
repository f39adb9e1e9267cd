"""A call that drops is made again by itself; one that was hung up is not."""

from __future__ import annotations

import pytest
from tests.web import script
from tests.web.pages import call, state, until

pytestmark = pytest.mark.browser

# The notice counts down by the second: a busy machine may look when it says the next thing.
KEEP_NOTICES = """
    window.notices = [];
    new MutationObserver(() => notices.push(document.querySelector("#notice").innerText))
      .observe(document.querySelector("#notice"),
        { attributes: true, childList: true, characterData: true, subtree: true });
"""


def test_it_calls_again_and_keeps_the_words(page, server) -> None:
    call(page, server)
    server.send(script.final(1, "Before the drop."))
    until(page, "s.lines.length === 1")
    page.evaluate(KEEP_NOTICES)
    server.drop()
    page.wait_for_function("notices.some((text) => text.includes('in 1 s (attempt 1)'))")
    until(page, "s.phase === 'live'")
    server.send(script.final(2, "After it."))
    until(page, "s.lines.length === 2")
    assert server.calls == 2
    assert state(page)["transcripts"]["user"] == ["Before the drop.", "After it."]


def test_back_off_is_counted_and_can_be_cut_short(page, server) -> None:
    call(page, server)
    server.refuse_config = True
    server.drop()
    until(page, "s.retry?.attempt === 3")
    server.refuse_config = False
    page.click("#retry")
    until(page, "s.phase === 'live'")


def test_hanging_up_while_waiting_ends_it(page, server) -> None:
    call(page, server)
    server.refuse_config = True
    server.drop()
    until(page, "s.phase === 'reconnecting'")
    page.click("#hangup")
    until(page, "s.phase === 'ended' && s.retry === null")
    assert server.calls == 1


def test_hanging_up_ends_the_call_and_frees_the_microphone(page, server) -> None:
    page.add_init_script(
        "const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
        "navigator.mediaDevices.getUserMedia = async (c) => (window.opened = await open(c));"
    )
    call(page, server)
    page.keyboard.press("h")
    until(page, "s.phase === 'ended'")
    assert page.evaluate("opened.getTracks().every((t) => t.readyState === 'ended')")
    page.keyboard.press("Space")
    until(page, "s.phase === 'live'")
    assert server.calls == 2
