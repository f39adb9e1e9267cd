"""Each thing that can go wrong is said in words one can act on."""

from __future__ import annotations

import pytest
from tests.web.pages import call, notice, until

pytestmark = pytest.mark.browser

FAIL = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{}'))"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("NotAllowedError", "The microphone is blocked"),
        ("NotFoundError", "No microphone found"),
        ("NotReadableError", "The microphone does not answer"),
    ],
)
def test_microphone(page, server, name, title) -> None:
    page.add_init_script(FAIL.format(name))
    page.goto(server.url)
    page.click("#talk")
    assert title in notice(page)
    assert page.inner_text("#talk-label") == "Try again"
    assert server.calls == 0


def test_insecure_page(page, server) -> None:
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.goto(server.url)
    page.click("#talk")
    assert "TLS certificate" in notice(page)


@pytest.mark.parametrize("webrtc", [False, True])
def test_busy(page, server, webrtc) -> None:
    server.busy = True
    server.webrtc = webrtc
    page.goto(server.url)
    page.click("#talk")
    assert "All lines are busy" in notice(page)
    server.busy = False
    page.click("#talk")
    until(page, "s.phase === 'live' && s.problem === null")


def test_server_gone(page, server) -> None:
    page.goto(server.url)
    server.refuse_config = True
    page.click("#talk")
    assert "The server does not answer" in notice(page)


def test_a_problem_in_mid_call_is_said_and_goes_away(page, server) -> None:
    call(page, server)
    error = {"type": "server_error", "code": "model_error", "message": "The voice failed."}
    server.send({"type": "error", "error": error})
    assert "The voice failed." in notice(page)
    page.click("#dismiss")
    page.wait_for_selector("#notice", state="hidden")
    until(page, "s.phase === 'live'")


def test_broken_messages_do_not_end_the_call(page, server) -> None:
    call(page, server)
    server.send({"type": "something.new"}, {"no": "type"})
    server.send({"type": "visavis.state", "user": "listening", "agent": "thinking"})
    until(page, "s.agent === 'thinking' && s.phase === 'live'")


def test_a_camera_that_fails_leaves_the_call_alone(page, server) -> None:
    call(page, server)
    page.evaluate(f"() => {{ {FAIL.format('NotFoundError')} }}")
    page.click("#camera")
    assert "No camera could be opened" in notice(page)
    until(page, "s.phase === 'live'")
