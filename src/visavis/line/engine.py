"""The asyncio shell over `visavis_line.Engine`: real sockets, real time."""

from __future__ import annotations

import asyncio

from visavis.errors import SettingsError
from visavis.line.calls import LineCalls
from visavis.line.native import load_native
from visavis.seam import RATE_IN, RATE_OUT, CallLimits, NetworkSettings


class LineEngine(LineCalls):
    """WebRTC calls on this machine's sockets. Make it on a running event loop.

    Its thread runs in the native module and never waits for Python: a stalled event loop
    finds up to 15 s of batches waiting, each with its own time.

    Raises NativeMissingError without the native module, SettingsError if the media address
    or ports cannot be bound.
    """

    def __init__(
        self,
        network: NetworkSettings,
        limits: CallLimits,
        *,
        receive_rate: int = RATE_IN,
        play_rate: int = RATE_OUT,
        playout: bool = False,
        max_calls: int = 1000,
    ) -> None:
        line = load_native()
        try:
            self._engine = line.Engine(
                host=network.host,
                udp_ports=network.udp_ports,
                public_ips=network.public_ips,
                receive_rate=receive_rate,
                play_rate=play_rate,
                playout=playout,
                max_calls=max_calls,
                max_message_bytes=limits.max_message_bytes,
                silence_timeout_s=limits.silence_timeout_s,
                max_queue_s=limits.max_audio_ahead_s,
            )
        except OSError as error:
            low, high = network.udp_ports
            ports = f"ports {low}-{high}" if high else "any port"
            raise SettingsError(
                f"no UDP socket for media on {network.host} ({ports}): {error}. Set network.host "
                f"to an address of this machine and network.udp_ports to a range with free ports."
            ) from error
        super().__init__(self._engine, limits, receive_rate)
        self._loop = asyncio.get_running_loop()
        self._fd: int = self._engine.fd
        self._loop.add_reader(self._fd, self._on_readable)
        self._open = True

    @property
    def addresses(self) -> list[str]:
        """host:port of each local candidate."""
        addresses: list[str] = self._engine.addresses
        return addresses

    def _on_readable(self) -> None:
        for batch in self._engine.poll():
            self.dispatch(batch)

    async def aclose(self) -> None:
        """End every call (each sink is told), stop the thread. Idempotent."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._fd)
        self._engine.shutdown()
        self._on_readable()
        self.close_all(self._loop.time())
