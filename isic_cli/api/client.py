"""Requests to the archive's own origin: credentials, redirects, retries, translated errors."""

import logging
import ssl
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from isic_cli import __version__
from isic_cli.api.answer import MAX_ANSWER, Answer, retried_json
from isic_cli.api.faults import FailedAttempt, failed_from
from isic_cli.api.network import NetworkTransport, OpenSockets, ReadWatch, shared_context
from isic_cli.api.origin import Origin, Params, check_line
from isic_cli.api.retry import Attempts, Fault, RetryPolicy
from isic_cli.api.status import LOGIN_HINT
from isic_cli.config import Settings
from isic_cli.distribution import NAME as DISTRIBUTION
from isic_cli.errors import AuthError, IsicError, NetworkError, RefusedError, ResponseError

logger = logging.getLogger(__name__)
T = TypeVar("T")
Renew = Callable[[str], str | None]

USER_AGENT = f"{DISTRIBUTION}/{__version__}"
MOST_REDIRECTS = 5
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ArchiveClient:
    """An HTTP client bound to one origin.

    Parameters
    ----------
    settings : Settings
        Which archive, whose token, how patient.
    transport : httpx.BaseTransport, optional
        Answers instead of the network: an archive inside the process, or a test.
    sleep : callable, optional
        Waits between tries; by default a wait that `close` ends.
    renew : callable, optional
        From a token that the archive no longer takes to the one that follows it; None for none.

    Raises
    ------
    ConfigError
        For a token that cannot be sent.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] | None = None,
        renew: Renew | None = None,
    ) -> None:
        self.settings = settings
        self._transport = transport
        self._stop = threading.Event()
        self._sleep = sleep or self._stop.wait
        self._policy = RetryPolicy(retries=settings.retries)
        self._sockets = OpenSockets()
        self._watch = ReadWatch(settings.lowest_speed, settings.timeout)
        self._lock = threading.RLock()
        self._renew = renew
        self._renewal = threading.Lock()
        self._client: httpx.Client | None = None
        self._context: ssl.SSLContext | None = None
        self.origin = Origin(settings.archive.url, settings.token)

    def get_json(
        self, target: str, validate: Callable[[bytes], T], params: Params | None = None
    ) -> T:
        """GET JSON and validate it straight from its bytes.

        Parameters
        ----------
        target : str
            A path below `/api/v2/`, a path from the root (with a leading slash), or a URL of
            the archive's own origin.
        validate : callable
            See `answer.retried_json`.
        params : mapping, optional
            The query string; None values are left out.
        """

        def consume(response: httpx.Response, asked: str) -> T:
            return retried_json(Answer.of(response, asked), validate)

        return self.request("GET", target, consume, params=params)

    def request(
        self,
        method: str,
        target: str,
        consume: Callable[[httpx.Response, str], T],
        *,
        params: Params | None = None,
        json: Any = None,
        repeatable: bool = False,
    ) -> T:
        """Send a request, try again as the policy allows, and consume the good answer.

        Parameters
        ----------
        consume : callable
            Gets the open response of a success and the words that name the request; it may be
            called again after a failed attempt.
        repeatable : bool
            Sending this write twice does no harm, so it is tried again like a read.

        Returns
        -------
        object
            What `consume` returned.

        Raises
        ------
        IsicError
            Whatever the status table says, or NetworkError after all tries.
        """
        try:
            request = self.build(method, target, params=params, json=json)
            again = repeatable or method in SAFE
            return self.tries(lambda: self._once(request, consume), idempotent=again)
        except FailedAttempt as failed:
            raise failed.error from failed.__cause__

    def exchange(
        self, method: str, target: str, *, params: Params | None = None, json: Any = None
    ) -> Answer:
        """Send a request and return its answer after all tries, errors of the archive included."""
        try:
            request = self.build(method, target, params=params, json=json)
            return self.tries(
                lambda: self._once(request, Answer.of), idempotent=request.method in SAFE
            )
        except FailedAttempt as failed:
            if failed.answer is None:
                raise failed.error from failed.__cause__
            return failed.answer

    def build(
        self, method: str, target: str, *, params: Params | None = None, json: Any = None
    ) -> httpx.Request:
        """Build a request to the archive's own origin.

        Raises
        ------
        UsageError
            For another origin, or a request line that the archive would refuse.
        """
        url = self.origin.locate(target, params)
        check_line(method, url)
        return self._addressed(method, url, json)

    def http(self) -> httpx.Client:
        """Return the connections, without a credential; NetworkError once they were closed."""
        if self._stop.is_set():
            raise NetworkError("the connection to the archive was closed")
        with self._lock:
            if self._client is None:
                self._client = self._open()
            return self._client

    def ssl_context(self) -> ssl.SSLContext:
        """Return the one TLS context, which the first of several threads makes."""
        with self._lock:
            if self._context is None:
                self._context = shared_context()
            return self._context

    def tries(self, attempt: Callable[[], T], *, idempotent: bool) -> T:
        """Make attempts until one succeeds or the policy gives up.

        Raises
        ------
        Failed
            The last one.
        """
        attempts = Attempts(self._policy, idempotent=idempotent)
        while True:
            try:
                return attempt()
            except FailedAttempt as failed:
                wait = attempts.wait_after(failed.fault)
                if wait is None or self._stop.is_set():
                    _count_attempts(failed.error, attempts.failed)
                    raise
                logger.info("%s; trying again in %.1f s", failed.error, wait)
            self._sleep(wait)

    def close(self) -> None:
        """Cut what is under way in other threads and close all connections."""
        self._stop.set()
        self._sockets.cut()
        with self._lock:
            if self._client is not None:
                self._client.close()

    def _addressed(self, method: str, url: httpx.URL, json: Any = None) -> httpx.Request:
        # Per request, never on the client: a credential must not outlive the check of its origin.
        return self.http().build_request(
            method,
            url,
            json=json,
            headers=self.origin.headers,
            extensions={MAX_ANSWER: self.settings.max_answer},
        )

    def _open(self) -> httpx.Client:
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
        }
        timeout = httpx.Timeout(self.settings.timeout)
        transport = self._transport or NetworkTransport(
            self.ssl_context, self._sockets, self._watch
        )
        return httpx.Client(transport=transport, headers=headers, timeout=timeout)

    def _once(self, request: httpx.Request, consume: Callable[[httpx.Response, str], T]) -> T:
        asked = f"{request.method} {request.url.path}"
        try:
            response = self._arrive(request)
            if response.status_code == 401 and self._is_renewed(request):
                response.close()
                response = self._arrive(request)
            try:
                if response.is_success:
                    return consume(response, asked)
                answer = Answer.of(response, asked)
            finally:
                response.close()
        except (httpx.HTTPError, OSError) as error:
            secret = request.headers.get("authorization", "").removeprefix("Bearer ")
            raise failed_from(error, asked, secret=secret) from error
        raise FailedAttempt(
            Fault("status", answer.status, answer.retry_after), answer.refusal, answer
        )

    def _is_renewed(self, request: httpx.Request) -> bool:
        """Put a new token into a request whose own was refused; whether there is one.

        A token is renewed once, by whichever thread comes first; the archive did not work on
        what it refused, so that even a write may be sent again.
        """
        used = request.headers.get("authorization", "")
        with self._renewal:
            if used and used == self.origin.headers.get("Authorization") and self._renew:
                renew, self._renew = self._renew, None
                if token := renew(used.removeprefix("Bearer ")):
                    self.origin.use(token)
            now = self.origin.headers.get("Authorization", "")
        if not used or not now or now == used:
            return False
        request.headers["Authorization"] = now
        return True

    def _arrive(self, request: httpx.Request) -> httpx.Response:
        """Send, and follow redirects within the origin."""
        for _ in range(MOST_REDIRECTS + 1):
            client = self.http()
            self._watch.begin()
            response = client.send(request, stream=True)
            self._watch.allow(None)
            if not response.has_redirect_location:
                return response
            response.close()
            request = self._redirected(request, response)
        raise ResponseError(f"{request.method} {request.url.path}: too many redirects")

    def _redirected(self, request: httpx.Request, response: httpx.Response) -> httpx.Request:
        asked = f"{request.method} {request.url.path}"
        url = request.url.join(response.headers["location"])  # httpx has refused no addresses
        if not self.origin.owns(url):
            raise ResponseError(f"{asked}: redirected to another host ({url.host}); not followed")
        if "/login" in url.path:
            raise AuthError(f"{asked}: a login is needed", hint=LOGIN_HINT)
        if request.method not in SAFE:
            raise RefusedError(
                f"{asked}: redirected to {url.path}; a write is not sent twice",
                status=response.status_code,
                hint="Paths of the archive end in a slash.",
            )
        return self._addressed(request.method, url)


def _count_attempts(error: IsicError, attempts: int) -> None:
    if isinstance(error, NetworkError) and attempts > 1:
        error.message = f"{error.message} ({attempts} attempts)"
        error.args = (error.message,)
