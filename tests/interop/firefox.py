"""Drive Debian's Firefox by WebDriver BiDi, the protocol it speaks itself (no geckodriver).

Firefox's fake microphone is a tone, so speech is given to the page as a `MediaStream` made by
Web Audio from a WAV file, in place of `getUserMedia`'s.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.sync.client import ClientConnection, connect

PREFS = {
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.newtabpage.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "remote.prefs.recommended": True,
}

MICROPHONE = """
(wav) => {
  navigator.mediaDevices.getUserMedia = async () => {
    const context = new AudioContext();
    const bytes = Uint8Array.from(atob(wav), (c) => c.charCodeAt(0));
    const buffer = await context.decodeAudioData(bytes.buffer);
    const out = context.createMediaStreamDestination();
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(out);
    source.start(context.currentTime + 1.0);
    await context.resume();
    return out.stream;
  };
}
"""


class Firefox:
    """One headless Firefox with one page. Use as a context manager."""

    def __init__(self, microphone: Path, environment: dict[str, str]) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="visavis-firefox-")
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFS.items()
        ]
        Path(self._profile.name, "user.js").write_text("\n".join(lines))
        self._microphone = microphone
        self._environment = environment
        self._next = 0
        self._stack = ExitStack()

    def __enter__(self) -> Firefox:
        self._process = subprocess.Popen(
            [
                "firefox-esr",
                "--headless",
                "--no-remote",
                "--profile",
                self._profile.name,
                "--remote-debugging-port=0",
                "about:blank",
            ],
            env=self._environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"listening on (ws://\S+)", line):
                break
        else:
            raise RuntimeError("firefox-esr ended before it listened for WebDriver BiDi")
        self._socket: ClientConnection = self._stack.enter_context(
            connect(found.group(1) + "/session", max_size=None, open_timeout=30)
        )
        self.command("session.new", {"capabilities": {}})
        tree = self.command("browsingContext.getTree", {})
        self._context: str = tree["contexts"][0]["context"]
        wav = base64.b64encode(self._microphone.read_bytes()).decode()
        self.command(
            "script.addPreloadScript",
            {
                "functionDeclaration": f"() => ({MICROPHONE})({json.dumps(wav)})",
                "contexts": [self._context],
            },
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        self._process.terminate()
        self._process.wait(20)
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._profile.cleanup()

    def command(self, method: str, params: dict[str, Any]) -> Any:
        """Send one BiDi command and return its result. RuntimeError if the browser refuses."""
        self._next += 1
        self._socket.send(json.dumps({"id": self._next, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") != self._next:
                continue
            if answer["type"] == "error":
                raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
            return answer["result"]

    def open(self, url: str) -> None:
        self.command(
            "browsingContext.navigate", {"context": self._context, "url": url, "wait": "complete"}
        )

    def evaluate(self, expression: str) -> Any:
        """Value of a JavaScript expression (awaited), as JSON would carry it."""
        result = self.command(
            "script.evaluate",
            {
                "expression": f"(async () => JSON.stringify(await ({expression})))()",
                "target": {"context": self._context},
                "awaitPromise": True,
                "userActivation": True,
            },
        )
        if result["type"] == "exception":
            raise RuntimeError(result["exceptionDetails"]["text"])
        text = result["result"].get("value")
        return None if text is None else json.loads(text)

    def screenshot(self, path: Path) -> None:
        data = self.command("browsingContext.captureScreenshot", {"context": self._context})
        path.write_bytes(base64.b64decode(data["data"]))
