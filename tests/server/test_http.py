"""Signalling, health, metrics and what is kept, over HTTP."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.fakes import Puppets, running, settings_for

from visavis.errors import ModelError, SettingsError, WeightsError
from visavis.models.scripted import scripted_models
from visavis.server import ModelHub, create_app, listen, serve
from visavis.server.http import form_fields

SDP = {"Content-Type": "application/sdp"}


def ask(tmp_path: Path, *requests: tuple[str, str, dict[str, Any]], **sections: Any) -> list[Any]:
    async def run() -> list[httpx.Response]:
        settings = settings_for(tmp_path, **sections)
        async with (
            running(settings, make_session=Puppets(), webrtc=False) as (url, _),
            httpx.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            return [await client.request(m, path, **more) for m, path, more in requests]

    return asyncio.run(run())


def test_health_config_metrics_and_the_page(tmp_path: Path) -> None:
    ice = [{"urls": ["turn:t.example"], "username": "u", "credential": "c"}]
    health, config, metrics, page = ask(
        tmp_path,
        ("GET", "/health", {}),
        ("GET", "/config.json", {}),
        ("GET", "/metrics", {}),
        ("GET", "/", {}),
        network={"ice_servers": ice},
    )
    assert health.status_code == 200
    assert health.json()["status"] == "ready"
    assert health.json()["capacity"] == 200
    assert config.json()["ice_servers"] == ice
    assert config.json()["webrtc"] is False
    assert "visavis_calls_active 0.0" in metrics.text
    assert page.status_code == 200
    assert "<html" in page.text


@pytest.mark.parametrize(
    ("request_", "status", "code", "says"),
    [
        ({"content": b"", "headers": SDP}, 400, "invalid_sdp", "is empty"),
        ({"content": b"\xff\xfe", "headers": SDP}, 400, "invalid_sdp", "UTF-8"),
        ({"content": b"v" * 70_000, "headers": SDP}, 413, "payload_too_large", "65536"),
        ({"json": {}}, 400, "unsupported_media_type", "application/sdp"),
        (
            {"files": {"sdp": (None, "v=0"), "session": (None, "[1]")}},
            400,
            "invalid_request",
            "session is not a JSON object",
        ),
        ({"files": {"other": (None, "x")}}, 400, "invalid_sdp", "is empty"),
        ({"content": b"v=0", "headers": SDP}, 400, "internal_error", "over WebSocket"),
    ],
)
def test_offers_that_cannot_be_taken(
    tmp_path: Path, request_: dict[str, Any], status: int, code: str, says: str
) -> None:
    from visavis.line import native_available

    (answer,) = ask(tmp_path, ("POST", "/v1/realtime/calls", request_))
    if code == "internal_error" and not native_available():
        status, code = 501, "native_missing"
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert says in error["message"]


def test_a_busy_server_says_when_to_come_back(tmp_path: Path) -> None:
    (answer,) = ask(
        tmp_path,
        ("POST", "/v1/realtime/calls", {"content": b"v=0", "headers": SDP}),
        admission={"max_calls": 0, "retry_after_s": 7},
    )
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["error"]["code"] == "busy"


def test_hanging_up_what_does_not_run(tmp_path: Path) -> None:
    answers = ask(
        tmp_path,
        ("DELETE", "/v1/realtime/calls/none", {}),
        ("POST", "/v1/realtime/calls/none/hangup", {}),
        ("GET", "/v1/calls/none", {}),
    )
    assert [a.status_code for a in answers] == [404, 404, 404]
    assert {a.json()["error"]["code"] for a in answers} == {"call_not_found"}


def test_the_api_key(tmp_path: Path) -> None:
    path = "/v1/realtime/calls/none/hangup"
    answers = ask(
        tmp_path,
        ("POST", path, {}),
        ("POST", path, {"headers": {"Authorization": "Bearer wrong"}}),
        ("POST", path, {"headers": {"Authorization": "Bearer right"}}),
        ("GET", "/v1/calls", {}),
        ("GET", "/v1/calls", {"headers": {"Authorization": "Bearer right"}}),
        ("GET", "/health", {}),
        http={"api_key": "right"},
    )
    assert [a.status_code for a in answers] == [401, 401, 404, 403, 200, 200]


def test_what_was_said_is_shown_to_this_machine_by_its_own_name_only(tmp_path: Path) -> None:
    answers = ask(
        tmp_path,
        ("GET", "/v1/calls", {}),
        ("GET", "/v1/calls", {"headers": {"Host": "rebound.example"}}),
        ("GET", "/v1/calls", {"headers": {"Origin": "https://evil.example"}}),
    )
    assert [a.status_code for a in answers] == [200, 403, 403]


def test_a_port_in_use_is_explained(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = settings_for(tmp_path, http={"port": port})
        with pytest.raises(SettingsError, match=rf"http\.port {port} .* already in use.*--port"):
            serve(settings)


def test_an_address_that_is_not_ours_is_explained(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, http={"host": "192.0.2.1"})
    with pytest.raises(SettingsError, match="an address of this machine"):
        listen(settings.http)


def test_a_store_that_cannot_be_opened_stops_serve_in_words(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, store={"path": "/dev/null/v.db"})
    with pytest.raises(SettingsError, match=r"store .*cannot be opened"):
        serve(settings, app=create_app(settings, scripted_models(["a"])))


def test_missing_weights_are_told_to_who_calls(tmp_path: Path) -> None:
    async def none(_: Any) -> Any:
        raise WeightsError("the weights of Moonshine are not on this machine.")

    async def run() -> None:
        hub = ModelHub(settings_for(tmp_path), load=none)
        hub.start()
        await hub.wait()
        assert hub.state == "failed"
        with pytest.raises(ModelError, match="Moonshine") as caught:
            hub.require(0)
        assert caught.value.code == "weights_unavailable"
        await hub.aclose()

    asyncio.run(run())


def test_a_form_is_read() -> None:
    request = httpx.Request(
        "POST", "http://x", files={"sdp": (None, "v=0\r\na=b\r\n"), "session": (None, "{}")}
    )
    fields = form_fields(request.headers["content-type"], request.read())
    assert fields == {"sdp": b"v=0\r\na=b\r\n", "session": b"{}"}
    assert form_fields("multipart/form-data", b"no boundary") == {}
