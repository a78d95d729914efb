"""Connections that end when a client is too slow, or never comes to the end of a request's head."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Seconds within which a connection must have sent the head of a request.
HEAD_SECONDS = 10.0
#: Seconds in which a client must take more of its answers; else it holds memory and its place.
STALLED_SECONDS = 60.0
#: Bytes of a head: the longest line, and headers of as much as other servers take.
LARGEST_HEAD = 1 << 16
#: Bytes that asyncio hands over at once.
LARGEST_READ = 1 << 18


class TimedConnection(HttpToolsProtocol):
    """One connection: uvicorn limits neither how long a head is nor how long it takes."""

    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _has_taken = False
    _received = 0
    _in_body = False
    _answers = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, but not for ever."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        self._stop_waiting()
        if self._stalled is not None:
            self._stalled.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; blank lines between two requests keep no connection open."""
        super().data_received(data)
        if self._in_body:
            return
        self._received += len(data)
        if self._received > LARGEST_HEAD:
            if not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")
        elif not self._answers:
            self._expect_head()

    def pause_writing(self) -> None:
        """Look after a client that is slower than its answer."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """Note that the client has taken nearly all."""
        self._has_taken = True
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, which first sends what is left."""
        super().timeout_keep_alive_handler()
        self._watch()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """Wait no more: the head is whole."""
        self._stop_waiting()
        self._in_body = self._answers = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Count the bytes of the next head."""
        super().on_message_complete()
        self._received = -LARGEST_READ  # what follows in the same block was counted with this one
        self._in_body = False

    def on_response_complete(self) -> None:
        """Leave the connection to uvicorn, which ends it when nothing comes any more."""
        self._answers = False
        super().on_response_complete()

    def _expect_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self.timeout_keep_alive_handler)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _watch(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left and self._stalled is None:
            self._has_taken = False
            self._stalled = self.loop.call_later(STALLED_SECONDS, self._end_if_stalled, left)

    def _end_if_stalled(self, before: int) -> None:
        self._stalled = None
        if self._has_taken or self.transport.get_write_buffer_size() < before:
            self._watch()
        else:
            self.transport.abort()
