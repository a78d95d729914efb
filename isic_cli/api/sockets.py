"""Cut connections from another thread, so that a blocked read ends at once.

Closing a client does not wake a thread that waits in `recv`; shutting its socket down does.
httpcore tells of new connections through its `trace` request extension.
"""

import socket
import threading
import weakref
from contextlib import suppress
from typing import Any

#: Ends of the events that hand over a new stream, direct or through a proxy.
_OPENED = (".connect_tcp.complete", ".start_tls.complete")


class OpenSockets:
    """The sockets that requests have opened, held weakly.

    Pass `extensions={"trace": sockets.trace}` with every request.
    """

    def __init__(self) -> None:
        self._streams: weakref.WeakSet[Any] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._cut = False

    @property
    def is_cut(self) -> bool:
        """Whether `cut` was called."""
        return self._cut

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take note of a connection; called by httpcore."""
        if not event.endswith(_OPENED):
            return
        stream = info["return_value"]
        with self._lock:
            self._streams.add(stream)
            late = self._cut
        if late:
            _shut(stream)

    def cut(self) -> None:
        """Shut down every connection, and those that are opened later."""
        with self._lock:
            self._cut = True
            streams = list(self._streams)
        for stream in streams:
            _shut(stream)


def _shut(stream: Any) -> None:
    held = stream.get_extra_info("socket")
    if isinstance(held, socket.socket):
        with suppress(OSError):  # closed already, or handed over to TLS
            held.shutdown(socket.SHUT_RDWR)
