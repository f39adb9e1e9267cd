"""Which way a call is made, and what the microphone sends."""

from __future__ import annotations

import base64

import pytest
from tests.web.pages import call, state, until

pytestmark = pytest.mark.browser


def test_without_webrtc_it_uses_the_websocket(page, server) -> None:
    call(page, server)
    assert state(page)["transport"] == "websocket"
    assert server.offers == []


def test_a_server_whose_media_engine_is_missing_is_called_by_websocket(page, server) -> None:
    server.webrtc = True
    call(page, server)
    assert state(page)["transport"] == "websocket"
    assert "useinbandfec=1" in server.offers[0]
    assert "webrtc-datachannel" in server.offers[0]


def test_media_that_finds_no_path_falls_back(page, server) -> None:
    server.webrtc = True
    # An answer that nobody stands behind: ICE cannot connect.
    page.add_init_script(
        "Object.defineProperty(RTCPeerConnection.prototype, 'connectionState',"
        "  { get: () => 'failed' });"
        "RTCPeerConnection.prototype.setRemoteDescription = async () => undefined;"
        "const real = window.fetch;"
        "window.fetch = (url, init) => init?.method === 'POST'"
        "  ? Promise.resolve(new Response('v=0', { status: 201 })) : real(url, init);"
    )
    call(page, server)
    assert state(page)["transport"] == "websocket"


def test_the_page_can_be_told(page, server) -> None:
    server.webrtc = True
    call(page, server, "?transport=ws")
    assert server.offers == []


def test_the_key_in_the_address_reaches_the_server(page, server) -> None:
    call(page, server, "#key=s3cret")
    assert server.protocols == ["realtime", "openai-insecure-api-key.s3cret"]


def test_the_microphone_arrives_in_20_ms_packets(page, server) -> None:
    call(page, server)
    kind = "input_audio_buffer.append"
    server.wait(lambda sent: sum(e["type"] == kind for e in sent) >= 100)
    packets = [base64.b64decode(event["audio"]) for event in server.sent(kind)]
    assert {len(packet) for packet in packets} == {960}
    # Chromium's fake microphone beeps once a second.
    assert any(any(packet) for packet in packets)


def test_mute_sends_silence(page, server) -> None:
    call(page, server)
    page.keyboard.press("m")
    until(page, "s.muted")
    before = len(server.sent("input_audio_buffer.append"))
    server.wait(lambda sent: len(sent) >= before + 110)
    packets = server.sent("input_audio_buffer.append")[before + 10 :]
    assert not any(any(base64.b64decode(event["audio"])) for event in packets)
    assert page.get_attribute("#mute", "aria-pressed") == "true"
