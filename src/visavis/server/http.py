"""The HTTP side: the page's settings, signalling, health, metrics, what was said."""

from __future__ import annotations

import json
from dataclasses import asdict
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from visavis import __version__
from visavis.errors import BusyError, ProtocolError, SignallingError, VisavisError
from visavis.line import LinePort, native_available

if TYPE_CHECKING:
    from visavis.server.app import Server

MAX_OFFER_BYTES = 64 * 1024
SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"

STATUS = {
    "busy": 503,
    "model_error": 503,
    "weights_unavailable": 503,
    "native_missing": 501,
    "payload_too_large": 413,
}
"""HTTP status by error code; what is not here is the client's mistake: 400."""


def problem(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    body = {"error": {"type": kind, "code": code, "message": message, "param": None}}
    return JSONResponse(body, status, headers=headers)


def problem_of(error: VisavisError, retry_after_s: int) -> JSONResponse:
    status = STATUS.get(error.code, 400)
    headers = {"Retry-After": str(retry_after_s)} if isinstance(error, BusyError) else None
    return problem(status, error.code, str(error), headers)


class Http:
    """Handlers, bound to one server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def config(self, request: Request) -> Response:
        """What the page needs before it calls."""
        ice = []
        for entry in self._server.settings.network.ice_servers:
            shown: dict[str, Any] = {"urls": entry.urls}
            if entry.username is not None:
                shown["username"] = entry.username
            if entry.credential is not None:
                shown["credential"] = entry.credential.get_secret_value()
            ice.append(shown)
        models = self._server.hub
        body = {
            "version": __version__,
            "webrtc": self._server.engine is not None,
            "ice_servers": ice,
            "model": "visavis",
            "state": models.state,
        }
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    async def open_call(self, request: Request) -> Response:
        """POST /v1/realtime/calls: an SDP offer in, 201 with Location and the answer out."""
        if (refused := self._server.access.refusal(request)) is not None:
            return problem(*refused)
        try:
            offer, config = await read_offer(request)
            call, answer = self._server.calls.take_webrtc(offer, config)
        except VisavisError as error:
            return problem_of(error, self._server.settings.admission.retry_after_s)
        except ClientDisconnect:
            return Response(status_code=400)
        location = request.scope.get("root_path", "") + f"/v1/realtime/calls/{call.id}"
        return Response(answer, 201, {"Location": location}, media_type="application/sdp")

    async def restart_ice(self, request: Request) -> Response:
        """PATCH of a call: the client's new ICE credentials in, ours out, as RFC 9725 has it
        (a trickle-ice-sdpfrag), or as the whole SDP offer that a browser makes after
        `restartIce()`. With the old credentials it only adds candidates."""
        if (refused := self._server.access.refusal(request)) is not None:
            return problem(*refused)
        call = self._server.calls.get(request.path_params["call_id"])
        if call is None:
            return problem(404, "call_not_found", "There is no running call with this id.")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in (SDP, FRAGMENT):
            message = f"PATCH takes {SDP} or {FRAGMENT}, and not {kind[:80]!r}."
            return problem(415, "unsupported_media_type", message)
        if not isinstance(call.port, LinePort):
            return problem(409, "not_available", "A WebSocket call has no ICE to begin anew.")
        try:
            offer = _text(await _read(request))
            answer = call.port.restart_ice(offer)
        except VisavisError as error:
            return problem_of(error, self._server.settings.admission.retry_after_s)
        except ClientDisconnect:
            return Response(status_code=400)
        return Response(answer, 200, media_type=kind)

    async def hang_up(self, request: Request) -> Response:
        if (refused := self._server.access.refusal(request)) is not None:
            return problem(*refused)
        call_id = request.path_params["call_id"]
        call = self._server.calls.get(call_id)
        if call is None:
            return problem(404, "call_not_found", "There is no running call with this id.")
        call.port.close("hangup")
        return Response(status_code=200)

    async def health(self, request: Request) -> Response:
        hub = self._server.hub
        body = {
            "status": hub.state,
            "problem": hub.problem or None,
            "calls": len(self._server.calls),
            "capacity": hub.capacity,
            "webrtc": native_available() and self._server.engine is not None,
            "providers": [asdict(standing) for standing in hub.standings()],
            "version": __version__,
        }
        return JSONResponse(body, 200 if hub.state == "ready" else 503)

    async def metrics(self, request: Request) -> Response:
        text = self._server.metrics.text()
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def list_calls(self, request: Request) -> Response:
        if (refused := self._unreadable(request)) is not None:
            return refused
        store = self._server.store
        found = [] if store is None else await store.calls()
        return JSONResponse({"object": "list", "data": found})

    async def show_call(self, request: Request) -> Response:
        if (refused := self._unreadable(request)) is not None:
            return refused
        store = self._server.store
        call = None if store is None else await store.call(request.path_params["call_id"])
        if call is None:
            return problem(404, "call_not_found", "No call with this id was kept.")
        return JSONResponse(call)

    def _unreadable(self, request: Request) -> JSONResponse | None:
        if self._server.access.may_read_calls(request):
            return None
        message = "Calls that were kept are shown on this machine, or to who has the API key."
        return problem(403, "forbidden", message)


async def read_offer(request: Request) -> tuple[str, dict[str, Any] | None]:
    """The SDP offer, and the session that came with it if the body is a form.

    SignallingError for an empty or unreadable offer, ProtocolError for anything else wrong.
    """
    body = await _read(request)
    kind = request.headers.get("content-type", "")
    session: dict[str, Any] | None = None
    if kind.startswith("multipart/form-data"):
        fields = form_fields(kind, body)
        session = _session(fields.get("session"))
        body = fields.get("sdp", b"")
    elif kind and not kind.startswith(("application/sdp", "text/plain")):
        error = ProtocolError(
            f"the content type {kind[:80]!r} is not taken; send the offer as application/sdp, or "
            f"as multipart/form-data with the fields sdp and session."
        )
        error.code = "unsupported_media_type"
        raise error
    return _text(body), session


def _text(body: bytes) -> str:
    try:
        offer = body.decode("utf-8")
    except UnicodeDecodeError:
        raise SignallingError("the SDP offer is not UTF-8 text.") from None
    if not offer.strip():
        raise SignallingError("the SDP offer is empty; send what createOffer() gave as the body.")
    return offer


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_OFFER_BYTES:
            error = ProtocolError(f"the body is larger than {MAX_OFFER_BYTES} bytes.")
            error.code = "payload_too_large"
            raise error
    return bytes(body)


def form_fields(content_type: str, body: bytes) -> dict[str, bytes]:
    """Fields of a multipart form of a few short texts, by the standard library's MIME parser."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    fields: dict[str, bytes] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content
    return fields


def _session(raw: bytes | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    try:
        session = json.loads(raw)
    except (ValueError, RecursionError):
        session = None
    if not isinstance(session, dict):
        raise ProtocolError("the form's field session is not a JSON object.")
    return session
